#include "credential/base64url.hpp"

#include <cstdint>

namespace sluice::credential {
namespace {

// The six bits a character stands for; -1: it is none of the alphabet.
int bits_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

}  // namespace

bool is_base64url(char c) { return bits_of(c) >= 0; }

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t waiting = 0;
  unsigned count = 0;  // of the bits that wait
  for (const char c : text) {
    const int bits = bits_of(c);
    if (bits < 0) return std::nullopt;
    waiting = (waiting << 6 | static_cast<std::uint32_t>(bits)) & 0xFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(waiting >> count & 0xFF);
  }
  if ((waiting & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace sluice::credential
