#include "gateway/limit_fields.hpp"

#include <gtest/gtest.h>

namespace sluice::limit_fields_test {
namespace {

using namespace std::chrono_literals;

std::string reset_in(Duration duration) {
  std::array<char, 40> room;
  return std::string(go_duration(duration, room));
}

std::string usd(ledger::NanoUsd amount) {
  std::array<char, 32> room;
  return std::string(usd_text(amount, room));
}

TEST(GoDuration, is_what_clients_parse) {
  EXPECT_EQ(reset_in(0s), "0s");
  EXPECT_EQ(reset_in(-1s), "0s");
  EXPECT_EQ(reset_in(1us), "1ms");
  EXPECT_EQ(reset_in(12ms), "12ms");
  EXPECT_EQ(reset_in(1s), "1s");
  EXPECT_EQ(reset_in(1s + 1ms), "2s");
  EXPECT_EQ(reset_in(6min), "6m0s");
  EXPECT_EQ(reset_in(1h + 3s), "1h0m3s");
}

TEST(UsdText, has_at_most_nine_places_and_no_empty_ones) {
  EXPECT_EQ(usd(0), "0");
  EXPECT_EQ(usd(1), "0.000000001");
  EXPECT_EQ(usd(12'000), "0.000012");
  EXPECT_EQ(usd(3 * ledger::one_usd), "3");
  EXPECT_EQ(usd(ledger::one_usd * 12 + ledger::one_usd / 2), "12.5");
}

}  // namespace
}  // namespace sluice::limit_fields_test
