#include <sluice/chat/dialect.hpp>

#include <algorithm>

#include <array>

namespace sluice::chat {

std::span<const Dialect* const> dialects() {
  static const std::array all{
      &openai_chat(),
      &bedrock_converse(),
  };
  return all;
}

const Dialect* dialect_named(std::string_view name) {
  const auto found = std::find_if(dialects().begin(), dialects().end(),
                                  [name](const Dialect* dialect) { return dialect->name() == name; });
  return found == dialects().end() ? nullptr : *found;
  const std::array dialects{
      &openai_chat(),
      &anthropic_messages(),
  };
  for (const Dialect* const dialect : dialects) {
    if (dialect->name() == name) return dialect;
  for (const Dialect* const dialect : {
           &openai_chat(),
           &openai_responses(),
  for (const Dialect* const dialect : {
           &openai_chat(),
           &gemini(),
       }) {
    if (name == dialect->name()) return dialect;
  }
  return nullptr;
}

}  // namespace sluice::chat
