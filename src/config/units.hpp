#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How values are written in a configuration.
namespace sluice::config {

// Digits and one of ms, s, m, h: "250ms". Nothing for anything else, or more than fits.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// In the largest unit that is exact.
std::string write_duration(std::chrono::milliseconds duration);

// Digits and one of KiB, MiB, GiB, or plain bytes. Nothing for anything else, or more than fits.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string write_size(std::uint64_t bytes);

// More tokens than this no model reads or writes; a larger number is a mistake.
inline constexpr std::uint64_t most_tokens = 1'000'000'000;

// Where to listen: a literal address and a port.
struct Endpoint {
  std::string address;  // without brackets, as the system writes it
  std::uint16_t port = 0;
  bool loopback = false;  // only this machine reaches it
  bool any = false;       // all addresses of the machine
};
// "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (which means 127.0.0.1). Port 0 lets the system choose.
std::optional<Endpoint> parse_endpoint(std::string_view text);
// As parse_endpoint() reads it, with the address in full.
std::string write_endpoint(const Endpoint& endpoint);
// Whether two listeners would be in each other's way.
bool collide(const Endpoint& left, const Endpoint& right);

// Names of providers, teams and keys: [A-Za-z0-9._-]{1,64}, so that they may stand in headers and labels.
bool is_name(std::string_view text);
// Names of models: 1 to 256 bytes without spaces and control characters.
bool is_model_name(std::string_view text);
// Of a tag, its name and its value alike: what a header can carry between commas and equals signs, up to 256 bytes.
bool is_tag_word(std::string_view text);
// Names of environment variables: [A-Za-z_][A-Za-z0-9_]*.
bool is_variable_name(std::string_view text);
// Whether a credential can travel in a header: visible ASCII without spaces (RFC 6750 §2.1 allows even less).
bool is_credential(std::string_view text);

// Whether a name of models stands for many.
inline bool is_pattern(std::string_view name) { return name.find('*') != std::string_view::npos; }
// Whether some text matches both patterns, in which each `*` stands for any run of characters.
bool patterns_overlap(std::string_view left, std::string_view right);

// The name of a header field: a token (RFC 9110 5.6.2).
bool is_field_name(std::string_view text);

}  // namespace sluice::config
