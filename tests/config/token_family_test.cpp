#include "config/token_family.hpp"

#include <gtest/gtest.h>

namespace sluice::config::token_family_test {
namespace {

TEST(TokenFamily, is_that_of_the_first_pattern_that_matches_in_any_case) {
  const TokenFamily& llama = token_family_of("meta-llama/Llama-3.3-70B-Instruct");
  EXPECT_EQ(llama.models, "*llama*");
  EXPECT_GT(llama.tools, 0u);
  EXPECT_EQ(&llama, &token_family_of("llama3.2"));
  EXPECT_EQ(token_family_of("gpt-oss-120b").models, "*gpt-oss*") << "more is said of it than of its neighbours";
}

TEST(TokenFamily, of_a_model_that_nobody_knows_is_the_last) { EXPECT_EQ(token_family_of("").models, "*"); }

TEST(TokenFamilies, of_a_text_with_a_mistake_say_which) {
  const std::string head = "# today\nmodels,prompt,message,tools,schema\n";
  EXPECT_EQ(read_token_families(head + "a*,1,2,3,4\n*,0,0,0,0\n").fault, "");
  const struct {
    std::string text;
    const char* fault;
  } cases[] = {
      {"", "line 0: the last is not for all"},
      {"models,prompt,message,tools,schema\n*,0,0,0,0\n", "line 1: its date and sources are missing"},
      {"# today\nmodel\n", "line 2: it does not name the columns"},
      {head + "*,0,0,0\n", "line 3: it is no pattern with four numbers of tokens"},
      {head + "*,0,0,0,0,0\n", "line 3: it is no pattern with four numbers of tokens"},
      {head + ",0,0,0,0\n", "line 3: it is no pattern with four numbers of tokens"},
      {head + "*,0,-1,0,0\n", "line 3: it is no pattern with four numbers of tokens"},
      {head + "*,0,0,0,10001\n", "line 3: it is no pattern with four numbers of tokens"},
      {head + "a*,1,2,3,4\n", "line 3: the last is not for all"},
      {head + "*,1,2,3,4\na*,1,2,3,4\n", "line 4: nothing gets here"},
      {head + "*,1,2,3,4", "line 3: it has no end"},
  };
  for (const auto& one : cases) EXPECT_EQ(read_token_families(one.text).fault, one.fault) << one.text;
}

}  // namespace
}  // namespace sluice::config::token_family_test
