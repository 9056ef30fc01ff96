#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// The scalars of JSON: what may stand in a string after a backslash, and what is a number (RFC 8259 §6, §7).
namespace sluice::chat::json {

inline constexpr std::size_t max_number = 64;  // characters of one number

// What is known of all backslashes of a text. One outside a string is not judged.
struct Escapes {
  bool any = false;
  const char* wrong = nullptr;  // the first that begins no escape, or half of a surrogate pair
};
Escapes check_escapes(std::string_view text);

// Appends what the inside of a JSON string means. Its escapes must have passed check_escapes().
void unescape(std::string_view inside, std::string& out);

// A number at the front of a text: its length, or what is wrong with it.
struct Number {
  std::size_t length = 0;
  std::string_view problem;
};

// Accepts a number that is finite as a double, at most max_number characters long, and followed by something that may
// follow a number.
Number read_number(std::string_view text);

// White space between tokens, RFC 8259 §2.
inline constexpr std::string_view white_space = " \t\r\n";
constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// What may stand behind a number or a literal.
constexpr bool ends_scalar(char c) {
  return is_space(c) || c == ',' || c == '}' || c == ']' || c == ':' || c == '{' || c == '[';
}

}  // namespace sluice::chat::json
