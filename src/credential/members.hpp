#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

// The little JSON that credentials come in.
namespace sluice::credential {

inline std::optional<nlohmann::json> read_object(std::string_view text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  return value.is_object() ? std::optional(std::move(value)) : std::nullopt;
}

// What the member says if it is there and a string, else nothing.
inline std::string text_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// As text; bytes that are not UTF-8 are replaced rather than thrown at.
inline std::string written(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice::credential
