#include "credential/strict_json.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::credential {

std::optional<nlohmann::json> read_strict_object(std::string_view text) {
  using nlohmann::json;
  std::vector<std::set<std::string>> names;  // of the objects that are open
  bool twice = false;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) twice = true;
    return true;
  };
  json value = json::parse(text, watch, false);
  if (twice || !value.is_object()) return std::nullopt;
  return value;
}

}  // namespace sluice::credential
