#include "chat/json_scalars.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::chat::json {
namespace {

TEST(JsonScalars, measure_numbers) {
  const std::vector<std::pair<std::string_view, std::size_t>> cases{
      {"0", 1},      {"-0.5e-3,", 7},  {"12 ", 2},    {"1e5}", 3}, {"1E+5]", 4}, {"3:", 1},
      {"1e-999", 6}, {"0e999", 5},     {"1e308", 5},  {"", 0},     {"-", 0},     {"01", 0},
      {"1.", 0},     {".1", 0},        {"1e", 0},     {"1e-", 0},  {"1x", 0},    {"1\"", 0},
      {"1e309", 0},  {"-1e999999", 0}, {"1e+400", 0}, {"x", 0},    {"1.2.3", 0}, {"1\x80", 0},
  };
  for (const auto& [text, length] : cases) {
    const Number number = read_number(text);
    EXPECT_EQ(number.length, length) << text;
    EXPECT_EQ(number.problem.empty(), length != 0) << text;
  }
}

TEST(JsonScalars, refuse_numbers_longer_than_64_characters) {
  EXPECT_EQ(read_number(std::string(64, '9')).length, 64U);
  EXPECT_EQ(read_number(std::string(65, '9')).problem, "a number is too long");
  EXPECT_EQ(read_number("0." + std::string(5'000'000, '9')).problem, "a number is too long");
}

TEST(JsonScalars, point_at_the_first_wrong_escape) {
  const std::vector<std::pair<std::string_view, int>> cases{
      {R"(ab\n\"\\\/\b\f\r\t\u00e9\uD83C\uDF0A)", -1},
      {R"(\\u12)", -1},
      {R"(ab\q)", 2},
      {R"(\n\)", 2},
      {R"(\u12)", 0},
      {R"(\u12g4)", 0},
      {R"(x\ud800)", 1},
      {R"(x\ud800\n)", 1},
      {R"(x\ud800\u0041)", 1},
      {R"(x\ud800\ud800)", 1},
      {R"(\n\udc00)", 2},
  };
  for (const auto& [text, wrong] : cases) {
    const Escapes escapes = check_escapes(text);
    EXPECT_TRUE(escapes.any) << text;
    EXPECT_EQ(escapes.wrong, wrong < 0 ? nullptr : text.data() + wrong) << text;
  }
  EXPECT_FALSE(check_escapes("plain").any);
}

TEST(JsonScalars, unescape_every_width_of_character) {
  std::string out = "> ";
  unescape(R"(\u0041\u00e9\u20ac\ud83c\udf0a\uffff\u0000|\"\\\/\b\f\n\r\t)", out);
  EXPECT_EQ(out, std::string("> A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8C\x8A\xEF\xBF\xBF\0|\"\\/\b\f\n\r\t", 25));
}

}  // namespace
}  // namespace sluice::chat::json
