#include "app/demo_words.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(DemoWords, counts_runs_of_anything_but_white_space) {
  EXPECT_EQ(count_words(""), 0u);
  EXPECT_EQ(count_words(" \n\t "), 0u);
  EXPECT_EQ(count_words("one"), 1u);
  EXPECT_EQ(count_words("  one\ttwo,three\n four "), 3u);
}

TEST(DemoWords, pieces_put_together_are_the_text) {
  for (const std::string text : {"", "a", " a", "a ", "  a \n b\t\tc  ", "   "}) {
    std::string whole;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = end_of_word(text, at);
      ASSERT_GT(end, at);
      whole += text.substr(at, end - at);
      at = end;
    }
    EXPECT_EQ(whole, text);
  }
}

TEST(DemoWords, the_first_words_end_where_the_last_of_them_ends) {
  EXPECT_EQ(first_words("You said: a b", 3), "You said: a");
  EXPECT_EQ(first_words("You said: a b", 4), "You said: a b");
  EXPECT_EQ(first_words("You said: a b", 99), "You said: a b");
  EXPECT_EQ(first_words("You said: a b", 0), "");
}

TEST(DemoWords, a_name_is_mentioned_only_as_a_whole_identifier) {
  EXPECT_TRUE(mentions("please call get_weather.", "get_weather"));
  EXPECT_TRUE(mentions("get", "get"));
  EXPECT_TRUE(mentions("forget it, get it", "get"));
  EXPECT_FALSE(mentions("forget it", "get"));
  EXPECT_FALSE(mentions("get_weather", "get"));
  EXPECT_FALSE(mentions("anything", ""));
}

}  // namespace
}  // namespace sluice::app
