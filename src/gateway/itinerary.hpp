#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sluice/base/clock.hpp>
#include <sluice/base/id.hpp>
#include <sluice/base/result.hpp>
#include <sluice/traffic/health.hpp>
#include <sluice/traffic/waiting.hpp>

#include "gateway/failures.hpp"
#include "gateway/routing.hpp"

namespace sluice {

// One request's way from target to target: whom to ask next, when, and whether to go on after a failure. Takes `now`,
// does no I/O; whoever holds it asks, waits and tells it what came of that.
//
// Each target is asked once, in the order of the plan, then those of the fallbacks. Of one target's keys the next is
// tried only where the trouble was the key's own. What is left of the attempts goes to those that failed in a way that
// passes, after a pause and as far as the provider's retry budget reaches. Where everybody has enough to do, the first
// is waited for. Where nobody else is left, those are asked whose keys were refused, or whose
// breaker opened although they mostly answer.
class Itinerary {
 public:
  struct Terms {
    unsigned attempts = 1;                            // upstream requests in all
    TimePoint caller_waits_until = TimePoint::max();  // no attempt but the first begins later
    traffic::Priority priority = traffic::Priority::normal;
  };
  // `routing` has the request's inquiry and decision; its plan and lists are filled on the way. All are borrowed.
  Itinerary(const Model& model, const Terms& terms, Routing& routing, const traffic::AffinityTable& affinity,
            Random& random);

  enum class Move : std::uint8_t {
    ask,    // choice(), with pass() in hand
    pause,  // until until(), and then again
    end,    // there is nobody left: verdict()
  };
  Move next(TimePoint now);

  const Choice& choice() const { return routing_.plan.choices[current_]; }
  // Moved to whoever asks.
  traffic::Pass& pass() { return *pass_; }
  bool is_repetition() const { return phase_ == Phase::again; }
  // Refusals by this choice that the caller is not shown, because somebody else may do better.
  traffic::FailureClasses curable() const;
  TimePoint until() const { return until_; }

  // The choice failed and nothing of its answer has reached the caller. False if nobody else would do better: then this
  // error is the request's.
  bool go_on(const Error& error);

  // What all failures amount to; nothing if nobody was asked and nobody was unwell: then no target was eligible.
  std::optional<Error> verdict() const;

 private:
  enum class Phase : std::uint8_t { each, waiting, again, over };

  bool is_over(TimePoint now) const;
  bool is_last_model() const;
  void consider(const Model& model, TimePoint now);
  void add_fallbacks(const Model& model);
  Move ask_each(TimePoint now);
  Move next_model(TimePoint now);
  bool begin_waiting(TimePoint now);
  Move wait(TimePoint now);
  Move ask_again(TimePoint now);
  std::optional<std::size_t> next_repetition(TimePoint now);
  // Whether the lane of that choice may be asked now; else its state says why not.
  bool enter(std::size_t index, TimePoint now);
  Move asking(std::size_t index);

  const Terms terms_;
  Routing& routing_;
  const traffic::AffinityTable& affinity_;
  Random& random_;

  Phase phase_ = Phase::each;
  std::size_t model_ = 0;  // of routing_.models, the one asked now
  std::size_t cursor_ = 0;
  std::size_t current_ = 0;
  const Target* passed_over_ = nullptr;
  std::optional<traffic::Pass> pass_;
  std::optional<traffic::WaitingRoom::Place> place_;
  TimePoint until_{};
  TimePoint waits_until_{};
  std::optional<std::size_t> repeating_;  // chosen, and paused for
  unsigned repetitions_ = 0;
  unsigned asked_ = 0;
  // Keys that were refused are tried all the same, and breakers passed whose providers mostly answer: with nobody else
  // to ask that is better than to refuse everything.
  bool insists_ = false;
  bool is_too_long_ = false;  // the conversation, for the model asked last
  Failures failures_;
};

}  // namespace sluice
