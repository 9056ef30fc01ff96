#include <algorithm>

#include "traffic/strategies/draws.hpp"
#include "traffic/strategies/groups.hpp"
#include "traffic/strategies/orders.hpp"

namespace sluice::traffic {
namespace {

// in_flight / weight, without dividing. Those of weight 0 are compared by in_flight alone.
bool is_less_busy(const Candidate& one, const Candidate& other) {
  const std::uint64_t weight = std::max<std::uint32_t>(one.weight, 1);
  const std::uint64_t other_weight = std::max<std::uint32_t>(other.weight, 1);
  return one.in_flight * other_weight < other.in_flight * weight;
}

}  // namespace

// Who has least to do for its weight; among equals at random.
void order_by_load(std::span<Candidate> candidates, const Question& question) {
  Draws draws(question.random);
  order_groups(candidates, [&](std::span<Candidate> group) {
    // Everybody finds a place among those before, which are few. Equals have been mixed when they come.
    for (std::size_t last = group.size() - 1; last > 0; --last) std::swap(group[last], group[draws.below(last + 1)]);
    for (std::size_t at = 1; at < group.size(); ++at) {
      const auto end = group.begin() + static_cast<std::ptrdiff_t>(at);
      const auto place = std::upper_bound(group.begin(), end, *end, is_less_busy);
      std::rotate(place, end, end + 1);
    }
  });
}

}  // namespace sluice::traffic
