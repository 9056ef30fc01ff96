#include "ledger/slots.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/record_codec.hpp"
#include "ledger/stores.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::slots_test {
namespace {

UsageRecord record_in(const Slots& slots, std::uint32_t slot) {
  UsageRecord record;
  EXPECT_TRUE(read_record(slots.look(slot).bytes, record));
  return record;
}

TEST(Slots, give_settled_records_in_order_and_are_free_again) {
  const test::Scratch scratch;
  LeftSlots left;
  const auto slots = taken(Slots::open(scratch.path("open"), left));
  std::vector<std::uint32_t> settled;
  for (int number = 0; number < 10; ++number) slots->settle(*slots->begin(a_record(-1)), a_record(number));
  EXPECT_EQ(slots->settled(), 10U);
  slots->take_settled(settled);
  ASSERT_EQ(settled.size(), 10U);
  for (int number = 0; number < 10; ++number)
    EXPECT_EQ(record_in(*slots, settled[static_cast<std::size_t>(number)]), a_record(number));
  slots->release(settled);
  EXPECT_EQ(slots->settled(), 0U);
  unsigned free = 0;
  while (slots->begin(a_record(1))) ++free;
  EXPECT_EQ(free, slots_at_first);
  EXPECT_TRUE(slots->few_free());
  taken(slots->grow());
  EXPECT_TRUE(slots->begin(a_record(1)));
  EXPECT_FALSE(slots->few_free());
}

TEST(Slots, hold_the_largest_record_twice) {
  LeftSlots left;
  const auto slots = taken(Slots::open("", left));
  UsageRecord large = a_record(1);
  large.tags.resize(100, {std::string(100, 'n'), std::string(100, 'v')});
  for (std::string* text : {&large.request_id, &large.key, &large.team, &large.organisation, &large.route,
                            &large.model_asked, &large.model, &large.provider, &large.endpoint, &large.error})
    *text = std::string(500, 'x');
  large.attempts.resize(200, large.attempts[0]);
  const auto one = slots->begin(large);
  const auto other = slots->begin(a_record(2));
  ASSERT_TRUE(one && other);
  slots->settle(*other, a_record(2));
  slots->settle(*one, large);
  EXPECT_EQ(record_in(*slots, *other), a_record(2));
  NanoUsd cost = 0;
  for (const AttemptRecord& attempt : record_in(*slots, *one).attempts) cost += attempt.cost;
  EXPECT_EQ(cost, 200 * 7);
}

TEST(Slots, give_up_what_lost_some_of_its_pages) {
  const test::Scratch scratch;
  const std::string path = scratch.path("open");
  {
    LeftSlots left;
    const auto slots = taken(Slots::open(path, left));
    slots->bound(*slots->begin(a_record(1)), 5);
    slots->bound(*slots->begin(a_record(2)), 6);
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4'096 + 64 + 20);
  file << "torn";
  file.close();
  LeftSlots left;
  const auto slots = taken(Slots::open(path, left));
  EXPECT_EQ(left.crashed, 1U);
  EXPECT_EQ(left.torn, 1U);
  EXPECT_EQ(left.crashed_cost, 6);
}

TEST(Slots, survive_any_bytes_in_their_file) {
  const test::Scratch scratch;
  const std::string path = scratch.path("open");
  std::mt19937 engine(4);
  for (int round = 0; round < 30; ++round) {
    {
      LeftSlots left;
      const auto slots = taken(Slots::open(path, left));
      for (int number = 0; number < 4; ++number) slots->bound(*slots->begin(a_record(number)), 5);
    }
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int change = 0; change < 200; ++change) {
      file.seekp(4'096 + static_cast<std::streamoff>(engine() % 5) * 8'192 +
                 static_cast<std::streamoff>(engine() % 100));
      file.put(static_cast<char>(engine() % 4));
    }
    file.close();
    LeftSlots left;
    const auto slots = taken(Slots::open(path, left));
    std::vector<std::uint32_t> settled;
    slots->take_settled(settled);
    EXPECT_EQ(settled.size(), left.settled + left.crashed);
    for (const std::uint32_t slot : settled) record_in(*slots, slot);
  }
}

TEST(Slots, leave_a_file_of_another_kind_as_it_is) {
  const test::Scratch scratch;
  const std::string letter = "Dear Sir, " + std::string(6'000, '.');
  const std::string path = scratch.write("open", letter);
  LeftSlots left;
  const auto refused = Slots::open(path, left);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find(path), std::string::npos);
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), letter);
}

}  // namespace
}  // namespace sluice::ledger::slots_test
