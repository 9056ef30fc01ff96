#include "config/complaints.hpp"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(Complaint, is_one_line_that_editors_understand) {
  const Complaint complaint{3, 7, "server.listen", "found \"x\"", "write y"};
  EXPECT_EQ(complaint.text("a/b.yaml"), "a/b.yaml:3:7: server.listen: error: found \"x\"; write y");
}

TEST(Complaint, leaves_out_what_it_does_not_have) {
  EXPECT_EQ((Complaint{1, 1, "", "what", ""}).text("f"), "f:1:1: error: what");
}

TEST(Complaint, says_whether_it_is_an_error_or_a_warning) {
  EXPECT_EQ((Complaint{1, 2, "a", "what", "remedy", true}).text("f"), "f:1:2: a: warning: what; remedy");
  EXPECT_EQ((Complaint{1, 2, "a", "what", "remedy", false}).text("f"), "f:1:2: a: error: what; remedy");
}

TEST(Complaints, come_in_the_order_of_the_text) {
  Complaints complaints;
  complaints.error({2, 1}, "c", "", "");
  complaints.warning({1, 9}, "b", "", "");
  complaints.error({1, 2}, "a", "", "");
  complaints.error({2, 1}, "d", "", "");
  std::string order;
  for (const Complaint& complaint : std::move(complaints).in_order()) order += complaint.path;
  EXPECT_EQ(order, "abcd");
}

TEST(Complaints, are_told_to_be_more_when_there_are_too_many) {
  Complaints complaints;
  for (int i = 1; i <= 5'000; ++i) complaints.error({i, 1}, "p", "w", "r");
  const auto told = std::move(complaints).in_order();
  ASSERT_EQ(told.size(), 1'001u);
  EXPECT_FALSE(told.back().warning);
  EXPECT_EQ(told.back().what, "there are more problems than are told");
}

TEST(Complaints, never_lose_an_error_behind_warnings) {
  Complaints complaints;
  for (int i = 1; i <= 5'000; ++i) complaints.warning({i, 1}, "p", "w", "r");
  complaints.error({1, 1}, "p", "w", "r");
  Loaded loaded;
  loaded.complaints = std::move(complaints).in_order();
  EXPECT_FALSE(loaded.ok());
}

TEST(Complaints, never_turn_warnings_into_an_error) {
  Complaints complaints;
  for (int i = 1; i <= 5'000; ++i) complaints.warning({i, 1}, "p", "w", "r");
  Loaded loaded;
  loaded.complaints = std::move(complaints).in_order();
  EXPECT_TRUE(loaded.ok());
}

TEST(Quotes, escapes_and_cuts) {
  EXPECT_EQ(in_quotes("a\"b\n"), "\"a\\\"b\\n\"");
  EXPECT_EQ(in_quotes(std::string(80, 'x')), '"' + std::string(80, 'x') + '"');
  EXPECT_EQ(in_quotes(std::string(81, 'x')), '"' + std::string(80, 'x') + "...\"");
  // Never inside a character.
  EXPECT_EQ(in_quotes(std::string(79, 'x') + "\xE2\x82\xAC"), '"' + std::string(79, 'x') + "...\"");
}

TEST(Paths, put_unusual_names_into_brackets) {
  EXPECT_EQ(member_path("", "server"), "server");
  EXPECT_EQ(member_path("models", "gpt-*"), "models.gpt-*");
  EXPECT_EQ(member_path("models", "gpt-4.1"), "models[\"gpt-4.1\"]");
  EXPECT_EQ(member_path("models", ""), "models[\"\"]");
  EXPECT_EQ(member_path("models", "a\nb"), "models[\"a\\nb\"]");
  EXPECT_EQ(item_path("keys", 12), "keys[12]");
}

}  // namespace
}  // namespace sluice::config
