#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>
#include <sluice/base/id.hpp>
#include <sluice/traffic/retry.hpp>
#include <sluice/traffic/waiting.hpp>

// What is known of those who are asked: whether they answer, how fast, how much they are doing, and until when they
// wish to be left alone. Everything here takes `now`; nothing reads a clock, waits or does I/O.
namespace sluice::traffic {

// When a breaker opens and for how long. Counted in consecutive failures, and apart from that by the share of failures
// among the last requests (half of at least twenty within ten seconds).
struct BreakerRules {
  unsigned failures = 5;                        // consecutive; 0: never opens
  Duration cooldown = std::chrono::seconds(5);  // of the first opening; doubled by each that follows a failed probe
  Duration longest = std::chrono::seconds(60);
  bool operator==(const BreakerRules&) const = default;
};

// Why one is not asked at the moment.
enum class Closed : std::uint8_t {
  no,            // it may be asked
  broken,        // its breaker is open
  probing,       // its breaker is half open, and its one probe under way
  rate_limited,  // it wishes to be left alone for a while (429)
  no_quota,      // the key's account has nothing left
  key_refused,   // the key is not accepted
};
std::string_view to_string(Closed why);

enum class BreakerState : std::uint8_t { closed, half_open, open };

// What is known of a lane at one moment.
struct LaneView {
  Closed closed = Closed::no;
  TimePoint opens_at{};         // when it is worth asking again, later than now; of no meaning for Closed::no
  bool is_probe = false;        // it may be asked once, to see whether it is well again
  bool is_shaky = false;        // fails too often to be asked while another is there, but not always: never excluded
  bool is_mostly_well = false;  // closed, and insist() would let through all the same
  bool is_short = false;        // its quota is nearly used up, by its own word: others first
  std::uint32_t in_flight = 0;  // of the deployment, over all keys and workers
  // What it usually takes the deployment to the first token; nothing before the first answer.
  std::optional<Duration> first_token{};
  std::uint32_t cached_permille = 0;            // the usual share of prompt tokens read from its cache
  BreakerState breaker = BreakerState::closed;  // the worse of the lane's own and the provider's
};

// How much is left, as an answer's head tells (x-ratelimit-remaining-requests and their like); of several quotas, the
// one that is used up most.
struct Remaining {
  std::uint64_t limit = 0;  // 0: not told
  std::uint64_t left = 0;
  Duration until_reset{};  // zero: not told
};

class Pass;

// One way to be answered: a deployment (a provider's model) behind one of the provider's keys. Shared by all workers
// and by snapshots; thread-safe, and a lock is held for arithmetic only. The provider's part (its breaker and budget of
// repetitions), the key's (its cool-down) and the deployment's (load, speed, queue) of what is known are shared with
// the other lanes that have them in common; a breaker and a cool-down after 429s are the lane's own.
class Lane {
 public:
  virtual ~Lane() = default;
  // Unique in the process; the same for the same lane after a reload.
  virtual std::uint64_t id() const = 0;
  virtual LaneView look(TimePoint now) const = 0;
  // Begins an attempt. Nothing if it may not be asked: look() of that moment says why. Whoever asks when a breaker is
  // half open is its one probe.
  virtual std::optional<Pass> enter(TimePoint now) = 0;
  // The same because there is nobody else: also with a key that was refused a while ago, and past a breaker whose
  // provider mostly answers. That is no probe.
  virtual std::optional<Pass> insist(TimePoint now) = 0;
  // The deployment's queue.
  virtual WaitingRoom& waiting_room() = 0;
  // The provider's.
  virtual RetryBudget& retry_budget() = 0;
  // What the head of an answer says of quotas.
  virtual void note_remaining(Remaining told, TimePoint now) = 0;
  // Whether its provider may be asked if it is there at all, without asking the deployment anything. Nothing: it is to
  // be left alone; true: that is the one probe of its half-open breaker. Whoever may, tells what came of it.
  virtual std::optional<bool> begin_check(TimePoint now) = 0;
  // Nothing: nobody knows.
  virtual void end_check(bool probe, std::optional<bool> is_there, TimePoint now) = 0;

 protected:
  friend class Pass;
  virtual void succeed(bool probe, std::optional<Duration> first_token, TimePoint now) = 0;
  virtual void fail(bool probe, const Error& error, TimePoint now) = 0;
  virtual void recover(TimePoint now) = 0;
  virtual void give_up(bool probe) noexcept = 0;
  virtual void note_cached(std::uint64_t cached, std::uint64_t prompt) = 0;
};

// An attempt under way: counts as in flight until it ends. If it is destroyed without a verdict (the caller left, we
// are stopping), nothing is learned, and a probe's turn is free again. The lane outlives it.
class Pass {
 public:
  Pass(Lane& lane, bool probe) : lane_(&lane), probe_(probe) {}
  Pass(Pass&& other) noexcept : lane_(other.lane_), probe_(other.probe_) { other.lane_ = nullptr; }
  Pass& operator=(Pass&& other) noexcept;
  ~Pass();

  bool is_probe() const { return probe_; }
  // Its answer has begun: that is all a probe wants to know, which need not last as long as a stream does. The verdict
  // is still to come.
  void answers(TimePoint now);
  // It answered; a refusal that is the caller's own fault counts too. `first_token`: since the attempt began.
  void succeeded(std::optional<Duration> first_token, TimePoint now);
  // It did not; what that means, and to whom, is read off the error (suspect_of). A refusal that the provider blames on
  // the caller (Outcome::client_error) says that all are well; what is the gateway's fault, or the caller's before
  // anybody was asked, says nothing.
  void failed(const Error& error, TimePoint now);
  // Of the prompt's tokens, how many came from the provider's cache. Before the verdict.
  void cached(std::uint64_t tokens, std::uint64_t prompt);

 private:
  Lane* lane_;
  bool probe_;
};

// Names a lane. `provider` and `place` together are the provider: the name in the file, and where it is reached, so
// that what was known of another place is not held against this one. `key` is anything that tells keys apart and is no
// secret.
struct LaneName {
  std::string provider;
  std::string place;
  std::string deployment;
  std::string key;
};

// A lane and what is known of it, for metrics.
struct LaneReport {
  LaneName name;
  LaneView view;
};

// All lanes of the process. Thread-safe.
class Health {
 public:
  virtual ~Health() = default;
  // The lane of that name, made if it is new. Rules are those of the latest call. Lanes nobody holds are forgotten.
  virtual std::shared_ptr<Lane> lane(const LaneName& name, const BreakerRules& rules) = 0;
  // In the order of their names.
  virtual std::vector<LaneReport> report(TimePoint now) const = 0;
};

// `random` draws the jitter of cool-downs (full jitter: AWS Architecture Blog, "Exponential Backoff And Jitter").
std::unique_ptr<Health> make_health(Random random);

}  // namespace sluice::traffic
