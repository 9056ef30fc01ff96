#include <utility>

#include "config/allowance.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

void check_tag_word(const Member& member) {
  if (!is_tag_word(member.name))
    member.value.wrong_key("no usable word of a tag",
                           "1 to 256 characters without commas and equals signs, and without spaces around them");
}

Tag read_tag(const std::string& name, const Member& member) {
  check_tag_word(member);
  const Section section(member.value, {"limits", "budget"});
  if (member.value.empty()) member.value.wrong("has no value", "write limits or budget, or both");
  Tag tag{name, member.name, {}};
  if (member.value.shape() == Shape::mapping) tag.terms = read_allowance(member.value);
  return tag;
}

}  // namespace

void read_organisation(const Value& value, Organisation& organisation) {
  const Section section(value, {"name", "limits", "budget"});
  if (!value.written()) return;
  if (value.empty()) return value.wrong("has no value", "write {name: NAME, budget: {usd: AMOUNT, per: month}}");
  if (value.shape() != Shape::mapping) return;
  const Value name = section["name"];
  if (!name.written()) name.wrong("is missing", "give the organisation a name, for reports");
  read_text(name, organisation.name);
  if (!organisation.name.empty() && !is_name(organisation.name))
    name.wrong("no usable name", "1 to 64 letters, digits, dots, dashes and underscores");
  organisation.terms = read_allowance(value);
}

void read_tags(const Value& value, std::vector<Tag>& tags) {
  for (const Member& name : members(value)) {
    check_tag_word(name);
    if (name.value.empty()) name.value.wrong("has no value", "write VALUE: {budget: {usd: AMOUNT, per: month}}");
    for (const Member& member : members(name.value)) tags.push_back(read_tag(name.name, member));
  }
}

}  // namespace sluice::config
