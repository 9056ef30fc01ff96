#pragma once

#include <algorithm>
#include <cstdint>

#include <sluice/base/clock.hpp>
#include <sluice/base/id.hpp>

namespace sluice::traffic {

// `first`, doubled so many times, but no more than `longest`.
constexpr Duration doubled(Duration first, unsigned times, Duration longest) {
  while (times-- > 0 && first < longest) first *= 2;
  return std::min(first, longest);
}

// A time between nothing and `bound`, both included. Bounds are minutes, so that the remainder is as good as even.
inline Duration drawn_up_to(Duration bound, Random& random) {
  return Duration(static_cast<Duration::rep>(random.next() % (static_cast<std::uint64_t>(bound.count()) + 1)));
}

}  // namespace sluice::traffic
