#include <sluice/base/network.hpp>

#include <algorithm>

#include <arpa/inet.h>

#include <sluice/base/text.hpp>

namespace sluice {
namespace {

using AddressBytes = std::array<std::uint8_t, 16>;

// RFC 4291 §2.5.5.2: ::ffff:0:0/96.
constexpr std::array<std::uint8_t, 12> v4_in_v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned v4_prefix = 96;
constexpr unsigned all_bits = 128;

bool is_v4_address(const AddressBytes& bytes) { return std::equal(v4_in_v6.begin(), v4_in_v6.end(), bytes.begin()); }

AddressBytes v4_address(std::span<const std::uint8_t, 4> bytes) {
  AddressBytes out{};
  std::copy(bytes.begin(), bytes.end(), std::copy(v4_in_v6.begin(), v4_in_v6.end(), out.begin()));
  return out;
}

std::optional<AddressBytes> parse_bytes(std::string_view text) {
  const std::string address(text);  // with an end that the system looks for
  if (address.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, address.c_str(), four.data()) == 1) return v4_address(four);
  AddressBytes sixteen{};
  return inet_pton(AF_INET6, address.c_str(), sixteen.data()) == 1 ? std::optional(sixteen) : std::nullopt;
}

// The bits of a byte that belong to the prefix.
std::uint8_t mask_of(std::size_t byte, unsigned prefix) {
  const std::size_t before = byte * 8;
  if (prefix <= before) return 0;
  const std::size_t bits = std::min<std::size_t>(8, prefix - before);
  return static_cast<std::uint8_t>(0xFF00u >> bits);
}

AddressBytes masked(AddressBytes bytes, unsigned prefix) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] &= mask_of(i, prefix);
  return bytes;
}

struct Block {
  AddressBytes bytes{};  // as written
  unsigned prefix = 0;
};

std::optional<Block> parse_block(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view address = text.substr(0, slash);
  const auto bytes = parse_bytes(address);
  if (!bytes) return std::nullopt;
  if (slash == text.size()) return Block{*bytes, all_bits};
  const std::string_view digits = text.substr(slash + 1);
  const auto prefix = digits.size() <= 3 ? parse_decimal(digits) : std::nullopt;
  const bool dotted_only = address.find(':') == std::string_view::npos;
  if (!prefix || *prefix > (dotted_only ? all_bits - v4_prefix : all_bits)) return std::nullopt;
  return Block{*bytes, static_cast<unsigned>(*prefix) + (dotted_only ? v4_prefix : 0)};
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  const auto block = parse_block(text);
  if (!block || masked(block->bytes, block->prefix) != block->bytes) return std::nullopt;
  return Network(block->bytes, block->prefix);
}

std::optional<Network> Network::around(std::string_view text) {
  const auto block = parse_block(text);
  if (!block) return std::nullopt;
  return Network(masked(block->bytes, block->prefix), block->prefix);
}

bool Network::is_v4() const { return prefix_ >= v4_prefix && is_v4_address(bytes_); }

bool Network::contains(std::string_view address) const {
  const auto bytes = parse_bytes(address.substr(0, address.find('%')));
  return bytes && contains(std::span<const std::uint8_t>(*bytes));
}

bool Network::contains(std::span<const std::uint8_t> address) const {
  Bytes bytes{};
  if (address.size() == 4) {
    bytes = v4_address(address.first<4>());
  } else if (address.size() == bytes.size()) {
    std::copy(address.begin(), address.end(), bytes.begin());
  } else {
    return false;
  }
  return is_v4() == is_v4_address(bytes) && masked(bytes, prefix_) == bytes_;
}

std::string Network::text() const {
  std::array<char, INET6_ADDRSTRLEN> written{};
  const bool v4 = is_v4();
  const std::uint8_t* const first = bytes_.data() + (v4 ? v4_in_v6.size() : 0);
  if (inet_ntop(v4 ? AF_INET : AF_INET6, first, written.data(), written.size()) == nullptr) return {};
  return std::string(written.data()) + '/' + std::to_string(prefix_ - (v4 ? v4_prefix : 0));
}

}  // namespace sluice
