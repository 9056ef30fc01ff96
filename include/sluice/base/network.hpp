#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// A block of Internet addresses, as CIDR writes it (RFC 4632). IPv4 addresses in IPv6's clothes (::ffff:10.0.0.1) are
// IPv4 addresses, and no network of IPv6, not even ::/0, has any. Immutable.
class Network {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or one address. Nothing for anything else, also when bits behind the prefix are set.
  static std::optional<Network> parse(std::string_view text);
  // The same, but whatever stands behind the prefix is taken for zero: "10.1.2.3/8" is "10.0.0.0/8".
  static std::optional<Network> around(std::string_view text);

  // Whether it has that address; false for what is none. A zone behind it ("fe80::1%eth0") is passed over.
  bool contains(std::string_view address) const;
  // The same for the address's bytes: 4 or 16 of them.
  bool contains(std::span<const std::uint8_t> address) const;

  // With its prefix in any case, and as short as it can be written: "10.0.0.1/32", "2001:db8::/32".
  std::string text() const;
  bool operator==(const Network&) const = default;

 private:
  using Bytes = std::array<std::uint8_t, 16>;  // of IPv6, or of IPv4 as ::ffff:a.b.c.d

  Network(const Bytes& bytes, unsigned prefix) : bytes_(bytes), prefix_(prefix) {}
  bool is_v4() const;

  Bytes bytes_;
  unsigned prefix_;  // of 128 bits
};

}  // namespace sluice
