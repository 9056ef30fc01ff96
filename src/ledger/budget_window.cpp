#include "ledger/budget_window.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::ledger {
namespace {

constexpr std::int64_t whole_parts = 60;
// Money that is set aside may be free again at any time.
constexpr Duration a_moment = std::chrono::seconds(1);

Duration length_of(Budget::Window window) {
  using std::chrono::hours;
  switch (window) {
    case Budget::Window::hour:
      return hours(1);
    case Budget::Window::day:
      return hours(24);
    case Budget::Window::week:
      return hours(24 * 7);
    case Budget::Window::month:
    case Budget::Window::total:  // never rolls
      return hours(24 * 30);
  }
  return hours(24 * 30);
}

bool rolls(const Budget& budget) { return budget.rolling && budget.window != Budget::Window::total; }

// A zone that is gone since the file was read must not make a budget disappear.
Calendar calendar_of(const Budget& budget) {
  if (auto calendar = Calendar::in(budget.zone)) return *std::move(calendar);
  return *Calendar::in("");
}

}  // namespace

BudgetWindow::BudgetWindow(const Budget& terms, UtcTime now) : terms_(terms), now_(now) {
  if (rolls(terms)) {
    parts_.resize(whole_parts + 1);
    length_ = length_of(terms.window) / whole_parts;
    newest_ = part_of(now);
  } else {
    calendar_ = calendar_of(terms);
    span_ = calendar_->window(terms.window, now);
  }
}

bool BudgetWindow::is_same_window(const Budget& other) const {
  return terms_.window == other.window && rolls(terms_) == rolls(other) && (is_rolling() || terms_.zone == other.zone);
}

void BudgetWindow::inherit(const BudgetWindow& before) {
  now_ = before.now_;
  span_ = before.span_;
  spent_ = before.spent_;
  std::copy(before.parts_.begin(), before.parts_.end(), parts_.begin());
  newest_ = before.newest_;
  told_in_ = before.told_in_;
  // What is not passed any more, because there is more now, may be passed again.
  told_ = passed(before.told_) ? before.told_ : 0;
  for (const std::uint8_t percent : terms_.alerts) {
    if (percent <= before.told_ && passed(percent)) told_ = std::max(told_, percent);
  }
}

void BudgetWindow::remember(const Book::History& history, Level level, std::string_view name) {
  if (!history) return;
  const auto ask = [&](Span span) { return not_negative(history(level, name, span)); };
  const NanoUsd spent = ask(span());
  spent_ = sum_of(spent_, spent);
  if (is_rolling()) hand_out(ask, newest_ - whole_parts, newest_ + 1, spent);
  // These were told when they were passed.
  while (const auto percent = due()) told(*percent);
}

template <class Ask>
void BudgetWindow::hand_out(const Ask& ask, std::int64_t first, std::int64_t end, NanoUsd spent) {
  if (spent == 0) return;
  if (end - first == 1) {
    NanoUsd& part = parts_[place_of(first)];
    part = sum_of(part, spent);
    return;
  }
  const std::int64_t middle = first + (end - first) / 2;
  const NanoUsd early = std::min(spent, ask({begin_of(first), begin_of(middle)}));
  hand_out(ask, first, middle, early);
  hand_out(ask, middle, end, spent - early);
}

void BudgetWindow::move_to(UtcTime now) {
  if (now <= now_) return;
  now_ = now;
  if (is_rolling()) {
    roll_to(part_of(now));
  } else if (now >= span_.to) {
    span_ = calendar_->window(terms_.window, now);
    spent_ = 0;
    told_ = 0;
  }
}

void BudgetWindow::roll_to(std::int64_t part) {
  if (part <= newest_) return;
  const std::int64_t first = std::max(newest_ + 1, part - whole_parts);
  newest_ = part;
  for (std::int64_t fresh = first; fresh <= part; ++fresh) parts_[place_of(fresh)] = 0;
  spent_ = 0;
  for (const NanoUsd spent : parts_) spent_ = sum_of(spent_, spent);
  if (newest_ - told_in_ > whole_parts) told_ = 0;
}

Span BudgetWindow::span() const {
  return is_rolling() ? Span{begin_of(newest_ - whole_parts), begin_of(newest_ + 1)} : span_;
}

void BudgetWindow::spend(NanoUsd cost) {
  spent_ = sum_of(spent_, cost);
  if (!is_rolling()) return;
  NanoUsd& part = parts_[place_of(newest_)];
  part = sum_of(part, cost);
}

NanoUsd BudgetWindow::limit() const {
  NanoUsd limit = not_negative(terms_.amount);
  for (const Budget::Raise& raise : terms_.raises) {
    if (now_ < raise.until) limit = sum_of(limit, not_negative(raise.amount));
  }
  return limit;
}

bool BudgetWindow::has(NanoUsd more, NanoUsd reserved) const {
  const NanoUsd left = rest_of(limit(), spent_);
  return reserved <= left && more <= left - reserved && spent_ <= limit();
}

std::optional<UtcTime> BudgetWindow::resets(NanoUsd more) const {
  if (!is_rolling()) return terms_.window == Budget::Window::total ? std::nullopt : std::optional(span_.to);
  NanoUsd forgotten = 0;
  for (std::int64_t part = newest_ - whole_parts; part <= newest_; ++part) {
    const NanoUsd spent = parts_[place_of(part)];
    if (spent == 0) continue;
    forgotten = sum_of(forgotten, spent);
    if (sum_of(rest_of(spent_, forgotten), more) <= limit()) return begin_of(part + whole_parts + 1);
  }
  return begin_of(newest_ + whole_parts + 1);
}

Duration BudgetWindow::wait_for(NanoUsd more, NanoUsd reserved) const {
  if (has(more, reserved)) return Duration::zero();
  if (more > limit()) return Duration::max();
  if (has(more, 0)) return a_moment;
  const std::optional<UtcTime> end = resets(more);
  return end ? std::chrono::duration_cast<Duration>(*end - now_) : Duration::max();
}

std::optional<std::uint8_t> BudgetWindow::due() const {
  for (const std::uint8_t percent : terms_.alerts) {
    if (percent > told_ && passed(percent)) return percent;
  }
  return std::nullopt;
}

void BudgetWindow::told(std::uint8_t percent) {
  told_ = percent;
  told_in_ = newest_;
}

bool BudgetWindow::passed(std::uint8_t percent) const {
  const auto of_hundred = [](NanoUsd amount, unsigned part) { return static_cast<Wide>(amount) * part; };
  return spent_ > 0 && of_hundred(spent_, 100) >= of_hundred(limit(), percent);
}

std::int64_t BudgetWindow::part_of(UtcTime now) const {
  const Duration since = now.time_since_epoch();
  const std::int64_t whole = since / length_;
  return since % length_ < Duration::zero() ? whole - 1 : whole;
}

std::size_t BudgetWindow::place_of(std::int64_t part) const {
  constexpr std::int64_t parts = whole_parts + 1;
  return static_cast<std::size_t>(((part % parts) + parts) % parts);
}

}  // namespace sluice::ledger
