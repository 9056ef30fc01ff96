#include "gateway/tariff_memory.hpp"

#include <gtest/gtest.h>

namespace sluice::tariff_memory_test {
namespace {

class Memory : public testing::Test {
 protected:
  const Tariff* find(const std::string& provider, const std::string& name) {
    return memory_.find(
        provider, name,
        [&] {
          ++asked_;
          return name == "free" ? std::nullopt : std::optional(Tariff{{.rates = {.input = 1}}, name});
        },
        room_);
  }

  TariffMemory memory_;
  std::optional<Tariff> room_;
  int asked_ = 0;
};

TEST_F(Memory, looks_a_name_up_once) {
  const Tariff* const first = find("north", "big");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(find("north", "big"), first);
  EXPECT_EQ(find("north", "free"), nullptr);
  EXPECT_EQ(find("north", "free"), nullptr);
  EXPECT_EQ(asked_, 2);
  EXPECT_FALSE(room_);
}

TEST_F(Memory, tells_providers_apart) {
  EXPECT_NE(find("north", "big"), find("south", "big"));
  EXPECT_EQ(asked_, 2);
}

TEST_F(Memory, is_not_filled_by_callers_who_make_up_names) {
  const Tariff* const first = find("north", "0");
  for (int i = 1; i < 5'000; ++i) ASSERT_EQ(find("north", std::to_string(i))->version, std::to_string(i));
  ASSERT_TRUE(room_);
  EXPECT_EQ(room_->version, "4999");
  EXPECT_EQ(find("north", "0"), first);
  EXPECT_EQ(first->version, "0");
}

}  // namespace
}  // namespace sluice::tariff_memory_test
