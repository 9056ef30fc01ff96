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

TEST(Usd, is_read_exactly_or_not_at_all) {
  EXPECT_EQ(usd_in("0"), 0);
  EXPECT_EQ(usd_in("0.000000001"), 1);
  EXPECT_EQ(usd_in("0.1"), 100'000'000);
  EXPECT_EQ(usd_in("1.10"), 1'100'000'000);
  EXPECT_EQ(usd_in("9223372035.999999999"), 9'223'372'035'999'999'999);
  for (const char* wrong : {"", ".", "1.", ".5", "1.0000000000", "-1", "+1", "1e3", " 1", "1 ", "1,5", "9223372036",
                            "99999999999999999999", "0x1"}) {
    EXPECT_FALSE(usd_in(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace sluice::ledger::money_test
