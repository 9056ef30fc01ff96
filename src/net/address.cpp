#include "net/address.hpp"

#include <cstdint>

#include <boost/asio/ip/address.hpp>

#include <sluice/base/text.hpp>

namespace sluice::net {
namespace {

struct Range {
  std::uint32_t first;
  unsigned bits;
};

// IANA's special-purpose registry, as far as it must not be reached through a name.
constexpr Range private_ranges[] = {
    {0x00000000, 8},   // 0.0.0.0/8, "this network"
    {0x0A000000, 8},   // 10.0.0.0/8
    {0x64400000, 10},  // 100.64.0.0/10, shared
    {0x7F000000, 8},   // 127.0.0.0/8
    {0xA9FE0000, 16},  // 169.254.0.0/16, link-local
    {0xAC100000, 12},  // 172.16.0.0/12
    {0xC0000000, 24},  // 192.0.0.0/24
    {0xC0A80000, 16},  // 192.168.0.0/16
    {0xC6120000, 15},  // 198.18.0.0/15, benchmarks
    {0xE0000000, 3},   // multicast, reserved, broadcast
};

bool is_private_v4(std::uint32_t address) {
  for (const Range& range : private_ranges) {
    if ((address ^ range.first) >> (32 - range.bits) == 0) return true;
  }
  return false;
}

// The ranges of 169.254.169.254 and of 169.254.170.2 and .23, and 100.100.100.200.
bool is_metadata_v4(std::uint32_t address) {
  return address >> 8 == 0xA9FEA9 || address >> 8 == 0xA9FEAA || address == 0x646464C8;
}

std::uint32_t word(const asio::ip::address_v6::bytes_type& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | static_cast<std::uint32_t>(bytes[at + 3]);
}

bool is_private_v6(const asio::ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const bool high_zero = word(bytes, 0) == 0 && word(bytes, 4) == 0;
  if (high_zero && word(bytes, 8) == 0 && word(bytes, 12) <= 1) return true;  // :: and ::1
  if (high_zero && (word(bytes, 8) == 0x0000FFFF || word(bytes, 8) == 0)) return is_private_v4(word(bytes, 12));
  if (word(bytes, 0) == 0x0064FF9B) return is_private_v4(word(bytes, 12));         // NAT64
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_private_v4(word(bytes, 2));  // 6to4
  if ((bytes[0] & 0xFE) == 0xFC) return true;                                      // unique local
  if (bytes[0] == 0xFE && (bytes[1] & 0x80) != 0) return true;                     // link-local, site-local
  return bytes[0] == 0xFF;                                                         // multicast
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  ErrorCode error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error || address.is_v6() != bracketed) return std::nullopt;
  return Endpoint(address, static_cast<std::uint16_t>(*port));
}

bool is_private(const asio::ip::address& address) {
  return address.is_v4() ? is_private_v4(address.to_v4().to_uint()) : is_private_v6(address.to_v6());
}

bool is_metadata(const asio::ip::address& address) {
  if (address.is_v4()) return is_metadata_v4(address.to_v4().to_uint());
  const auto bytes = address.to_v6().to_bytes();
  const bool high_zero = word(bytes, 0) == 0 && word(bytes, 4) == 0;
  if (high_zero && (word(bytes, 8) == 0x0000FFFF || word(bytes, 8) == 0)) return is_metadata_v4(word(bytes, 12));
  if (word(bytes, 0) == 0x0064FF9B) return is_metadata_v4(word(bytes, 12));
  // fd00:ec2::254 and ::23, and fd20:ce::254
  const bool ec2 = word(bytes, 0) == 0xFD000EC2 && word(bytes, 4) == 0 && word(bytes, 8) == 0;
  const bool gce = word(bytes, 0) == 0xFD2000CE && word(bytes, 4) == 0 && word(bytes, 8) == 0;
  return ec2 || (gce && word(bytes, 12) == 0x254);
}

}  // namespace sluice::net
