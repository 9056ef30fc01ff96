#pragma once

#include <algorithm>
#include <span>

#include <sluice/traffic/strategy.hpp>

namespace sluice::traffic {

// Puts candidates into the file's order, those of weight 0 behind the others, and has both groups ordered if there is
// anybody in them.
template <class OrderGroup>
void order_groups(std::span<Candidate> candidates, OrderGroup order) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& one, const Candidate& other) {
    if ((one.weight == 0) != (other.weight == 0)) return other.weight == 0;
    return one.target < other.target;
  });
  const auto reserve = std::find_if(candidates.begin(), candidates.end(),
                                    [](const Candidate& candidate) { return candidate.weight == 0; });
  const auto in_front = static_cast<std::size_t>(reserve - candidates.begin());
  for (const std::span<Candidate> group : {candidates.first(in_front), candidates.subspan(in_front)}) {
    if (!group.empty()) order(group);
  }
}

}  // namespace sluice::traffic
