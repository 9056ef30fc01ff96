#include <algorithm>

#include "traffic/strategies/groups.hpp"
#include "traffic/strategies/orders.hpp"

namespace sluice::traffic {
namespace {

bool is_cheaper(const Candidate& one, const Candidate& other) {
  if (one.price.has_value() != other.price.has_value()) return one.price.has_value();
  if (one.price && *one.price != *other.price) return *one.price < *other.price;
  return one.target < other.target;
}

}  // namespace

// Who costs least; whose price is not known comes last, and equals in the file's order.
void order_by_price(std::span<Candidate> candidates, const Question& /*question*/) {
  order_groups(candidates, [](std::span<Candidate> group) { std::sort(group.begin(), group.end(), is_cheaper); });
}

}  // namespace sluice::traffic
