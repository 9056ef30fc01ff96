#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

// A pseudo-random generator (xoshiro256**, Blackman and Vigna, public domain). For ids and spreading,
// never for secrets. One per worker, seeded from the outside so that a run can be repeated.
class Random {
 public:
  explicit Random(std::array<std::uint64_t, 4> seed) : state_(seed) {}
  std::uint64_t next();

 private:
  std::array<std::uint64_t, 4> state_;
};

// Seeds from the system's generator.
Random random_from_system();

// "req_" and 26 characters of Crockford's base 32: 130 bits, unique for all practical purposes.
class RequestId {
 public:
  RequestId() = default;
  explicit RequestId(Random& random);
  std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 30> text_{};
};

// Whether a caller's own request id may be used: [A-Za-z0-9._-]{1,128}.
bool is_usable_request_id(std::string_view id);

}  // namespace sluice
