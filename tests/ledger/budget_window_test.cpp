#include "ledger/budget_window.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "ledger/wall.hpp"
#include "traffic/seed.hpp"

namespace sluice::ledger::budget_window_test {
namespace {

using namespace std::chrono_literals;
using Window = Budget::Window;

Budget limit_of(NanoUsd amount, Window window, std::string zone = "") {
  Budget budget;
  budget.amount = amount;
  budget.window = window;
  budget.zone = std::move(zone);
  return budget;
}

Budget rolling(NanoUsd amount, Window window) {
  Budget rolling = limit_of(amount, window);
  rolling.rolling = true;
  return rolling;
}

TEST(Budget, has_what_was_neither_spent_nor_set_aside) {
  BudgetWindow day(limit_of(100, Window::day), at("2026-05-05T12:00:00"));
  EXPECT_TRUE(day.has(100, 0));
  EXPECT_FALSE(day.has(101, 0));
  day.spend(40);
  EXPECT_TRUE(day.has(60, 0));
  EXPECT_FALSE(day.has(61, 0));
  EXPECT_TRUE(day.has(10, 50));
  EXPECT_FALSE(day.has(11, 50));
  EXPECT_TRUE(day.has(0, 60));
  EXPECT_FALSE(day.has(0, 61));
  EXPECT_FALSE(day.has(std::numeric_limits<NanoUsd>::max(), std::numeric_limits<NanoUsd>::max()));
}

TEST(Budget, of_nothing_has_nothing) {
  const BudgetWindow none(limit_of(0, Window::day), at("2026-05-05T12:00:00"));
  EXPECT_FALSE(none.has(1, 0));
  EXPECT_EQ(none.wait_for(1, 0), Duration::max());
}

TEST(Budget, says_how_long_to_wait) {
  BudgetWindow day(limit_of(100, Window::day), at("2026-05-05T22:00:00"));
  EXPECT_EQ(day.wait_for(100, 0), 0s);
  EXPECT_EQ(day.wait_for(101, 0), Duration::max());
  EXPECT_EQ(day.wait_for(50, 60), 1s) << "only what is under way stands in the way";
  day.spend(60);
  EXPECT_EQ(day.wait_for(50, 0), 2h);
  EXPECT_EQ(day.resets(50), at("2026-05-06T00:00:00"));
  BudgetWindow total(limit_of(100, Window::total), at("2026-05-05T22:00:00"));
  total.spend(60);
  EXPECT_EQ(total.wait_for(50, 0), Duration::max());
  EXPECT_EQ(total.resets(50), std::nullopt);
}

TEST(Budget, begins_anew_with_its_window) {
  BudgetWindow month(limit_of(100, Window::month, "Europe/Berlin"), at("2026-03-29T12:00:00"));
  month.spend(100);
  month.move_to(at("2026-03-31T21:59:59"));
  EXPECT_EQ(month.spent(), 100);
  month.move_to(at("2026-03-31T22:00:00"));
  EXPECT_EQ(month.spent(), 0);
  EXPECT_EQ(month.resets(0), at("2026-04-30T22:00:00"));
}

TEST(Budget, opens_no_window_twice) {
  BudgetWindow hour(limit_of(100, Window::hour), at("2026-05-05T12:30:00"));
  hour.spend(70);
  hour.move_to(at("2026-05-05T13:30:00"));
  hour.spend(20);
  hour.move_to(at("2026-05-05T12:30:00"));
  EXPECT_EQ(hour.spent(), 20) << "the clock was set back: the window is still the later one";
  EXPECT_EQ(hour.span().from, at("2026-05-05T13:00:00"));
  hour.spend(5);
  hour.move_to(at("2026-05-05T13:00:00"));
  EXPECT_EQ(hour.spent(), 25) << "and does not begin again when its time comes";
  hour.move_to(at("2026-05-05T14:00:00"));
  EXPECT_EQ(hour.spent(), 0);
}

// A clock that goes forward by steps, and now and then is wrong by an hour for a while.
TEST(Budget, never_has_more_windows_than_the_calendar_though_clocks_jump) {
  std::mt19937_64 random = traffic::seeded();
  for (const char* zone : {"", "Europe/Berlin", "America/Santiago"}) {
    for (const Window kind : {Window::hour, Window::day}) {
      BudgetWindow window(limit_of(100, kind, zone), at("2026-03-01T00:00:00"));
      UtcTime truth = at("2026-03-01T00:00:00");
      UtcTime latest = truth;
      Span last = window.span();
      for (int i = 0; i < 50'000; ++i) {
        truth += std::chrono::seconds(random() % 1'200);
        const std::uint64_t wrong = random() % 20;
        const UtcTime told = truth + (wrong == 0 ? 1h : wrong == 1 ? -1h : 0h);
        latest = std::max(latest, told);
        window.spend(1);
        window.move_to(told);
        const Span now = window.span();
        ASSERT_EQ(now, Calendar::in(zone)->window(kind, latest)) << i;
        if (now == last) {
          ASSERT_GT(window.spent(), 0);
        } else {
          ASSERT_GE(now.from, last.to) << "it only ever moves on";
          ASSERT_EQ(window.spent(), 0);
        }
        last = now;
      }
    }
  }
}

TEST(Budget, rolls_without_ever_forgetting_early) {
  BudgetWindow hour(rolling(100, Window::hour), at("2026-05-05T12:00:30"));
  hour.spend(60);
  hour.move_to(at("2026-05-05T12:30:00"));
  hour.spend(30);
  EXPECT_EQ(hour.resets(50), at("2026-05-05T13:01:00"));
  EXPECT_EQ(hour.wait_for(50, 0), 31min);
  EXPECT_EQ(hour.resets(80), at("2026-05-05T13:31:00"));
  hour.move_to(at("2026-05-05T13:00:59"));
  EXPECT_EQ(hour.spent(), 90);
  hour.move_to(at("2026-05-05T13:01:00"));
  EXPECT_EQ(hour.spent(), 30);
  hour.move_to(at("2026-05-05T13:30:59"));
  EXPECT_EQ(hour.spent(), 30);
  hour.move_to(at("2027-01-01T00:00:00"));
  EXPECT_EQ(hour.spent(), 0);
}

TEST(Budget, agrees_while_rolling_with_books_that_keep_everything) {
  std::mt19937_64 random = traffic::seeded();
  for (const auto& [window, length] :
       {std::pair{Window::hour, Duration(1min)}, std::pair{Window::day, Duration(24min)},
        std::pair{Window::week, Duration(168min)}, std::pair{Window::month, Duration(12h)}}) {
    UtcTime now = at("1969-12-01T00:00:00");  // numbers below zero too
    BudgetWindow kept_window(rolling(1'000, window), now);
    std::deque<std::pair<std::int64_t, NanoUsd>> kept;
    NanoUsd sum = 0;
    for (int i = 0; i < 50'000; ++i) {
      now += Duration(random() % static_cast<std::uint64_t>(length.count() * (random() % 50 == 0 ? 100 : 2)));
      kept_window.move_to(now);
      const std::int64_t part = std::chrono::floor<Duration>(now.time_since_epoch()).count() / length.count() -
                                (now.time_since_epoch().count() % length.count() < 0 ? 1 : 0);
      while (!kept.empty() && kept.front().first < part - 60) {
        sum -= kept.front().second;
        kept.pop_front();
      }
      ASSERT_EQ(kept_window.spent(), sum) << i;
      const auto cost = static_cast<NanoUsd>(random() % 10);
      kept_window.spend(cost);
      kept.emplace_back(part, cost);
      sum += cost;
    }
  }
}

TEST(Budget, is_raised_for_a_while) {
  Budget terms = limit_of(100, Window::month);
  terms.raises = {{50, at("2026-05-10T00:00:00")}, {7, at("2026-05-20T00:00:00")}};
  BudgetWindow month(terms, at("2026-05-05T00:00:00"));
  EXPECT_EQ(month.limit(), 157);
  month.spend(120);
  EXPECT_TRUE(month.has(37, 0));
  month.move_to(at("2026-05-10T00:00:00"));
  EXPECT_EQ(month.limit(), 107);
  EXPECT_FALSE(month.has(0, 0));
  month.move_to(at("2026-05-09T00:00:00"));
  EXPECT_EQ(month.limit(), 107) << "a clock that was set back raises nothing again";
  month.move_to(at("2026-05-20T00:00:00"));
  EXPECT_EQ(month.limit(), 100);
}

std::vector<int> told_of(BudgetWindow& window) {
  std::vector<int> all;
  while (const auto percent = window.due()) {
    window.told(*percent);
    all.push_back(*percent);
  }
  return all;
}

TEST(Budget, tells_each_threshold_once_in_a_window) {
  Budget terms = limit_of(1'000, Window::day);
  terms.alerts = {50, 80, 100};
  BudgetWindow day(terms, at("2026-05-05T00:00:00"));
  EXPECT_EQ(told_of(day), std::vector<int>{});
  day.spend(499);
  EXPECT_EQ(told_of(day), std::vector<int>{});
  day.spend(1);
  EXPECT_EQ(told_of(day), std::vector<int>{50});
  day.spend(500);
  EXPECT_EQ(told_of(day), (std::vector<int>{80, 100}));
  day.spend(500);
  EXPECT_EQ(told_of(day), std::vector<int>{});
  day.move_to(at("2026-05-06T00:00:00"));
  EXPECT_EQ(told_of(day), std::vector<int>{});
  day.spend(500);
  EXPECT_EQ(told_of(day), std::vector<int>{50});
}

TEST(Budget, tells_a_rolling_threshold_once_in_its_windows_time) {
  Budget terms = rolling(100, Window::hour);
  terms.alerts = {50};
  BudgetWindow hour(terms, at("2026-05-05T12:00:00"));
  hour.spend(50);
  EXPECT_EQ(told_of(hour), std::vector<int>{50});
  for (int minute = 1; minute <= 60; ++minute) {
    hour.move_to(at("2026-05-05T12:00:00") + std::chrono::minutes(minute));
    hour.spend(1);
    EXPECT_EQ(told_of(hour), std::vector<int>{}) << minute;
  }
  hour.move_to(at("2026-05-05T13:01:00"));
  EXPECT_EQ(told_of(hour), std::vector<int>{50});
}

TEST(Budget, keeps_what_was_spent_when_its_terms_change) {
  Budget terms = limit_of(1'000, Window::day);
  terms.alerts = {50, 80};
  BudgetWindow before(terms, at("2026-05-05T00:00:00"));
  before.spend(900);
  EXPECT_EQ(told_of(before), (std::vector<int>{50, 80}));
  terms.amount = 1'500;
  BudgetWindow after(terms, at("2026-05-05T00:00:00"));
  ASSERT_TRUE(after.is_same_window(before.terms()));
  after.inherit(before);
  EXPECT_EQ(after.spent(), 900);
  EXPECT_EQ(told_of(after), std::vector<int>{}) << "half of it is still spent";
  after.spend(300);
  EXPECT_EQ(told_of(after), std::vector<int>{80}) << "and this was not";
  for (const Budget& other :
       {limit_of(1'000, Window::hour), limit_of(1'000, Window::day, "Europe/Berlin"), rolling(1'000, Window::day)}) {
    EXPECT_FALSE(before.is_same_window(other));
  }
  EXPECT_TRUE(BudgetWindow(rolling(1, Window::total), {}).is_same_window(limit_of(2, Window::total)));
}

TEST(Budget, remembers_what_the_history_knows) {
  std::vector<Span> asked;
  const Book::History history = [&](Level level, std::string_view name, Span span) -> NanoUsd {
    EXPECT_EQ(level, Level::team);
    EXPECT_EQ(name, "t");
    asked.push_back(span);
    return 70;
  };
  Budget terms = limit_of(100, Window::month);
  terms.alerts = {50, 80};
  BudgetWindow month(terms, at("2026-05-05T00:00:00"));
  month.remember(history, Level::team, "t");
  EXPECT_EQ(asked, (std::vector<Span>{{at("2026-05-01T00:00:00"), at("2026-06-01T00:00:00")}}));
  EXPECT_EQ(month.spent(), 70);
  EXPECT_EQ(told_of(month), std::vector<int>{}) << "that was told at its time";
  month.spend(10);
  EXPECT_EQ(told_of(month), std::vector<int>{80});
}

TEST(Budget, remembers_for_each_part_of_a_rolling_window_when_it_is_to_be_forgotten) {
  const std::vector<std::pair<UtcTime, NanoUsd>> spent = {{at("2026-05-05T11:00:30"), 1},
                                                          {at("2026-05-05T11:59:59"), 20},
                                                          {at("2026-05-05T12:00:00"), 300},
                                                          {at("2026-05-05T10:59:59"), 5'000}};
  int asked = 0;
  const Book::History history = [&](Level, std::string_view, Span span) {
    ++asked;
    NanoUsd sum = 0;
    for (const auto& [when, cost] : spent) sum += span.from <= when && when < span.to ? cost : 0;
    return sum;
  };
  BudgetWindow hour(rolling(1'000, Window::hour), at("2026-05-05T12:00:10"));
  hour.remember(history, Level::key, "k");
  EXPECT_EQ(hour.spent(), 321);
  EXPECT_LT(asked, 30);
  hour.move_to(at("2026-05-05T12:01:00"));
  EXPECT_EQ(hour.spent(), 320);
  hour.move_to(at("2026-05-05T13:00:00"));
  EXPECT_EQ(hour.spent(), 300);
  hour.move_to(at("2026-05-05T13:01:00"));
  EXPECT_EQ(hour.spent(), 0);
}

}  // namespace
}  // namespace sluice::ledger::budget_window_test
