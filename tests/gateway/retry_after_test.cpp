#include "gateway/retry_after.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::retry_after_test {
namespace {

using std::chrono::milliseconds;
using Wait = std::optional<milliseconds>;

// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
const UtcTime now = std::chrono::system_clock::from_time_t(784111777);

Wait seconds(std::string_view value) {
  const std::array<http::Field, 1> fields{{{"Retry-After", value}}};
  return retry_after_of(fields, now);
}

TEST(RetryAfter, reads_every_form_it_is_sent_in) {
  EXPECT_EQ(seconds("2"), Wait(2000));
  EXPECT_EQ(seconds("0.25"), Wait(250));
  EXPECT_EQ(seconds("Sun, 06 Nov 1994 08:49:42 GMT"), Wait(5000));
}

TEST(RetryAfter, prefers_milliseconds) {
  const std::array<http::Field, 2> fields{{{"retry-after", "5"}, {"retry-after-ms", "1500"}}};
  EXPECT_EQ(retry_after_of(fields, now), Wait(1500));
}

TEST(RetryAfter, falls_back_to_seconds_when_the_milliseconds_are_of_no_use) {
  const std::array<http::Field, 2> fields{{{"retry-after-ms", "0"}, {"retry-after", "3"}}};
  EXPECT_EQ(retry_after_of(fields, now), Wait(3000));
}

TEST(RetryAfter, counts_useless_values_as_absent) {
  for (const char* value : {"", "0", "-1", "soon", "1 2", "nan", "inf", "1e3", "0x5", "Sun, 06 Nov 1994 08:49:37 GMT",
                            "Sat, 05 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:42 GMT trailing"}) {
    EXPECT_FALSE(seconds(value)) << value;
  }
  EXPECT_FALSE(retry_after_of({}, now));
}

TEST(RetryAfter, waits_a_minute_at_most) {
  EXPECT_EQ(seconds("3600"), Wait(60'000));
  EXPECT_EQ(seconds("1000000000"), Wait(60'000));
  EXPECT_EQ(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Wait(60'000));
  EXPECT_EQ(seconds("Mon, 07 Nov 1994 08:49:37 GMT"), Wait(60'000));
}

TEST(ShouldRetry, is_what_the_provider_says_in_one_of_two_words) {
  const auto said = [](std::string_view value) {
    const std::array<http::Field, 1> fields{{{"X-Should-Retry", value}}};
    return should_retry(fields);
  };
  EXPECT_EQ(said("true"), true);
  EXPECT_EQ(said("false"), false);
  EXPECT_EQ(said("perhaps"), std::nullopt);
  EXPECT_EQ(should_retry({}), std::nullopt);
}

}  // namespace
}  // namespace sluice::retry_after_test
