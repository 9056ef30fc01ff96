#include "config/capability.hpp"

#include <algorithm>

namespace sluice::config {

const std::vector<std::string_view>& capability_names() {
  static const std::vector<std::string_view> names{"vision", "tools", "json_schema", "audio", "pdf", "reasoning"};
  return names;
}

std::string_view to_string(Capability capability) {
  const auto place = static_cast<std::size_t>(capability);
  return place < capability_names().size() ? capability_names()[place] : std::string_view();
}

std::optional<Capability> capability_named(std::string_view name) {
  const auto& names = capability_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Capability>(found - names.begin());
}

}  // namespace sluice::config
