#include <sluice/chat/dialect.hpp>

#include <algorithm>
#include <array>

#include <sluice/chat/door.hpp>

namespace sluice::chat {

std::span<const Dialect* const> dialects() {
  static const std::array all{
      &openai_chat(), &openai_responses(), &anthropic_messages(), &gemini(), &bedrock_converse(),
      &cohere_v2(),   &ollama(),
  };
  return all;
}

const Dialect* dialect_named(std::string_view name) {
  const auto found = std::find_if(dialects().begin(), dialects().end(),
                                  [name](const Dialect* dialect) { return dialect->name() == name; });
  return found == dialects().end() ? nullptr : *found;
}

const Door* door_named(const Dialect& dialect, std::string_view name) {
  const auto doors = dialect.doors();
  const auto found =
      std::find_if(doors.begin(), doors.end(), [name](const Door* door) { return door->name() == name; });
  return found == doors.end() ? nullptr : *found;
}

}  // namespace sluice::chat
