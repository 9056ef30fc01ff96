#include <sluice/chat/dialect.hpp>

namespace sluice::chat {

const Dialect* dialect_named(std::string_view name) {
  for (const Dialect* const dialect : {
           &openai_chat(),
           &gemini(),
       }) {
    if (name == dialect->name()) return dialect;
  }
  return nullptr;
}

}  // namespace sluice::chat
