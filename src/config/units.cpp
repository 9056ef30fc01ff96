#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <arpa/inet.h>

#include <sluice/base/text.hpp>
#include <sluice/config/load.hpp>

namespace sluice::config {
namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;
constexpr std::array<Unit, 4> duration_units{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> size_units{{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}}};
constexpr std::size_t longest_tag = 256;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

template <class Units>
std::optional<std::uint64_t> parse_with(const Units& units, std::string_view text, std::uint64_t most) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  const std::string_view suffix = text.substr(digits);
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.first == suffix; });
  if (!number || unit == units.end() || *number > most / unit->second) return std::nullopt;
  return *number * unit->second;
}

template <class Units>
std::string write_with(const Units& units, std::uint64_t number) {
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) {
    return u.second == 1 || (number != 0 && number % u.second == 0);
  });
  return std::to_string(number / unit->second) + std::string(unit->first);
}

std::optional<Endpoint> parse_address(const std::string& address, bool bracketed) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(bracketed ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> written{};
  if (inet_ntop(bracketed ? AF_INET6 : AF_INET, bytes.data(), written.data(), written.size()) == nullptr)
    return std::nullopt;
  Endpoint endpoint;
  endpoint.address = written.data();
  // RFC 6890: 127.0.0.0/8 and ::1 are loopback, all zeroes is every address.
  endpoint.loopback = bracketed ? endpoint.address == "::1" : bytes[0] == 127;
  endpoint.any = std::all_of(bytes.begin(), bytes.end(), [](unsigned char byte) { return byte == 0; });
  return endpoint;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto number = parse_with(duration_units, text, std::uint64_t{1} << 53);
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(*number));
}

std::string write_duration(std::chrono::milliseconds duration) {
  return write_with(duration_units, static_cast<std::uint64_t>(duration.count()));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_with(size_units, text, std::numeric_limits<std::uint64_t>::max());
}

std::string write_size(std::uint64_t bytes) { return write_with(size_units, bytes); }

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto endpoint = parse_address(std::string(host), bracketed);
  if (endpoint) endpoint->port = static_cast<std::uint16_t>(*port);
  return endpoint;
}

std::string write_endpoint(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return (v6 ? '[' + endpoint.address + ']' : endpoint.address) + ':' + std::to_string(endpoint.port);
}

bool collide(const Endpoint& left, const Endpoint& right) {
  if (left.port == 0 || left.port != right.port) return false;
  return left.any || right.any || left.address == right.address;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
  });
}

bool is_model_name(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F;
  });
}

bool is_tag_word(std::string_view text) {
  return !text.empty() && text.size() <= longest_tag && text.front() != ' ' && text.back() != ' ' &&
         text.find_first_of(",=") == std::string_view::npos && std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
         });
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

bool is_credential(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool patterns_overlap(std::string_view left, std::string_view right) {
  if (left.find('*') == std::string_view::npos) return glob_matches(right, left);
  if (right.find('*') == std::string_view::npos) return glob_matches(left, right);
  // reachable[j]: the part of `left` read so far and the first j characters of `right` can stand for the same text.
  std::vector<char> reachable(right.size() + 1, 0);
  for (std::size_t i = 0; i <= left.size(); ++i) {
    std::vector<char> next(right.size() + 1, 0);
    for (std::size_t j = 0; j <= right.size(); ++j) {
      const bool star = (i > 0 && left[i - 1] == '*') || (j > 0 && right[j - 1] == '*');
      const bool by_star = star && ((i > 0 && reachable[j]) || (j > 0 && next[j - 1]));
      const bool by_letter = i > 0 && j > 0 && reachable[j - 1] && left[i - 1] == right[j - 1];
      next[j] = (i == 0 && j == 0) || by_star || by_letter ? 1 : 0;
    }
    reachable = std::move(next);
  }
  return reachable[right.size()] != 0;
}

bool is_listen_address(std::string_view text) { return parse_endpoint(text).has_value(); }

bool is_field_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "!#$%&'*+-.^_`|~") == std::string_view::npos;
}

}  // namespace sluice::config
