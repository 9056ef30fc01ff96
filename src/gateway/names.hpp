#pragma once

#include <string_view>

#include <sluice/gateway/snapshot.hpp>

namespace sluice {

// The name that stands for the caller's where a target has none of its own: a rule or a fallback may have led to
// another model of ours than was asked for. Borrowed from the arguments, as is the next.
inline std::string_view name_of_ours(const Model& serving, std::string_view asked) {
  const bool is_asked = serving.name == asked || serving.name.find('*') != std::string::npos;
  return is_asked ? asked : std::string_view(serving.name);
}

// The model's name as the target's provider knows it.
inline std::string_view name_at(const Target& target, const Model& serving, std::string_view asked) {
  if (!target.model_json.empty()) return target.model;
  return target.model.empty() ? name_of_ours(serving, asked) : serving.captured(asked);
}

}  // namespace sluice
