#include <algorithm>

#include "traffic/strategies/draws.hpp"
#include "traffic/strategies/groups.hpp"
#include "traffic/strategies/orders.hpp"

namespace sluice::traffic {
namespace {

// Those who never get a share are drawn as if all had the same.
std::uint64_t share_of(const Candidate& candidate) { return std::max<std::uint32_t>(candidate.weight, 1); }

// Puts one of them, drawn by weight, at the front.
void draw(std::span<Candidate> left, Draws& draws) {
  std::uint64_t all = 0;
  for (const Candidate& candidate : left) all += share_of(candidate);
  std::uint64_t drawn = draws.below(all);
  auto chosen = left.begin();
  for (; drawn >= share_of(*chosen); ++chosen) drawn -= share_of(*chosen);
  std::iter_swap(left.begin(), chosen);
}

}  // namespace

// At random without putting back.
void order_by_weight(std::span<Candidate> candidates, const Question& question) {
  Draws draws(question.random);
  order_groups(candidates, [&](std::span<Candidate> group) {
    for (; group.size() > 1; group = group.subspan(1)) draw(group, draws);
  });
}

}  // namespace sluice::traffic
