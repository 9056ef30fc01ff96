#include <sluice/http/message.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::http {
namespace {

TEST(Find, takes_the_first_field_of_that_name_in_any_case) {
  constexpr std::array<Field, 3> fields{{{"Host", "a"}, {"x-ONE", "1"}, {"X-One", "2"}}};
  EXPECT_EQ(find(fields, "X-one"), "1");
  EXPECT_EQ(find(fields, "host"), "a");
  EXPECT_FALSE(find(fields, "x-on"));
  EXPECT_FALSE(find({}, "host"));
}

TEST(MethodNames, are_those_of_the_wire) {
  EXPECT_EQ(to_string(Method::get), "GET");
  EXPECT_EQ(to_string(Method::del), "DELETE");
  EXPECT_EQ(to_string(Method::options), "OPTIONS");
}

TEST(Slices, keeps_pieces_in_order_and_leaves_out_empty_ones) {
  Slices slices("head");
  slices.add("");
  slices.add("body");
  ASSERT_EQ(slices.pieces().size(), 2u);
  EXPECT_EQ(slices.pieces()[0], "head");
  EXPECT_EQ(slices.pieces()[1], "body");
  EXPECT_EQ(slices.bytes(), 8u);
  EXPECT_TRUE(Slices("").pieces().empty());
}

TEST(SlicesDeathTest, ends_the_program_rather_than_lose_a_piece) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Slices slices;
  for (std::size_t i = 0; i < Slices::capacity; ++i) slices.add("x");
  EXPECT_EQ(slices.bytes(), Slices::capacity);
  EXPECT_DEATH(slices.add("one too many"), "");
}

}  // namespace
}  // namespace sluice::http
