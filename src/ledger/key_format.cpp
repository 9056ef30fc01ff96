#include <sluice/ledger/key_format.hpp>

#include <algorithm>
#include <utility>

#include <sluice/base/digest.hpp>

namespace sluice::ledger {
namespace {

constexpr std::string_view id_digits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's, lower case
constexpr std::string_view chance_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648 §5
constexpr std::string_view checksum_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::size_t chance_size = 43;
constexpr std::size_t checksum_size = 6;
constexpr std::size_t chance_begins = key_prefix.size() + key_id_size + 1;
constexpr std::size_t checksum_begins = chance_begins + chance_size + 1;
static_assert(checksum_begins + checksum_size == key_secret_size);

// By the value of four bits. One cache line: which entry is read shows nowhere.
constexpr std::array<std::uint32_t, 16> crc_steps() {
  std::array<std::uint32_t, 16> steps{};
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    steps[i] = i;
    for (int bit = 0; bit < 4; ++bit) steps[i] = (steps[i] >> 1) ^ (0xedb88320 & (0u - (steps[i] & 1)));
  }
  return steps;
}
alignas(64) constexpr std::array<std::uint32_t, 16> crc_table = crc_steps();

std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    crc = (crc >> 4) ^ crc_table[crc & 15];
    crc = (crc >> 4) ^ crc_table[crc & 15];
  }
  return ~crc;
}

std::array<char, checksum_size> checksum_of(std::string_view text) {
  std::array<char, checksum_size> checksum;
  std::uint32_t rest = crc32(text);
  for (auto digit = checksum.rbegin(); digit != checksum.rend(); ++digit, rest /= 62) {
    *digit = checksum_digits[rest % 62];
  }
  return checksum;
}

// Without padding: 32 bytes are 43 digits, the last of which has two bits that say nothing.
void append_chance(std::string& out, std::span<const std::uint8_t, 32> chance) {
  std::uint32_t waiting = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : chance) {
    waiting = (waiting << 8) | byte;
    for (bits += 8; bits >= 6; bits -= 6) out += chance_digits[(waiting >> (bits - 6)) & 63];
  }
  out += chance_digits[(waiting << (6 - bits)) & 63];
}

}  // namespace

std::string make_key_id() {
  std::array<std::uint8_t, key_id_size> chance{};
  fill_with_random(chance);
  std::string id;
  for (const std::uint8_t byte : chance) id += id_digits[byte & 31];
  return id;
}

Secret make_key_secret(std::string_view id) {
  std::array<std::uint8_t, 32> chance{};
  fill_with_random(chance);
  Secret secret = key_secret(id, chance);
  wipe(chance);
  return secret;
}

Secret key_secret(std::string_view id, std::span<const std::uint8_t, 32> chance) {
  std::string text;
  text.reserve(key_secret_size);  // so that no shorter copy stays behind
  text.append(key_prefix).append(id) += '-';
  append_chance(text, chance);
  const auto checksum = checksum_of(text);
  text += '-';
  text.append(checksum.data(), checksum.size());
  return Secret(std::move(text));
}

std::optional<std::string_view> key_id_of(std::string_view shown) {
  if (shown.size() != key_secret_size || !shown.starts_with(key_prefix)) return std::nullopt;
  const std::string_view id = shown.substr(key_prefix.size(), key_id_size);
  if (!is_key_id(id) || shown[chance_begins - 1] != '-' || shown[checksum_begins - 1] != '-') return std::nullopt;
  const auto right = checksum_of(shown.substr(0, checksum_begins - 1));
  unsigned difference = 0;
  for (std::size_t i = 0; i < checksum_size; ++i) {
    difference |= static_cast<unsigned char>(right[i]) ^ static_cast<unsigned char>(shown[checksum_begins + i]);
  }
  if (difference != 0) return std::nullopt;
  return id;
}

bool is_key_id(std::string_view text) {
  return text.size() == key_id_size &&
         std::all_of(text.begin(), text.end(), [](char c) { return id_digits.find(c) != std::string_view::npos; });
}

}  // namespace sluice::ledger
