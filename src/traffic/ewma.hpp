#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sluice::traffic {

// A moving average in which the newest value weighs a fifth. Whole numbers, never below zero; always between the
// smallest and the largest value it was given. Not thread-safe.
class Ewma {
 public:
  void add(std::int64_t value) {
    const std::int64_t given = std::max<std::int64_t>(value, 0);
    average_ = average_ ? *average_ + (given - *average_) / 5 : given;
  }
  // Nothing before the first value.
  std::optional<std::int64_t> value() const { return average_; }

 private:
  std::optional<std::int64_t> average_;
};

}  // namespace sluice::traffic
