#include <sluice/base/text.hpp>

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

TEST(GlobMatches, lets_a_star_stand_for_any_run) {
  EXPECT_TRUE(glob_matches("gpt-*", "gpt-5-mini"));
  EXPECT_TRUE(glob_matches("gpt-*", "gpt-"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(glob_matches("exact", "exact"));
  EXPECT_FALSE(glob_matches("gpt-*", "gpt"));
  EXPECT_FALSE(glob_matches("exact", "exactly"));
  EXPECT_FALSE(glob_matches("a*b", "a-b-c"));
  EXPECT_FALSE(glob_matches("", "x"));
}

TEST(GlobMatches, stays_linear_on_many_stars) {
  const std::string text(20'000, 'a');
  EXPECT_FALSE(glob_matches("a*a*a*a*a*a*a*a*b", text));
}

TEST(ParseDecimal, takes_digits_and_nothing_else) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", "+1", "-1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(AppendJsonEscaped, escapes_what_json_forbids_and_repairs_what_is_not_utf8) {
  const auto escaped = [](std::string_view text) {
    std::string out;
    append_json_escaped(out, text);
    return out;
  };
  EXPECT_EQ(escaped("plain"), "plain");
  EXPECT_EQ(escaped("a\"b\\c"), "a\\\"b\\\\c");
  EXPECT_EQ(escaped("a\nb\tc\x01"), "a\\nb\\tc\\u0001");
  EXPECT_EQ(escaped("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(escaped("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(escaped("\xff"), "\\ufffd");
  EXPECT_EQ(escaped("\xc3"), "\\ufffd");
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");  // a surrogate
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\u0000");
}

TEST(NearestName, finds_what_was_meant_and_nothing_else) {
  constexpr std::array<std::string_view, 3> known{"providers", "models", "server"};
  EXPECT_EQ(nearest_name("provider", known), "providers");
  EXPECT_EQ(nearest_name("modles", known), "models");
  EXPECT_FALSE(nearest_name("xyzzy", known));
}

TEST(EditDistance, counts_a_swap_as_one) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("antrhopic", "anthropic"), 1u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(EqualsIgnoringCase, compares_ascii_only) {
  EXPECT_TRUE(equals_ignoring_case("Content-Type", "content-type"));
  EXPECT_FALSE(equals_ignoring_case("content-type", "content_type"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

TEST(Hex, is_two_digits_for_each_byte) {
  const std::array<std::uint8_t, 4> bytes{0x00, 0x0f, 0xa0, 0xff};
  EXPECT_EQ(hex(bytes), "000fa0ff");
  EXPECT_EQ(hex({}), "");
}

}  // namespace
}  // namespace sluice
