#include "traffic/cooldown.hpp"

#include <algorithm>
#include <chrono>

#include "traffic/doubling.hpp"

namespace sluice::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration longest_told = seconds(60);
constexpr Duration shortest_limit = milliseconds(100);
constexpr Duration first_limit = seconds(1);
constexpr Duration longest_limit = seconds(30);
constexpr Duration first_refusal = seconds(60);
constexpr Duration longest_refusal = minutes(10);
constexpr Duration exhaustion = minutes(10);

}  // namespace

void RateCooldown::limited(std::optional<Duration> told, TimePoint now, Random& random) {
  if (limits_ == 0 || now >= until_) ++limits_;
  Duration pause{};
  if (told && *told > Duration::zero()) {
    pause = std::min(*told, longest_told);
  } else {
    pause = std::max(drawn_up_to(doubled(first_limit, limits_ - 1, longest_limit), random), shortest_limit);
  }
  until_ = std::max(until_, now + pause);
}

void KeyCooldown::refused(TimePoint now) {
  if (refusals_ == 0 || now >= refused_until_) ++refusals_;
  refused_until_ = std::max(refused_until_, now + doubled(first_refusal, refusals_ - 1, longest_refusal));
}

void KeyCooldown::exhausted(TimePoint now) { exhausted_until_ = std::max(exhausted_until_, now + exhaustion); }

}  // namespace sluice::traffic
