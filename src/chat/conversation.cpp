#include <sluice/chat/conversation.hpp>

#include <charconv>
#include <system_error>

namespace sluice::chat {

double Number::value() const {
  double value = 0;
  const auto [end, error] = std::from_chars(spelled.data(), spelled.data() + spelled.size(), value);
  return error == std::errc() ? value : 0;
}

void put_in_words(Request& request, std::string_view dialect) {
  for (Message& message : request.messages) {
    for (Part& part : message.parts) {
      auto* const result = std::get_if<ToolResult>(&part.what);
      if (result == nullptr) continue;
      for (auto& piece : result->content) {
        const auto* const opaque = std::get_if<Opaque>(&piece);
        if (opaque != nullptr && opaque->dialect != dialect && !opaque->words.empty())
          piece = Text{opaque->words, {}, {}};
      }
    }
  }
}

}  // namespace sluice::chat
