#include "chat/timestamps.hpp"

#include <gtest/gtest.h>

namespace sluice::chat {
namespace {

TEST(Timestamps, are_read_with_fractions_and_offsets) {
  EXPECT_EQ(read_timestamp("1970-01-01T00:00:01Z"), 1);
  EXPECT_EQ(read_timestamp("2024-02-29T23:59:59.999999999Z"), 1'709'251'199);
  EXPECT_EQ(read_timestamp("2024-03-01T01:59:59.5+02:00"), 1'709'251'199);
  EXPECT_EQ(read_timestamp("2024-02-29T15:29:59-08:30"), 1'709'251'199);
}

TEST(Timestamps, are_nothing_when_they_are_malformed) {
  for (const char* const text :
       {"", "2024-02-29", "2024-02-29T23:59:59", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01 00:00:00Z", "2024-01-01T00:00:00+2:00", "2024-01-01T00:00:00x", "1969-12-31T23:59:59Z"}) {
    EXPECT_EQ(read_timestamp(text), 0) << text;
  }
}

TEST(Timestamps, are_written_as_they_are_read) {
  for (const std::int64_t seconds : {std::int64_t{1}, std::int64_t{1'709'251'199}, std::int64_t{253'402'300'799}}) {
    EXPECT_EQ(read_timestamp(timestamp_of(seconds)), seconds);
  }
  EXPECT_EQ(timestamp_of(1'709'251'199), "2024-02-29T23:59:59Z");
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{253'402'300'800}}) {
    EXPECT_EQ(timestamp_of(seconds), "");
  }
}

}  // namespace
}  // namespace sluice::chat
