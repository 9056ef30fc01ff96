#pragma once

#include <cstdint>

namespace sluice::traffic {

// As many random numbers as are wanted from the one that was drawn for a request (splitmix64: Vigna, public domain).
class Draws {
 public:
  explicit Draws(std::uint64_t drawn) : state_(drawn) {}
  // Below `bound`, which is not 0 and small beside 2^64, so that the remainder is as good as even.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }
  std::uint64_t state_;
};

}  // namespace sluice::traffic
