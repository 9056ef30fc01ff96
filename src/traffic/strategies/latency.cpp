#include <algorithm>

#include "traffic/strategies/draws.hpp"
#include "traffic/strategies/groups.hpp"
#include "traffic/strategies/orders.hpp"

namespace sluice::traffic {
namespace {

// One that is not known yet is asked first, so that it becomes known.
bool is_tried_before(const Candidate& one, const Candidate& other) {
  if (!one.first_token) return other.first_token.has_value();
  return other.first_token && *one.first_token < *other.first_token;
}

// Whoever comes third is asked because two have failed: then one that is known to answer is worth more.
bool is_safer(const Candidate& one, const Candidate& other) {
  if (one.first_token.has_value() != other.first_token.has_value()) return one.first_token.has_value();
  if (one.first_token && *one.first_token != *other.first_token) return *one.first_token < *other.first_token;
  return one.target < other.target;
}

}  // namespace

// Two are drawn, and the faster is asked first (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing"):
// so all are measured again and again, and not everybody runs after the one that was fastest last. The rest stand
// behind in the order of their speed.
void order_by_latency(std::span<Candidate> candidates, const Question& question) {
  Draws draws(question.random);
  order_groups(candidates, [&](std::span<Candidate> group) {
    if (group.size() < 2) return;
    std::swap(group[0], group[draws.below(group.size())]);
    std::swap(group[1], group[1 + draws.below(group.size() - 1)]);
    if (is_tried_before(group[1], group[0])) std::swap(group[0], group[1]);
    const std::span<Candidate> rest = group.subspan(2);
    std::sort(rest.begin(), rest.end(), is_safer);
  });
}

}  // namespace sluice::traffic
