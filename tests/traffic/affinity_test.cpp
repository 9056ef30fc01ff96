#include <sluice/traffic/affinity.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <unordered_map>
#include <utility>

#include "telemetry/counting_new.hpp"
#include "traffic/seed.hpp"

namespace sluice::traffic {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

TEST(AffinityTable, finds_where_a_conversation_was_answered_last) {
  AffinityTable table;
  EXPECT_FALSE(table.find(1, start));
  table.remember(1, 10, start);
  table.remember(2, 20, start);
  table.remember(1, 11, start + 1s);
  EXPECT_EQ(table.find(1, start + 2s), 11u);
  EXPECT_EQ(table.find(2, start + 2s), 20u);
  EXPECT_EQ(table.size(), 2u);
}

TEST(AffinityTable, forgets_after_its_time) {
  AffinityTable table({.conversations = 16, .keep = 30min});
  table.remember(1, 10, start);
  EXPECT_TRUE(table.find(1, start + 30min - 1ns));
  EXPECT_FALSE(table.find(1, start + 30min));
  table.remember(1, 10, start + 20min);
  EXPECT_TRUE(table.find(1, start + 30min)) << "counted from the last turn";
}

TEST(AffinityTable, is_not_set_back_by_a_turn_that_reports_late) {
  AffinityTable table({.conversations = 16, .keep = 30min});
  table.remember(1, 10, start);
  table.remember(1, 11, start - 1s);
  EXPECT_EQ(table.find(1, start + 30min - 1ns), 11u);
}

TEST(AffinityTable, takes_any_number_for_a_conversation_or_a_lane) {
  AffinityTable table({.conversations = 8, .keep = 30min});
  table.remember(0, 0, start);
  table.remember(UINT64_MAX, UINT64_MAX, start);
  EXPECT_EQ(table.find(0, start), 0u);
  EXPECT_EQ(table.find(UINT64_MAX, start), UINT64_MAX);
  EXPECT_FALSE(table.find(1, start));
}

TEST(AffinityTable, works_at_any_size) {
  for (const std::size_t conversations : {0, 1, 2, 3, 8, 9, 100, 512, 5'000}) {
    AffinityTable table({.conversations = conversations, .keep = 1h});
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      table.remember(i, i * 3, start + i * 1ns);
      ASSERT_EQ(table.find(i, start + i * 1ns), i * 3) << conversations;
    }
    EXPECT_LE(table.size(), std::max<std::size_t>(conversations, 1) * 2 - 1) << "up to the next power of two";
    EXPECT_GE(table.size(), conversations);
  }
}

TEST(AffinityTable, keeps_nearly_all_when_half_of_it_is_used) {
  AffinityTable table;
  for (std::uint64_t i = 0; i < 32'768; ++i) table.remember(i << 20, i, start + i * 1us);
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < 32'768; ++i) found += table.find(i << 20, start + 1s).has_value() ? 1 : 0;
  EXPECT_GT(found, 32'768u * 98 / 100);
}

TEST(AffinityTable, asks_for_no_memory_once_it_is_there) {
  AffinityTable table({.conversations = 1'024, .keep = 30min});
  const std::uint64_t before = allocations_of_this_thread();
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    table.remember(i, i, start);
    static_cast<void>(table.find(i / 2, start));
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

// Eight conversations find their places among each other, so this is exact.
TEST(AffinityTable, pushes_out_the_one_that_was_quiet_for_longest) {
  std::mt19937_64 random = seeded();
  constexpr Duration keep = 300us;
  AffinityTable table({.conversations = 8, .keep = keep});
  struct Known {
    std::uint64_t conversation;
    std::uint64_t lane;
    TimePoint last;
  };
  std::list<Known> known;  // quiet for longest first
  TimePoint now = start;
  for (int i = 0; i < steps; ++i) {
    now += std::chrono::microseconds(1 + random() % 50);
    const std::uint64_t conversation = random() % 12;
    auto found =
        std::find_if(known.begin(), known.end(), [=](const Known& one) { return one.conversation == conversation; });
    const bool there = found != known.end() && now - found->last < keep;
    ASSERT_EQ(table.find(conversation, now), there ? std::optional(found->lane) : std::nullopt) << i;
    if (random() % 2 == 0) continue;
    if (found != known.end()) known.erase(found);
    if (known.size() == 8) known.pop_front();
    known.push_back({conversation, random(), now});
    table.remember(conversation, known.back().lane, now);
    ASSERT_EQ(table.size(), known.size());
  }
}

TEST(AffinityTable, never_names_a_wrong_lane_nor_one_after_its_time) {
  std::mt19937_64 random = seeded();
  constexpr Duration keep = 20ms;
  AffinityTable table({.conversations = 1'024, .keep = keep});
  std::unordered_map<std::uint64_t, std::pair<std::uint64_t, TimePoint>> all;
  TimePoint now = start;
  std::uint64_t found = 0;
  for (int i = 0; i < steps; ++i) {
    now += std::chrono::microseconds(random() % 50);
    const std::uint64_t conversation = random() % 4'096;
    if (const auto lane = table.find(conversation, now)) {
      ++found;
      ASSERT_EQ(*lane, all.at(conversation).first);
      ASSERT_LT(now - all.at(conversation).second, keep);
    }
    const std::uint64_t lane = random() % 5;
    table.remember(conversation, lane, now);
    all[conversation] = {lane, now};
    ASSERT_EQ(table.find(conversation, now), lane);
    ASSERT_LE(table.size(), 1'024u);
  }
  EXPECT_GT(found, std::uint64_t{steps} / 20);
}

}  // namespace
}  // namespace sluice::traffic
