#include <sluice/ledger/money.hpp>

#include <gtest/gtest.h>

namespace sluice::ledger::money_test {
namespace {

TEST(Usd, is_exact_and_has_two_places_at_least) {
  EXPECT_EQ(usd(0), "0.00");
  EXPECT_EQ(usd(1), "0.000000001");
  EXPECT_EQ(usd(1'234'000), "0.001234");
  EXPECT_EQ(usd(12 * one_usd + one_usd / 2), "12.50");
  EXPECT_EQ(usd(500 * one_usd), "500.00");
  EXPECT_EQ(usd(INT64_MAX), "9223372036.854775807");
  EXPECT_EQ(usd(-1), "0.00");
}

}  // namespace
}  // namespace sluice::ledger::money_test
