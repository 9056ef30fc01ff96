#include <sluice/chat/dialect.hpp>

namespace sluice::chat {

const Dialect* dialect_named(std::string_view name) {
  const Dialect& chat = openai_chat();
  return name == chat.name() ? &chat : nullptr;
}

}  // namespace sluice::chat
