#include "traffic/breaker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "traffic/seed.hpp"

namespace sluice::traffic::breaker_test {
namespace {

using namespace std::chrono_literals;
using Admission = Breaker::Admission;
constexpr TimePoint start{1h};
constexpr BreakerRules rules{.failures = 3, .cooldown = 5s, .longest = 60s};

Breaker opened(TimePoint now) {
  Breaker breaker(rules);
  for (unsigned i = 0; i < rules.failures; ++i) breaker.failed(false, now);
  return breaker;
}

TEST(Breaker, opens_after_so_many_failures_in_a_row) {
  Breaker breaker(rules);
  breaker.failed(false, start);
  breaker.failed(false, start);
  breaker.succeeded(false, start);
  breaker.failed(false, start);
  breaker.failed(false, start);
  EXPECT_EQ(breaker.state(start), BreakerState::closed);
  EXPECT_EQ(breaker.enter(start), Admission::usual);
  breaker.failed(false, start);
  EXPECT_EQ(breaker.state(start), BreakerState::open);
  EXPECT_EQ(breaker.opens_at(), start + 5s);
  EXPECT_EQ(breaker.enter(start + 5s - 1ns), Admission::refused);
}

TEST(Breaker, lets_one_probe_through_at_a_time) {
  Breaker breaker = opened(start);
  EXPECT_EQ(breaker.state(start + 5s), BreakerState::half_open);
  EXPECT_FALSE(breaker.is_probing(start + 5s));
  EXPECT_EQ(breaker.enter(start + 5s), Admission::probe);
  EXPECT_TRUE(breaker.is_probing(start + 5s));
  EXPECT_EQ(breaker.enter(start + 5s), Admission::refused);
  EXPECT_EQ(breaker.enter(start + 1h), Admission::refused);
}

TEST(Breaker, closes_after_a_good_probe_and_forgets_what_was) {
  Breaker breaker = opened(start);
  ASSERT_EQ(breaker.enter(start + 5s), Admission::probe);
  breaker.failed(true, start + 6s);
  ASSERT_EQ(breaker.enter(start + 16s), Admission::probe);
  breaker.succeeded(true, start + 17s);
  EXPECT_EQ(breaker.state(start + 17s), BreakerState::closed);
  EXPECT_EQ(breaker.enter(start + 17s), Admission::usual);
  for (unsigned i = 0; i < rules.failures; ++i) breaker.failed(false, start + 20s);
  EXPECT_EQ(breaker.opens_at(), start + 25s) << "the first cool-down again";
}

TEST(Breaker, stays_open_for_twice_as_long_after_each_bad_probe) {
  Breaker breaker = opened(start);
  TimePoint now = breaker.opens_at();
  std::vector<Duration> cooldowns;
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(breaker.enter(now), Admission::probe);
    breaker.failed(true, now);
    cooldowns.push_back(breaker.opens_at() - now);
    now = breaker.opens_at();
  }
  EXPECT_EQ(cooldowns, (std::vector<Duration>{10s, 20s, 40s, 60s, 60s, 60s}));
}

TEST(Breaker, frees_the_turn_of_a_probe_that_was_given_up) {
  Breaker breaker = opened(start);
  ASSERT_EQ(breaker.enter(start + 5s), Admission::probe);
  breaker.given_up(true);
  EXPECT_EQ(breaker.state(start + 5s), BreakerState::half_open);
  EXPECT_EQ(breaker.enter(start + 5s), Admission::probe);
}

TEST(Breaker, is_not_moved_by_attempts_that_began_before_it_opened) {
  Breaker breaker = opened(start);
  for (int i = 0; i < 10; ++i) breaker.failed(false, start + 4s);
  breaker.succeeded(false, start + 4s);
  breaker.given_up(false);
  EXPECT_EQ(breaker.opens_at(), start + 5s);
  EXPECT_EQ(breaker.state(start + 4s), BreakerState::open);
  ASSERT_EQ(breaker.enter(start + 5s), Admission::probe);
  breaker.failed(false, start + 6s);
  breaker.succeeded(false, start + 6s);
  EXPECT_TRUE(breaker.is_probing(start + 6s));
}

TEST(Breaker, never_opens_when_told_so) {
  Breaker breaker({.failures = 0, .cooldown = 5s, .longest = 60s});
  for (int i = 0; i < 1000; ++i) breaker.failed(false, start);
  EXPECT_EQ(breaker.state(start), BreakerState::closed);
  EXPECT_TRUE(breaker.is_shaky(start));
}

TEST(Breaker, follows_new_rules) {
  Breaker breaker = opened(start);
  breaker.follow({.failures = 1, .cooldown = 1s, .longest = 3s});
  EXPECT_EQ(breaker.opens_at(), start + 5s) << "what is under way stays";
  ASSERT_EQ(breaker.enter(start + 5s), Admission::probe);
  breaker.failed(true, start + 5s);
  EXPECT_EQ(breaker.opens_at(), start + 8s) << "no longer than the longest";
  ASSERT_EQ(breaker.enter(start + 8s), Admission::probe);
  breaker.succeeded(true, start + 8s);
  breaker.failed(false, start + 9s);
  EXPECT_EQ(breaker.opens_at(), start + 10s);
  breaker.follow({.failures = 0});
  EXPECT_EQ(breaker.state(start + 9s), BreakerState::closed);
}

TEST(Breaker, takes_a_first_cooldown_that_is_longer_than_the_longest_for_the_longest) {
  Breaker breaker({.failures = 1, .cooldown = 60s, .longest = 5s});
  breaker.failed(false, start);
  EXPECT_EQ(breaker.opens_at(), start + 5s);
}

// Drives a breaker at random, and keeps books of its own.
class RandomBreaker {
 public:
  explicit RandomBreaker(std::mt19937_64& random) : random_(random) {}

  void step() {
    const auto choice = random_() % 8;
    if (choice < 3) return enter();
    if (choice == 3) {
      now_ += std::chrono::milliseconds(random_() % (random_() % 10 == 0 ? 20'000 : 500));
      return;
    }
    if (!under_way_.empty()) end(choice);
  }

 private:
  void enter() {
    const BreakerState before = breaker_.state(now_);
    const Admission admission = breaker_.enter(now_);
    const Admission expected = before == BreakerState::closed                      ? Admission::usual
                               : before == BreakerState::half_open && probes_ == 0 ? Admission::probe
                                                                                   : Admission::refused;
    ASSERT_EQ(admission, expected);
    if (admission == Admission::probe) ++probes_;
    ASSERT_LE(probes_, 1);
    if (admission != Admission::refused) under_way_.push_back(admission == Admission::probe);
  }

  void end(std::uint64_t choice) {
    std::swap(under_way_[random_() % under_way_.size()], under_way_.back());
    const bool probe = under_way_.back() != 0;
    under_way_.pop_back();
    if (probe) --probes_;
    const BreakerState before = breaker_.state(now_);
    const TimePoint opened_until = breaker_.opens_at();
    if (choice == 4) {
      breaker_.given_up(probe);
      ASSERT_EQ(breaker_.state(now_), before);
    } else if (choice == 5) {
      breaker_.succeeded(probe, now_);
      check_success(probe, before);
    } else {
      breaker_.failed(probe, now_);
      check_failure(probe, before, opened_until);
    }
  }

  void check_success(bool probe, BreakerState before) {
    ASSERT_EQ(breaker_.state(now_), probe ? BreakerState::closed : before);
    if (probe) cooldown_ = rules.cooldown;
    if (before == BreakerState::closed) failures_ = 0;
  }

  void check_failure(bool probe, BreakerState before, TimePoint opened_until) {
    if (before == BreakerState::closed) {
      ++failures_;
      ASSERT_EQ(breaker_.state(now_) == BreakerState::open, failures_ == rules.failures);
      if (failures_ == rules.failures) check_opening();
    } else if (probe) {
      check_opening();
    } else {
      ASSERT_EQ(breaker_.opens_at(), opened_until);
    }
  }

  void check_opening() {
    ASSERT_EQ(breaker_.opens_at() - now_, cooldown_);
    ASSERT_LE(cooldown_, rules.longest);
    cooldown_ = std::min(cooldown_ * 2, rules.longest);
    failures_ = 0;
  }

  std::mt19937_64& random_;
  Breaker breaker_{rules};
  TimePoint now_ = start;
  std::vector<char> under_way_;  // whether each is a probe
  int probes_ = 0;
  unsigned failures_ = 0;
  Duration cooldown_ = rules.cooldown;
};

TEST(Breaker, keeps_its_word_whatever_happens) {
  std::mt19937_64 random = seeded();
  RandomBreaker breaker(random);
  for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) breaker.step();
}

}  // namespace
}  // namespace sluice::traffic::breaker_test
