#include "traffic/breaker.hpp"

#include <algorithm>

namespace sluice::traffic {

Breaker::Breaker(const BreakerRules& rules) : rules_(rules), cooldown_(std::min(rules.cooldown, rules.longest)) {}

void Breaker::follow(const BreakerRules& rules) {
  if (rules == rules_) return;
  rules_ = rules;
  if (rules.failures == 0) closed_ = true;
  // Openings that follow failed probes keep what they have grown to, within the new bounds.
  const Duration first = std::min(rules.cooldown, rules.longest);
  cooldown_ = closed_ ? first : std::clamp(cooldown_, first, rules.longest);
}

BreakerState Breaker::state(TimePoint now) const {
  if (closed_) return BreakerState::closed;
  return now < opens_at_ ? BreakerState::open : BreakerState::half_open;
}

Breaker::Admission Breaker::enter(TimePoint now) {
  if (closed_) return Admission::usual;
  if (now < opens_at_ || probing_) return Admission::refused;
  probing_ = true;
  return Admission::probe;
}

void Breaker::succeeded(bool probe, TimePoint now) {
  window_.add(false, now);
  if (probe) {
    probing_ = false;
    closed_ = true;
    cooldown_ = std::min(rules_.cooldown, rules_.longest);
  }
  if (closed_) failures_ = 0;
}

void Breaker::failed(bool probe, TimePoint now) {
  window_.add(true, now);
  if (probe) probing_ = false;
  if (!closed_) {
    if (probe) open(now);
    return;
  }
  if (rules_.failures != 0 && ++failures_ >= rules_.failures) open(now);
}

void Breaker::given_up(bool probe) {
  if (probe) probing_ = false;
}

void Breaker::open(TimePoint now) {
  closed_ = false;
  failures_ = 0;
  opens_at_ = now + cooldown_;
  cooldown_ = cooldown_ > rules_.longest / 2 ? rules_.longest : cooldown_ * 2;
}

}  // namespace sluice::traffic
