#include <sluice/chat/conversation.hpp>

#include <charconv>
#include <system_error>

namespace sluice::chat {

double Number::value() const {
  double value = 0;
  const auto [end, error] = std::from_chars(spelled.data(), spelled.data() + spelled.size(), value);
  return error == std::errc() ? value : 0;
}

}  // namespace sluice::chat
