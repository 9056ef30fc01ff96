#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include <sluice/traffic/health.hpp>

#include "traffic/evidence.hpp"
#include "traffic/parts.hpp"
#include "traffic/rate_short.hpp"

namespace sluice::traffic {

// A lane made of the parts it shares with others and of what concerns it alone: its breaker, its cool-down after a 429
// and whether its quota runs short.
class SharedLane final : public Lane {
 public:
  struct Parts {
    std::shared_ptr<ProviderPart> provider;
    std::shared_ptr<KeyPart> key;
    std::shared_ptr<DeploymentPart> deployment;
    std::shared_ptr<Jitter> jitter;
  };
  SharedLane(std::uint64_t id, const BreakerRules& rules, Parts parts);
  // Its own rules and its provider's from now on.
  void follow(const BreakerRules& rules);

  std::uint64_t id() const override { return id_; }
  LaneView look(TimePoint now) const override;
  std::optional<Pass> enter(TimePoint now) override { return begin(now, false); }
  std::optional<Pass> insist(TimePoint now) override { return begin(now, true); }
  WaitingRoom& waiting_room() override { return parts_.deployment->room; }
  RetryBudget& retry_budget() override { return parts_.provider->budget; }
  void note_remaining(Remaining told, TimePoint now) override;
  std::optional<bool> begin_check(TimePoint now) override;
  void end_check(bool probe, std::optional<bool> is_there, TimePoint now) override;

 private:
  void succeed(bool probe, std::optional<Duration> first_token, TimePoint now) override;
  void fail(bool probe, const Error& error, TimePoint now) override;
  void recover(TimePoint now) override;
  void give_up(bool probe) noexcept override;
  void note_cached(std::uint64_t cached, std::uint64_t prompt) override;

  // Whose probe an attempt is. There is never more than one probe on a lane at a time: whichever breaker it is for, it
  // lets no other through. That is why the lane knows it, and a Pass only that it is one.
  struct Turns {
    bool lane = false;
    bool provider = false;
  };
  struct Reason {
    Closed closed = Closed::no;
    TimePoint until = TimePoint::min();
  };
  // Why it may not be asked; of several reasons the one that holds longest. Under the lane's, the key's and the
  // provider's mutex, as are the next two.
  Reason reason(TimePoint now, bool insists = false) const;
  void look_at_breakers(LaneView& view, TimePoint now) const;
  Turns take_turns(TimePoint now);
  std::optional<Pass> begin(TimePoint now, bool insists);
  // Ends the attempt and says whose probe it was.
  Turns leave(bool probe);
  void learn(Turns turns, const Evidence& evidence, TimePoint now);
  void cool_down(const Error& error, TimePoint now);

  const std::uint64_t id_;
  const Parts parts_;
  mutable std::mutex mutex_;
  Breaker breaker_;
  RateCooldown cooldown_;
  RateShort short_;
  Turns turns_;  // of the probe under way
};

}  // namespace sluice::traffic
