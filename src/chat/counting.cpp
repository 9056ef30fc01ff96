#include "chat/counting.hpp"

#include <algorithm>

#include "chat/provider_failures.hpp"

namespace sluice::chat {

Request only_what_is_read(const Request& request) {
  Request read = request;
  read.stream = false;
  read.wants_usage = false;
  read.sampling = {};
  read.user.clear();
  read.metadata = {};
  read.service_tier.clear();
  read.store.reset();
  return read;
}

void write_members(json::Value object, std::span<const std::string_view> names, json::Writer& to) {
  for (const json::Value value : object) {
    const std::string name = value.name();
    if (std::find(names.begin(), names.end(), name) != names.end()) to.raw_member(name, value.raw());
  }
}

Result<TokenCount> read_count(std::string_view body, std::string_view name) {
  const json::Tree tree = json::Tree::read(body);
  const auto tokens = tree.root()[name].whole();
  if (!tokens) return unreadable("The provider's answer has no count.");
  return TokenCount{*tokens};
}

}  // namespace sluice::chat
