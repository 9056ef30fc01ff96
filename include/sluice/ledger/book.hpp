#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/money.hpp>
#include <sluice/ledger/terms.hpp>

// Who may use how much, and has used it. Everything here is shared by all workers, thread-safe, and never waits for
// longer than another thread's arithmetic.
namespace sluice::ledger {

// Both clocks: limits run on the steady one, budgets on the wall's. A wall clock that was set back opens no window
// again.
struct Now {
  TimePoint steady{};
  UtcTime wall{};
};

// One who is held to terms. Made and kept by a Book.
class Account;

// Why somebody may not.
struct Refusal {
  enum class Why : std::uint8_t { limit, concurrency, budget };
  Why why = Why::limit;
  Level level = Level::key;
  std::string name;  // the account's
  std::string what;  // "rpm", "concurrent", "budget per day"
  // What stands in the way is not the whole limit but the key's part of it, which its team shares fairly.
  bool of_share = false;
  // Until the same might pass; Duration::max(): never by itself. A second where only what is under way stands in the
  // way, which may end at any time.
  Duration retry_after{};
  // A budget's: when its window ends, or so much of a rolling one is forgotten that the same fits in; nothing for
  // `total`.
  std::optional<UtcTime> resets;
  NanoUsd budget = 0;  // a budget's amount, and what is left of it
  NanoUsd left = 0;
  bool hopeless = false;  // more than the whole limit or budget: it can never pass
};

// How a limit stands, for x-ratelimit-* fields: the one of its kind with the least left.
struct Standing {
  std::uint64_t limit = 0;
  std::uint64_t left = 0;
  Duration reset{};  // until all of it is there again
};
struct Standings {
  std::optional<Standing> requests;
  std::optional<Standing> tokens;
};

class Tab;

// What an open tab holds. Its place in memory does not change when the tab is moved.
class Held;

// Leave to make one upstream request: whoever dials needs one. Money is set aside for it; what it did cost is paid when
// it ends, however it ends: at least what was metered, and never merely because it was cancelled all that was set
// aside.
class Permit {
 public:
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&&) = delete;
  ~Permit();  // pays what was metered, unless pay() was called

  // What it has cost so far, by our own count; only ever more. Beyond what was set aside more is set aside on every
  // level, somewhat more than is needed if there is, so that not every event asks everybody. False when a budget has no
  // more: the request must be stopped. What was metered is owed all the same.
  bool meter(NanoUsd so_far);
  // What it did cost, counted in the windows that are current now, also if it began in others. The rest of what was set
  // aside is free again. Afterwards nothing is metered any more.
  void pay(NanoUsd cost);
  NanoUsd reserved() const { return reserved_; }

 private:
  friend class Tab;
  Permit(Held* held, NanoUsd reserved) : held_(held), reserved_(reserved) {}
  Held* held_ = nullptr;  // null: moved away, or paid
  NanoUsd reserved_ = 0;
  NanoUsd metered_ = 0;
};

// A caller's request, with everybody who answers for it: it holds a place among the concurrent, and the tokens it was
// let in with. Outlives its permits; belongs to one worker.
class Tab {
 public:
  Tab(Tab&& other) noexcept;
  Tab& operator=(Tab&&) = delete;
  ~Tab();  // gives the place back

  // Sets at most `bound` aside for an upstream request, on every level or on none.
  std::optional<Refusal> reserve(NanoUsd bound, Now now, std::optional<Permit>& permit);
  // What is owed and paid by all permits so far.
  NanoUsd spent() const;
  // What was used in the end; the rest of what was held is given back at once. More than was held counts too, as of the
  // latest time that somebody was let in. The last call counts; without one, everything that was held is used.
  void used(std::uint64_t input_tokens, std::uint64_t output_tokens);
  Standings standings(Now now) const;
  // Whether a budget applies to anybody who answers for it.
  bool has_budget() const;

 private:
  friend class Held;
  explicit Tab(std::unique_ptr<Held> held);
  std::unique_ptr<Held> held_;
};

// What a request asks for at its door: one request, and at most so many tokens.
struct Demand {
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  // The key's and the team's budgets refuse it nothing, but what it costs is charged to them: for what is asked instead
  // where they are used up. Everybody else's hold.
  bool beyond_budget = false;
};

// How a budget stands, for metrics and reports.
struct BudgetStanding {
  Level level = Level::key;
  std::string name;
  Budget::Window window = Budget::Window::month;
  NanoUsd limit = 0;  // with the raises in force
  NanoUsd spent = 0;
  NanoUsd reserved = 0;           // for what is under way
  std::optional<UtcTime> resets;  // of a rolling one, when the oldest of it is forgotten
};

// A threshold that was passed.
struct Alert {
  BudgetStanding standing;
  std::uint8_t percent = 0;
};

// All accounts, by level and name. Outlives the snapshots whose keys and teams point at its accounts, and all tabs.
// Accounts nobody holds any more stay while there is something to remember of them: requests under way, tokens not paid
// off, money spent in a current window. Others are forgotten from time to time: there are never more accounts than
// twice those that were needed when that was last done, or 64.
class Book {
 public:
  // What had been spent by somebody in a span of time, before this process or before there was a budget: all that was
  // settled before the call. Asked for whole windows, and for parts of rolling ones. What is settled while it is being
  // asked counts in any case, and twice if it is in the answer: rather too much than too little.
  using History = std::function<NanoUsd(Level, std::string_view name, Span)>;
  // Called on the thread that passed the threshold; must not wait.
  using AlertSink = std::function<void(const Alert&)>;

  static std::unique_ptr<Book> make(History history, AlertSink alerts);
  virtual ~Book() = default;

  // The account of that name, made if it is not there yet. The terms replace those it had; what was used and spent so
  // far still counts. Not for event loops: it may ask the history.
  virtual std::shared_ptr<Account> account(Level level, std::string_view name, const Terms& terms, Now now) = 0;

  // Nobody comes under that name any more, or is held to anything. Requests under way are finished, and with the last
  // of them the account is forgotten; one that is made again asks the history. Nothing where there is no such account.
  virtual void dismiss(Level level, std::string_view name, Now now) = 0;

  // Lets a request in, or says who is in the way for longest. All of it or nothing: a refused request has used nothing
  // up, and is in nobody's way. Accounts may be named twice, or be null; whoever calls holds them until it returns.
  virtual std::optional<Refusal> open(std::span<Account* const> accounts, const Demand& demand, Now now,
                                      std::optional<Tab>& tab) = 0;

  // How the limits of somebody stand who was not let in.
  virtual Standings standings(std::span<Account* const> accounts, Now now) const = 0;
  // By level and name.
  virtual std::vector<BudgetStanding> budgets(Now now) const = 0;
};

}  // namespace sluice::ledger
