#pragma once

#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

namespace sluice::chat {

inline constexpr std::uint64_t test_key = 0x5eed;

// What was found out about a request, in words; its opening apart.
inline std::string told(const Features& features) {
  std::string text = "text " + std::to_string(features.prompt_bytes);
  if (features.images > 0) text += ", images " + std::to_string(features.images);
  if (features.documents > 0) text += ", documents " + std::to_string(features.documents);
  if (features.audio > 0) text += ", audio " + std::to_string(features.audio);
  if (features.tools) text += ", tools";
  if (features.json_schema) text += ", schema";
  if (features.max_tokens) text += ", at most " + std::to_string(*features.max_tokens);
  if (features.is_bound) text += ", bound";
  if (!features.previous_response.empty()) text += ", after " + features.previous_response;
  for (const Features::Tag& tag : features.tags) text += ", " + tag.name + "=" + tag.value;
  return text;
}

inline Features features_of(const Dialect& dialect, std::string_view body, Task task = Task::chat,
                            std::uint64_t key = test_key) {
  return dialect.features({.task = task}, body, key);
}

}  // namespace sluice::chat
