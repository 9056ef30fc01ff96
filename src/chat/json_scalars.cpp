#include "chat/json_scalars.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

namespace sluice::chat::json {
namespace {

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hexadecimal digits at `at`, or -1.
int hex_quad(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

constexpr bool is_high_surrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_low_surrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// The characters that may follow a backslash, but for `u`.
constexpr std::array<bool, 256> simple_escapes = [] {
  std::array<bool, 256> simple{};
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) simple[static_cast<unsigned char>(c)] = true;
  return simple;
}();

// The byte after the escape that begins at `at` with a backslash, or null if it is none.
const char* after_escape(const char* at, const char* end) {
  if (end - at < 2) return nullptr;
  if (simple_escapes[static_cast<unsigned char>(at[1])]) return at + 2;
  if (at[1] != 'u') return nullptr;
  const int unit = hex_quad(at + 2, end);
  if (unit < 0 || is_low_surrogate(unit)) return nullptr;
  if (!is_high_surrogate(unit)) return at + 6;
  const char* const second = at + 6;
  if (end - second < 6 || second[0] != '\\' || second[1] != 'u') return nullptr;
  return is_low_surrogate(hex_quad(second + 2, end)) ? at + 12 : nullptr;
}

void append_utf8(std::string& out, int code_point) {
  const auto put = [&out](int byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

const char* skip_digits(const char* at, const char* end) {
  while (at != end && is_digit(*at)) ++at;
  return at;
}

// Where a number begins its exponent and where it ends; null if it is none.
struct Shape {
  const char* end = nullptr;
  const char* exponent = nullptr;
};

Shape shape_of(const char* at, const char* end) {
  if (at != end && *at == '-') ++at;
  if (at == end || !is_digit(*at)) return {};
  at = *at == '0' ? at + 1 : skip_digits(at, end);
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = skip_digits(at, end);
    if (at == fraction) return {};
  }
  if (at == end || (*at != 'e' && *at != 'E')) return {at, nullptr};
  const char* const exponent = at++;
  if (at != end && (*at == '+' || *at == '-')) ++at;
  const char* const digits = at;
  at = skip_digits(at, end);
  if (at == digits) return {};
  return {at, exponent};
}

// Whether a number of at most 64 characters is finite as a double. Without an exponent it always is, and with a
// negative one it can only be too small.
bool is_finite(const char* begin, const Shape& shape) {
  if (shape.exponent == nullptr || shape.exponent[1] == '-') return true;
  double value = 0;
  return std::from_chars(begin, shape.end, value).ec != std::errc::result_out_of_range;
}

}  // namespace

Escapes check_escapes(std::string_view text) {
  const char* const end = text.data() + text.size();
  const auto* at = static_cast<const char*>(std::memchr(text.data(), '\\', text.size()));
  Escapes escapes{at != nullptr, nullptr};
  while (at != nullptr) {
    const char* const after = after_escape(at, end);
    if (after == nullptr) {
      escapes.wrong = at;
      break;
    }
    at = static_cast<const char*>(std::memchr(after, '\\', static_cast<std::size_t>(end - after)));
  }
  return escapes;
}

void unescape(std::string_view inside, std::string& out) {
  const char* at = inside.data();
  const char* const end = at + inside.size();
  while (at != end) {
    if (*at != '\\') {
      out.push_back(*at++);
      continue;
    }
    const char* const after = after_escape(at, end);
    if (after == nullptr) return;
    constexpr std::string_view written = "bfnrt";
    constexpr std::string_view meant = "\b\f\n\r\t";
    const std::size_t control = written.find(at[1]);
    if (control != std::string_view::npos) {
      out.push_back(meant[control]);
    } else if (at[1] != 'u') {
      out.push_back(at[1]);
    } else {
      const int unit = hex_quad(at + 2, end);
      const bool pair = after - at == 12;
      append_utf8(out, pair ? 0x10000 + (unit - 0xD800) * 0x400 + (hex_quad(at + 8, end) - 0xDC00) : unit);
    }
    at = after;
  }
}

Number read_number(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const Shape shape = shape_of(begin, end);
  if (shape.end == nullptr || (shape.end != end && !ends_scalar(*shape.end))) {
    return {0, "there is something that is no value"};
  }
  const auto length = static_cast<std::size_t>(shape.end - begin);
  if (length > max_number) return {0, "a number is too long"};
  if (!is_finite(begin, shape)) return {0, "a number is too large"};
  return {length, {}};
}

}  // namespace sluice::chat::json
