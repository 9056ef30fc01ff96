#include "traffic/failure_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "traffic/seed.hpp"

namespace sluice::traffic::failure_window_test {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

void add(FailureWindow& window, int failures, int successes, TimePoint now) {
  for (int i = 0; i < failures; ++i) window.add(true, now);
  for (int i = 0; i < successes; ++i) window.add(false, now);
}

TEST(FailureWindow, needs_twenty_attempts_and_half_of_them_failed) {
  FailureWindow few;
  add(few, 19, 0, start);
  EXPECT_FALSE(few.is_shaky(start));
  few.add(true, start);
  EXPECT_TRUE(few.is_shaky(start));
  FailureWindow less;
  add(less, 0, 11, start);
  add(less, 9, 0, start);
  EXPECT_FALSE(less.is_shaky(start));
  add(less, 2, 0, start);
  EXPECT_TRUE(less.is_shaky(start));
}

TEST(FailureWindow, is_mostly_well_when_more_than_half_of_twenty_are) {
  FailureWindow window;
  add(window, 0, 15, start);
  EXPECT_FALSE(window.is_mostly_well(start)) << "too few to tell";
  add(window, 5, 0, start);
  EXPECT_TRUE(window.is_mostly_well(start));
  EXPECT_FALSE(window.is_mostly_well(start + 10s)) << "that is long ago";
  add(window, 10, 0, start);
  EXPECT_FALSE(window.is_mostly_well(start));
}

TEST(FailureWindow, is_shaky_until_fewer_than_a_quarter_fail) {
  FailureWindow window;
  add(window, 0, 60, start);
  add(window, 20, 0, start);
  EXPECT_FALSE(window.is_shaky(start)) << "a quarter does not make it so";
  FailureWindow shaky;
  add(shaky, 20, 0, start);
  ASSERT_TRUE(shaky.is_shaky(start));
  add(shaky, 0, 60, start + 1s);
  EXPECT_TRUE(shaky.is_shaky(start + 1s)) << "but does not end it either";
  shaky.add(false, start + 1s);
  EXPECT_FALSE(shaky.is_shaky(start + 1s));
}

TEST(FailureWindow, forgets_after_ten_seconds) {
  FailureWindow window;
  add(window, 20, 0, start);
  EXPECT_TRUE(window.is_shaky(start + 9s + 999ms));
  EXPECT_FALSE(window.is_shaky(start + 10s));
  EXPECT_FALSE(window.is_shaky(start + 1h));
  EXPECT_TRUE(window.is_shaky(start)) << "looking moves nothing";
  add(window, 19, 0, start + 10s);
  EXPECT_FALSE(window.is_shaky(start + 10s));
}

TEST(FailureWindow, ends_when_the_failures_have_left_it) {
  FailureWindow window;
  add(window, 20, 0, start);
  add(window, 0, 20, start + 5s);
  EXPECT_TRUE(window.is_shaky(start + 9s));
  EXPECT_FALSE(window.is_shaky(start + 10s));
}

TEST(FailureWindow, counts_what_comes_late_for_its_newest_second) {
  FailureWindow window;
  add(window, 10, 0, start + 1s);
  add(window, 10, 0, start);
  EXPECT_TRUE(window.is_shaky(start));
  EXPECT_TRUE(window.is_shaky(start + 10s));
  EXPECT_FALSE(window.is_shaky(start + 11s));
}

// The same, with every attempt kept, and every second looked at.
class Kept {
 public:
  void add(bool failed, std::int64_t second) {
    move_to(second);
    attempts_.emplace_back(second, failed);
    failures_ += failed ? 1 : 0;
    reconsider();
  }
  bool is_shaky(std::int64_t second) {
    move_to(second);
    return shaky_;
  }

 private:
  void move_to(std::int64_t second) {
    for (; second_ < second; ++second_) {
      while (!attempts_.empty() && attempts_.front().first <= second_ + 1 - 10) {
        failures_ -= attempts_.front().second ? 1 : 0;
        attempts_.pop_front();
      }
      reconsider();
    }
  }
  void reconsider() {
    if (attempts_.empty() || failures_ * 4 < attempts_.size()) shaky_ = false;
    if (attempts_.size() >= 20 && failures_ * 2 >= attempts_.size()) shaky_ = true;
  }
  std::deque<std::pair<std::int64_t, bool>> attempts_;
  std::size_t failures_ = 0;
  std::int64_t second_ = 0;
  bool shaky_ = false;
};

TEST(FailureWindow, agrees_with_books_that_keep_everything) {
  std::mt19937_64 random = seeded();
  FailureWindow window;
  Kept kept;
  std::chrono::milliseconds now = -100s;  // clocks may begin anywhere
  int shaky = 0;
  std::uint64_t of_ten = 5;  // so many fail
  for (int i = 0; i < steps; ++i) {
    if (random() % 100 == 0) of_ten = random() % 11;
    now += std::chrono::milliseconds(random() % 1000 == 0 ? random() % 15'000 : random() % 400);
    const bool failed = random() % 10 < of_ten;
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now).count() + 1'000;
    if (random() % 4 != 0) {
      window.add(failed, TimePoint(now));
      kept.add(failed, second);
    }
    ASSERT_EQ(window.is_shaky(TimePoint(now)), kept.is_shaky(second)) << i;
    shaky += window.is_shaky(TimePoint(now)) ? 1 : 0;
  }
  EXPECT_GT(shaky, steps / 10);
  EXPECT_LT(shaky, steps / 10 * 9);
}

}  // namespace
}  // namespace sluice::traffic::failure_window_test
