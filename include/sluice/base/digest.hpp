#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

// The only seam to libcrypto outside net: message authentication, comparison and randomness.
namespace sluice {

using Digest = std::array<std::uint8_t, 32>;

// HMAC-SHA-256 (RFC 2104, FIPS 180-4) under one key. The key's two inner states are computed once,
// so authenticating a short message costs two compressions and allocates nothing. Immutable after
// construction; safe from any thread.
class Hmac {
 public:
  explicit Hmac(std::span<const std::uint8_t> key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;

  Digest operator()(std::string_view message) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

Digest sha256(std::string_view message);
// Of the pieces as if they were one.
Digest sha256(std::span<const std::string_view> pieces);

// Compares without telling by its duration where the first difference is.
bool equal_in_constant_time(const Digest& left, const Digest& right);

// Fills `out` from the system's cryptographic generator. Throws std::runtime_error when there is none.
void fill_with_random(std::span<std::uint8_t> out);

// Overwrites what must not stay in memory, also where a compiler sees that nobody reads it again.
void wipe(std::span<std::uint8_t> bytes);

}  // namespace sluice
