#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/book.hpp>
#include <sluice/ledger/terms.hpp>

#include "ledger/wide.hpp"

namespace sluice::ledger {

// One budget: its current window and what was spent in it. What is set aside is the account's business, which tells it
// where it matters: it belongs to no window, and what comes of it is spent in the window in which it is paid. So a
// request that outlasts a window weighs on the next one from its beginning, and is in no window twice. The wall clock
// only ever moves it forwards. A rolling window consists of sixty parts and the one under way: what was spent is
// forgotten when its whole part is older than the window, never earlier. Not thread-safe; nothing but making one
// allocates.
class BudgetWindow {
 public:
  BudgetWindow(const Budget& terms, UtcTime now);

  const Budget& terms() const { return terms_; }
  // Whether what is known of the other goes for this one too: what was spent in the one was spent in the other.
  bool is_same_window(const Budget& other) const;
  // The other's time, spending and told alerts, of the same window.
  void inherit(const BudgetWindow& before);
  // What had been spent before it was made, by the history, part by part of a rolling window.
  void remember(const Book::History& history, Level level, std::string_view name);

  // Opens the window `now` lies in, unless that is the current one or lies before it.
  void move_to(UtcTime now);
  Span span() const;
  void spend(NanoUsd cost);

  // With the raises in force.
  NanoUsd limit() const;
  NanoUsd spent() const { return spent_; }
  bool has(NanoUsd more, NanoUsd reserved) const;
  // When the window ends, or so much of a rolling one that `more` fits in and something was forgotten; nothing for
  // `total`.
  std::optional<UtcTime> resets(NanoUsd more) const;
  // How long until `more` fits in, if nothing else happens; Duration::max(): never.
  Duration wait_for(NanoUsd more, NanoUsd reserved) const;

  // The lowest threshold that was passed and not told yet. What was told is not told again in the same window; of a
  // rolling budget, not before a window's time has passed.
  std::optional<std::uint8_t> due() const;
  void told(std::uint8_t percent);

 private:
  bool is_rolling() const { return !parts_.empty(); }
  bool passed(std::uint8_t percent) const;
  std::int64_t part_of(UtcTime now) const;
  std::size_t place_of(std::int64_t part) const;
  UtcTime begin_of(std::int64_t part) const { return UtcTime(part * length_); }
  void roll_to(std::int64_t part);
  // Hands `spent`, which was spent in the parts from `first` up to but without `end`, out to them.
  template <class Ask>
  void hand_out(const Ask& ask, std::int64_t first, std::int64_t end, NanoUsd spent);

  Budget terms_;
  std::optional<Calendar> calendar_;  // nothing: it is a rolling one
  UtcTime now_;                       // the latest it was told
  Span span_;                         // the calendar's
  NanoUsd spent_ = 0;                 // all parts together
  std::uint8_t told_ = 0;             // the highest threshold told in this window

  std::vector<NanoUsd> parts_;  // a ring, by number; empty unless it is a rolling one
  Duration length_{};           // of a part
  std::int64_t newest_ = 0;     // parts are numbered from the epoch
  std::int64_t told_in_ = 0;    // the part
};

}  // namespace sluice::ledger
