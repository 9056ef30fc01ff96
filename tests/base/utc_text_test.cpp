#include <sluice/base/utc_text.hpp>

#include <gtest/gtest.h>

namespace sluice::utc_text_test {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime new_year = UtcTime(std::chrono::sys_days(std::chrono::January / 1 / 2026));

TEST(UtcText, is_rfc_3339_in_utc) {
  EXPECT_EQ(utc_text(new_year), "2026-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(new_year - 1ns), "2025-12-31T23:59:59Z");
}

TEST(ParseUtc, reads_what_is_written) {
  for (const Duration offset : {Duration(0s), Duration(59 * 24h), Duration(-400 * 24h + 7s)}) {
    EXPECT_EQ(parse_utc(utc_text(new_year + offset)), new_year + offset);
  }
}

TEST(ParseUtc, minds_offsets_and_fractions) {
  EXPECT_EQ(parse_utc("2026-01-01T01:00:00+01:00"), new_year);
  EXPECT_EQ(parse_utc("2025-12-31T18:30:00-05:30"), new_year);
  EXPECT_EQ(parse_utc("2026-01-01t00:00:00.25z"), new_year + 250ms);
}

TEST(ParseUtc, is_written_as_it_was_read) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2030-01-31T12:00:00Z"})
    EXPECT_EQ(utc_text(*parse_utc(text)), text);
  EXPECT_EQ(utc_text(*parse_utc("2030-01-31T12:00:00.123456+02:00")), "2030-01-31T10:00:00Z");
  EXPECT_EQ(utc_text(*parse_utc("2030-01-31t12:00:00-00:30")), "2030-01-31T12:30:00Z");
}

TEST(ParseUtc, takes_nothing_else) {
  for (const char* text :
       {"", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Z ", "26-01-01T00:00:00Z", "2026-01-01T00:00:00+0100",
        "9999-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2030-01-31T12:60:00Z", "2030-01-31T12:00:00+2:00",
        "2030-01-31T12:00:00Zx"}) {
    EXPECT_EQ(parse_utc(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::utc_text_test
