#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/traffic/affinity.hpp>
#include <sluice/traffic/health.hpp>
#include <sluice/traffic/retry.hpp>
#include <sluice/traffic/waiting.hpp>

#include "traffic/errors.hpp"

namespace sluice::traffic {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};
constexpr int rounds = 50'000;

// The same work on two threads, which are numbered.
void on_two_threads(const std::function<void(unsigned)>& work) {
  std::thread other(work, 1);
  work(0);
  other.join();
}

TEST(HealthThreads, let_one_probe_through_at_a_time) {
  const auto health = make_health(Random({1, 2, 3, 4}));
  const BreakerRules at_once{.failures = 1, .cooldown = 0s, .longest = 0s};
  const auto lane = health->lane({"p", "", "m", "k"}, at_once);
  std::atomic<int> probes{0};
  std::atomic<int> too_many{0};
  on_two_threads([&](unsigned thread) {
    for (int i = 0; i < rounds; ++i) {
      auto pass = lane->enter(start);
      if (!pass) continue;
      const bool probe = pass->is_probe();
      if (probe && ++probes > 1) ++too_many;
      if (probe) --probes;
      const int end = (i + static_cast<int>(thread)) % 3;
      if (end == 0) pass->failed(i % 2 == 0 ? broken() : unreached(), start);
      if (end == 1) pass->succeeded(1ms, start);
    }
  });
  EXPECT_EQ(too_many, 0);
  EXPECT_EQ(lane->look(start).in_flight, 0u);
  EXPECT_NE(lane->look(start).closed, Closed::probing) << "every turn was given back";
}

TEST(HealthThreads, share_lanes_that_come_and_go) {
  const auto health = make_health(Random({1, 2, 3, 4}));
  const auto kept = health->lane({"p", "", "kept", "k"}, {});
  on_two_threads([&](unsigned thread) {
    TimePoint now = start;
    for (int i = 0; i < rounds / 10; ++i, now += 1ms) {
      const BreakerRules rules{.failures = static_cast<unsigned>(i % 5)};
      const auto lane = health->lane({"p", "", "m" + std::to_string(i % 7), "k" + std::to_string(thread)}, rules);
      if (auto pass = lane->enter(now)) {
        pass->cached(1, 2);
        i % 2 == 0 ? pass->succeeded(1ms, now) : pass->failed(limited(std::nullopt), now);
      }
      lane->note_remaining({.limit = 100, .left = 1}, now);
      if (auto pass = kept->enter(now)) pass->succeeded(2ms, now);
      if (i % 50 == 0) {
        EXPECT_GE(health->report(now).size(), 1u);
      }
    }
  });
  EXPECT_EQ(kept->look(start).in_flight, 0u);
  EXPECT_EQ(kept->look(start).first_token, 2ms);
  EXPECT_EQ(health->report(start).size(), 1u);
}

TEST(RetryBudgetThreads, never_take_more_than_there_is) {
  RetryBudget budget;
  std::atomic<std::uint64_t> taken{0};
  on_two_threads([&](unsigned) {
    for (int i = 0; i < rounds; ++i) {
      if (i % 2 == 0) budget.deposit();
      if (budget.withdraw()) ++taken;
    }
  });
  EXPECT_EQ(taken * 5 + budget.balance(), 15u + rounds) << "nothing was lost either";
}

TEST(AffinityTableThreads, find_only_what_was_remembered) {
  AffinityTable table({.conversations = 64, .keep = 1h});
  std::atomic<int> wrong{0};
  on_two_threads([&](unsigned thread) {
    for (std::uint64_t i = 0; i < rounds; ++i) {
      const std::uint64_t conversation = i * (thread + 1) % 200;
      table.remember(conversation, conversation * 3, start + std::chrono::nanoseconds(i));
      const auto lane = table.find((i + 1) % 200, start);
      if (lane && *lane != (i + 1) % 200 * 3) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(table.size(), 64u);
}

TEST(WaitingRoomThreads, are_served_one_at_a_time) {
  WaitingRoom room;
  std::atomic<int> inside{0};
  std::atomic<int> too_many{0};
  std::atomic<int> served{0};
  on_two_threads([&](unsigned) {
    for (int i = 0; i < rounds / 10; ++i) {
      auto place = room.enter(Priority::normal, 10);
      ASSERT_TRUE(place);
      while (!place->is_next()) std::this_thread::yield();
      if (++inside > 1) ++too_many;
      ++served;
      --inside;
    }
  });
  EXPECT_EQ(too_many, 0);
  EXPECT_EQ(served, rounds / 10 * 2);
  EXPECT_EQ(room.waiting(), 0u);
}

TEST(WaitingRoomThreads, never_wait_in_greater_numbers_than_there_are_places) {
  WaitingRoom room;
  std::atomic<int> too_many{0};
  on_two_threads([&](unsigned thread) {
    std::vector<WaitingRoom::Place> places;
    for (int i = 0; i < rounds; ++i) {
      if (auto place = room.enter(thread == 0 ? Priority::high : Priority::low, 6)) places.push_back(std::move(*place));
      if (room.waiting() > 6) ++too_many;
      if (places.size() > 3) places.clear();
    }
  });
  EXPECT_EQ(too_many, 0);
  EXPECT_EQ(room.waiting(), 0u);
}

}  // namespace
}  // namespace sluice::traffic
