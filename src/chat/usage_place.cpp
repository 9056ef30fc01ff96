#include <sluice/chat/usage_place.hpp>

#include "chat/json_cursor.hpp"

namespace sluice::chat {
namespace {

// Of an object: what its member of that name is; empty where there is none.
std::string_view object_in(std::string_view json, std::string_view name) {
  json::Cursor cursor(json);
  if (!json.starts_with('{') || !cursor.enter()) return {};
  while (cursor.next_member()) {
    const bool is_it = cursor.name() == name;
    const std::string_view value = cursor.skip();
    if (is_it && value.starts_with('{') && value.ends_with('}')) return value;
  }
  return {};
}

bool takes_a_cost(std::string_view usage) {
  json::Cursor cursor(usage);
  bool says_something = false;
  if (!cursor.enter()) return false;
  while (cursor.next_member()) {
    if (cursor.name() == "cost") return false;
    says_something = true;
    cursor.skip();
  }
  return says_something;
}

}  // namespace

std::optional<std::size_t> end_of_usage(std::string_view json) {
  const std::size_t begin = json.find('{');
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view answer = json.substr(begin);
  std::string_view usage = object_in(answer, "usage");
  for (const std::string_view around : {"response", "message", "delta"}) {
    if (usage.empty()) usage = object_in(object_in(answer, around), "usage");
  }
  if (usage.empty() || !takes_a_cost(usage)) return std::nullopt;
  return static_cast<std::size_t>(usage.data() + usage.size() - 1 - json.data());
}

}  // namespace sluice::chat
