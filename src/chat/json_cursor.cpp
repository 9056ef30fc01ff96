#include "chat/json_cursor.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "chat/json_scalars.hpp"

namespace sluice::chat::json {
namespace {

// How many bytes the four hexadecimal digits behind \u mean; both halves of a pair together mean four.
std::size_t bytes_of_code(std::string_view digits) {
  if (digits.starts_with("00")) return digits[2] < '8' ? 1 : 2;
  if (digits[0] == '0' && digits[1] < '8') return 2;
  const bool is_half = (digits[0] | 0x20) == 'd' && digits[1] >= '8';
  return is_half ? 2 : 3;
}

}  // namespace

void Cursor::pass_spaces() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

// The offset behind the quote that ends the string begun at `at`.
std::size_t Cursor::end_of_string(std::size_t at) const {
  constexpr std::size_t soon = 16;  // most names and words end before this
  const char* const bytes = text_.data();
  const std::size_t begin = ++at;
  for (const std::size_t end = std::min(text_.size(), at + soon); at < end; ++at) {
    if (bytes[at] == '"') return at + 1;
    if (bytes[at] == '\\') break;
  }
  while (at < text_.size()) {
    const void* const found = std::memchr(bytes + at, '"', text_.size() - at);
    if (found == nullptr) break;
    const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - bytes);
    std::size_t slashes = 0;
    while (quote - slashes > begin && bytes[quote - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote + 1;
    at = quote + 1;
  }
  return text_.size();
}

// The offset behind the bracket that closes the one at `at`.
std::size_t Cursor::end_of_nest(std::size_t at) const {
  std::size_t depth = 0;
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '"') {
      at = end_of_string(at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return text_.size();
}

Kind Cursor::kind() {
  pass_spaces();
  if (at_ >= text_.size()) return Kind::none;
  switch (text_[at_]) {
    case '"':
      return Kind::string;
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case 't':
      return Kind::yes;
    case 'f':
      return Kind::no;
    case 'n':
      return Kind::null;
    default:
      return Kind::number;
  }
}

std::string_view Cursor::skip() {
  const Kind ahead = kind();
  const std::size_t begin = at_;
  if (ahead == Kind::string) {
    at_ = end_of_string(at_);
  } else if (ahead == Kind::object || ahead == Kind::array) {
    at_ = end_of_nest(at_);
  } else if (ahead != Kind::none) {
    ++at_;
    while (at_ < text_.size() && !ends_scalar(text_[at_])) ++at_;
  }
  return text_.substr(begin, at_ - begin);
}

bool Cursor::enter() {
  const Kind ahead = kind();
  if (ahead != Kind::object && ahead != Kind::array) {
    skip();
    return false;
  }
  ++at_;
  return true;
}

bool Cursor::next_item() {
  while (at_ < text_.size() && (is_space(text_[at_]) || text_[at_] == ',')) ++at_;
  if (at_ >= text_.size()) return false;
  const bool is_end = text_[at_] == ']' || text_[at_] == '}';
  if (is_end) ++at_;
  return !is_end;
}

bool Cursor::next_member() {
  if (!next_item()) return false;
  if (text_[at_] != '"') {
    at_ = text_.size();
    return false;
  }
  const std::size_t end = end_of_string(at_);
  name_ = inside(text_.substr(at_, end - at_));
  at_ = end;
  // In what is no JSON an escape may be cut short.
  if (name_.find('\\') != std::string_view::npos && check_escapes(name_).wrong == nullptr) {
    unescaped_.clear();
    unescape(name_, unescaped_);
    name_ = unescaped_;
  }
  pass_spaces();
  if (at_ < text_.size() && text_[at_] == ':') ++at_;
  return true;
}

std::size_t meant_bytes(std::string_view inside) {
  std::size_t bytes = inside.size();
  for (std::size_t at = inside.find('\\'); at < inside.size();) {
    if (at + 6 <= inside.size() && inside[at + 1] == 'u') {
      bytes -= 6 - bytes_of_code(inside.substr(at + 2, 4));
      at += 6;
    } else if (at + 1 < inside.size()) {
      --bytes;
      at += 2;
    } else {
      break;
    }
    if (at < inside.size() && inside[at] != '\\') at = inside.find('\\', at);
  }
  return bytes;
}

bool says_something(std::string_view value) {
  Cursor cursor(value);
  const Kind kind = cursor.kind();
  if (kind == Kind::string) return value.size() > 2;
  return (kind == Kind::object || kind == Kind::array) && cursor.enter() && cursor.next_item();
}

std::uint32_t items_in(std::string_view list) {
  Cursor cursor(list);
  std::uint32_t items = 0;
  if (cursor.kind() != Kind::array || !cursor.enter()) return 0;
  for (; cursor.next_item(); cursor.skip()) ++items;
  return items;
}

}  // namespace sluice::chat::json
