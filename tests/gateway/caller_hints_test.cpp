#include "gateway/caller_hints.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;

CallerHints hints(std::string_view retries, std::string_view timeout) {
  const std::vector<http::Field> fields{{"X-Stainless-Retry-Count", retries}, {"x-stainless-read-timeout", timeout}};
  return hints_of(fields);
}

TEST(CallerHints, are_read_where_clients_give_them) {
  const CallerHints given = hints("2", "30.5");
  EXPECT_EQ(given.retries, 2u);
  EXPECT_EQ(given.patience, 30'500ms);
}

TEST(CallerHints, that_are_garbled_or_absurd_count_as_not_given) {
  for (const std::string_view bad : {"", "x", "-1", "nan", "1e9", "0", "0.0000001"}) {
    EXPECT_FALSE(hints("1", bad).patience) << bad;
  }
  EXPECT_EQ(hints("-1", "1").retries, 0u);
  EXPECT_EQ(hints("99999999999999", "1").retries, 0u);
  EXPECT_EQ(hints_of({}).retries, 0u);
}

}  // namespace
}  // namespace sluice
