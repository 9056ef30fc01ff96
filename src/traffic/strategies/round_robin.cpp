#include <algorithm>

#include "traffic/strategies/groups.hpp"
#include "traffic/strategies/orders.hpp"

namespace sluice::traffic {

// One after the other, whatever their weights; behind the first, in turn again.
void order_by_turn(std::span<Candidate> candidates, const Question& question) {
  order_groups(candidates, [&](std::span<Candidate> group) {
    const auto first = static_cast<std::ptrdiff_t>(question.turn % group.size());
    std::rotate(group.begin(), group.begin() + first, group.end());
  });
}

}  // namespace sluice::traffic
