#pragma once

#include <cstdint>
#include <mutex>

#include <sluice/base/clock.hpp>
#include <sluice/base/id.hpp>

namespace sluice::traffic {

// How long to wait before the `repetition`-th (from 1) time that the same target is asked: a random time between
// nothing and a bound that doubles from 200 ms to 5 s (full jitter).
Duration backoff(unsigned repetition, Random& random);

// Bounds what repetitions add to a provider's load: every request pays a fifth of one in, every repetition takes a
// whole one out, at most `most` are kept. It begins with `first`, so that a quiet gateway repeats as well. Thread-safe.
// Finagle's RetryBudget and Envoy's retry_budget (20 %) are the models.
class RetryBudget {
 public:
  static constexpr std::uint32_t first = 3;
  static constexpr std::uint32_t most = 100;

  // A request's first attempt at the provider.
  void deposit();
  // Whether one more repetition may be made; then it is counted.
  bool withdraw();
  // In fifths of a repetition.
  std::uint32_t balance() const;

 private:
  mutable std::mutex mutex_;
  std::uint32_t fifths_ = first * 5;
};

}  // namespace sluice::traffic
