#include <sluice/config/allowance.hpp>

#include "config/allowance.hpp"
#include "config/exhausted.hpp"
#include "config/reader.hpp"

namespace sluice::config {
namespace {

Shape shape_of(Written::Shape shape) {
  switch (shape) {
    case Written::Shape::nothing:
      return Shape::nothing;
    case Written::Shape::text:
      return Shape::scalar;
    case Written::Shape::list:
      return Shape::sequence;
    case Written::Shape::mapping:
      return Shape::mapping;
  }
  return Shape::nothing;
}

// As if it stood in a file, all of it in one place.
const Node& add_node(const Written& value, Document& document) {
  Node& node = document.nodes.emplace_back();
  node.shape = shape_of(value.shape);
  node.text = value.text;
  node.complete = true;
  for (const Written& item : value.items) node.items.push_back(&add_node(item, document));
  for (const auto& [name, member] : value.members) node.entries.push_back({name, {}, &add_node(member, document)});
  return node;
}

}  // namespace

Result<Allowance> read_allowance(const Written& owner) {
  Document document;
  Complaints complaints;
  const Surroundings none;
  const Desk desk{none, complaints, false};
  const Value value(&add_node(owner, document), {}, "", desk);
  Allowance allowance{read_allowance(value), read_exhausted(value["on_exhausted"])};
  const std::vector<Complaint> wrong = std::move(complaints).in_order();
  if (wrong.empty()) return allowance;
  const Complaint& first = wrong.front();
  return Error(Fault::bad_request, Blame::client, "invalid_terms",
               first.path + ": " + first.what + "; " + first.remedy);
}

}  // namespace sluice::config
