#include "traffic/lane.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sluice/traffic/failure.hpp>

namespace sluice::traffic {
namespace {

// Nobody knows how long a probe takes; whoever has nobody else to ask may look again after this.
constexpr Duration while_probing = std::chrono::seconds(1);
constexpr std::uint64_t longest_prompt = std::uint64_t{1} << 40;  // what is said to be longer is no number of tokens

void tell(Breaker& breaker, Evidence::Of evidence, bool probe, TimePoint now) {
  switch (evidence) {
    case Evidence::Of::well:
      return breaker.succeeded(probe, now);
    case Evidence::Of::ill:
      return breaker.failed(probe, now);
    case Evidence::Of::nothing:
      return breaker.given_up(probe);
  }
}

}  // namespace

SharedLane::SharedLane(std::uint64_t id, const BreakerRules& rules, Parts parts)
    : id_(id), parts_(std::move(parts)), breaker_(rules) {}

void SharedLane::follow(const BreakerRules& rules) {
  const std::lock_guard lock(mutex_);
  const std::lock_guard provider(parts_.provider->mutex);
  breaker_.follow(rules);
  parts_.provider->breaker.follow(rules);
}

LaneView SharedLane::look(TimePoint now) const {
  LaneView view;
  {
    const std::lock_guard lock(mutex_);
    const std::lock_guard key(parts_.key->mutex);
    const std::lock_guard provider(parts_.provider->mutex);
    look_at_breakers(view, now);
    view.is_short = short_.is_short(now);
  }
  const DeploymentPart& deployment = *parts_.deployment;
  view.in_flight = deployment.in_flight.load(std::memory_order_relaxed);
  const std::lock_guard lock(deployment.mutex);
  if (const auto usual = deployment.first_token.value()) view.first_token = std::chrono::nanoseconds(*usual);
  view.cached_permille = static_cast<std::uint32_t>(deployment.cached_millionths.value().value_or(0) / 1000);
  return view;
}

void SharedLane::look_at_breakers(LaneView& view, TimePoint now) const {
  const Breaker& others = parts_.provider->breaker;
  view.breaker = std::max(breaker_.state(now), others.state(now));
  view.is_shaky = breaker_.is_shaky(now) || others.is_shaky(now);
  const Reason why = reason(now);
  view.closed = why.closed;
  if (why.closed == Closed::no) {
    view.is_probe = view.breaker == BreakerState::half_open;
  } else {
    view.opens_at = why.until;
    view.is_mostly_well = reason(now, true).closed == Closed::no;
  }
}

SharedLane::Reason SharedLane::reason(TimePoint now, bool insists) const {
  Reason longest;
  const auto add = [&](Closed why, TimePoint until) {
    if (now < until && longest.until < until) longest = {why, until};
  };
  add(Closed::no_quota, parts_.key->cooldown.exhausted_until());
  if (!insists) add(Closed::key_refused, parts_.key->cooldown.refused_until());
  add(Closed::rate_limited, cooldown_.until());
  for (const Breaker* breaker : {&breaker_, &std::as_const(parts_.provider->breaker)}) {
    if (insists && breaker->is_mostly_well(now)) continue;
    if (breaker->state(now) == BreakerState::open) add(Closed::broken, breaker->opens_at());
    if (breaker->is_probing(now)) add(Closed::probing, now + while_probing);
  }
  return longest;
}

std::optional<Pass> SharedLane::begin(TimePoint now, bool insists) {
  bool probe = false;
  {
    const std::lock_guard lock(mutex_);
    const std::lock_guard key(parts_.key->mutex);
    const std::lock_guard provider(parts_.provider->mutex);
    if (reason(now, insists).closed != Closed::no) return std::nullopt;
    // Who insists may come while a probe is under way, and must not take its place.
    if (!turns_.lane && !turns_.provider) {
      turns_ = take_turns(now);
      probe = turns_.lane || turns_.provider;
    }
  }
  parts_.deployment->in_flight.fetch_add(1, std::memory_order_relaxed);
  return Pass(*this, probe);
}

SharedLane::Turns SharedLane::take_turns(TimePoint now) {
  Turns taken;
  taken.lane = breaker_.enter(now) == Breaker::Admission::probe;
  taken.provider = parts_.provider->breaker.enter(now) == Breaker::Admission::probe;
  return taken;
}

void SharedLane::note_remaining(Remaining told, TimePoint now) {
  const std::lock_guard lock(mutex_);
  short_.note(told, now);
}

std::optional<bool> SharedLane::begin_check(TimePoint now) {
  const std::lock_guard provider(parts_.provider->mutex);
  const Breaker::Admission admission = parts_.provider->breaker.enter(now);
  if (admission == Breaker::Admission::refused) return std::nullopt;
  return admission == Breaker::Admission::probe;
}

void SharedLane::end_check(bool probe, std::optional<bool> is_there, TimePoint now) {
  Evidence::Of evidence = Evidence::Of::nothing;
  if (is_there) evidence = *is_there ? Evidence::Of::well : Evidence::Of::ill;
  const std::lock_guard provider(parts_.provider->mutex);
  tell(parts_.provider->breaker, evidence, probe, now);
}

SharedLane::Turns SharedLane::leave(bool probe) {
  parts_.deployment->in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (!probe) return {};
  const std::lock_guard lock(mutex_);
  return std::exchange(turns_, {});
}

void SharedLane::learn(Turns turns, const Evidence& evidence, TimePoint now) {
  {
    const std::lock_guard lock(mutex_);
    tell(breaker_, evidence.deployment, turns.lane, now);
    if (evidence.deployment == Evidence::Of::well) cooldown_.succeeded();
  }
  {
    const std::lock_guard lock(parts_.provider->mutex);
    tell(parts_.provider->breaker, evidence.provider, turns.provider, now);
  }
  if (evidence.key != Evidence::Of::well) return;
  const std::lock_guard lock(parts_.key->mutex);
  parts_.key->cooldown.succeeded();
}

void SharedLane::succeed(bool probe, std::optional<Duration> first_token, TimePoint now) {
  constexpr Evidence all_well{Evidence::Of::well, Evidence::Of::well, Evidence::Of::well};
  learn(leave(probe), all_well, now);
  if (!first_token) return;
  const std::lock_guard lock(parts_.deployment->mutex);
  parts_.deployment->first_token.add(std::chrono::nanoseconds(*first_token).count());
}

void SharedLane::fail(bool probe, const Error& error, TimePoint now) {
  // First, so that whoever is let through again by a freed turn sees the cool-down.
  cool_down(error, now);
  learn(leave(probe), evidence_of(error), now);
}

void SharedLane::recover(TimePoint now) {
  Turns turns;
  {
    const std::lock_guard lock(mutex_);
    turns = std::exchange(turns_, {});
  }
  constexpr Evidence all_well{Evidence::Of::well, Evidence::Of::well, Evidence::Of::well};
  learn(turns, all_well, now);
}

void SharedLane::cool_down(const Error& error, TimePoint now) {
  const Suspect suspect = suspect_of(error);
  if (suspect == Suspect::key) {
    const std::lock_guard lock(parts_.key->mutex);
    if (error.code() == "insufficient_quota") {
      parts_.key->cooldown.exhausted(now);
    } else {
      parts_.key->cooldown.refused(now);
    }
  } else if (suspect == Suspect::deployment && class_of(error) == FailureClass::rate_limited) {
    const std::lock_guard lock(mutex_);
    const std::lock_guard jitter(parts_.jitter->mutex);
    cooldown_.limited(error.retry_after(), now, parts_.jitter->random);
  }
}

void SharedLane::give_up(bool probe) noexcept {
  const Turns turns = leave(probe);
  if (turns.lane) {
    const std::lock_guard lock(mutex_);
    breaker_.given_up(true);
  }
  if (turns.provider) {
    const std::lock_guard lock(parts_.provider->mutex);
    parts_.provider->breaker.given_up(true);
  }
}

void SharedLane::note_cached(std::uint64_t cached, std::uint64_t prompt) {
  if (prompt == 0 || prompt > longest_prompt) return;
  const std::uint64_t millionths = std::min(cached, prompt) * 1'000'000 / prompt;
  const std::lock_guard lock(parts_.deployment->mutex);
  parts_.deployment->cached_millionths.add(static_cast<std::int64_t>(millionths));
}

}  // namespace sluice::traffic
