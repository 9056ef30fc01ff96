#include <sluice/chat/dialect.hpp>

#include <array>

namespace sluice::chat {

const Dialect* dialect_named(std::string_view name) {
  const std::array dialects{
      &openai_chat(),
      &anthropic_messages(),
  };
  for (const Dialect* const dialect : dialects) {
    if (dialect->name() == name) return dialect;
  }
  return nullptr;
}

}  // namespace sluice::chat
