#include "chat/extras.hpp"

#include <algorithm>

namespace sluice::chat {

std::string path_of(const Extra& extra) { return extra.within.empty() ? extra.name : extra.within + "." + extra.name; }

std::string_view top_of(const Extra& extra) {
  if (extra.within.empty()) return extra.name;
  return std::string_view(extra.within).substr(0, extra.within.find_first_of(".["));
}

void keep_rest(json::Value object, std::string_view within, std::initializer_list<std::string_view> known,
               std::vector<Extra>& extras) {
  if (!object.is_object()) return;
  for (const json::Value member : object) {
    std::string name = member.name();
    if (member.is_null() || std::find(known.begin(), known.end(), name) != known.end()) continue;
    extras.push_back({std::move(name), {std::string(member.raw())}, std::string(within)});
  }
}

bool has_within(const std::vector<Extra>& extras, std::string_view within) {
  return std::any_of(extras.begin(), extras.end(), [&](const Extra& extra) { return extra.within == within; });
}

void write_within(json::Writer& to, const std::vector<Extra>& extras, std::string_view within) {
  for (const Extra& extra : extras) {
    if (extra.within == within) to.raw_member(extra.name, extra.value.bytes);
  }
}

}  // namespace sluice::chat
