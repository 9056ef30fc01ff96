#include "app/demo_words.hpp"

namespace sluice::app {
namespace {

constexpr std::string_view white_space = " \t\n\r\v\f";

bool is_identifier_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '-';
}

}  // namespace

std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find_first_not_of(white_space); at != std::string_view::npos; ++count) {
    const std::size_t end = text.find_first_of(white_space, at);
    at = end == std::string_view::npos ? end : text.find_first_not_of(white_space, end);
  }
  return count;
}

std::size_t end_of_word(std::string_view text, std::size_t from) {
  const std::size_t begin = text.find_first_not_of(white_space, from);
  if (begin == std::string_view::npos) return text.size();
  const std::size_t end = text.find_first_of(white_space, begin);
  if (end == std::string_view::npos) return text.size();
  return text.find_first_not_of(white_space, end) == std::string_view::npos ? text.size() : end;
}

std::string_view first_words(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t word = 0; word < count && end < text.size(); ++word) end = end_of_word(text, end);
  return text.substr(0, end);
}

bool mentions(std::string_view text, std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || !is_identifier_byte(text[at - 1]);
    const bool ends = end == text.size() || !is_identifier_byte(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace sluice::app
