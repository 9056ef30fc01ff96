#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/openai_chat/parts.hpp"

namespace sluice::chat::openai::usage_test {
namespace {

struct Case {
  std::string_view object;
  std::vector<std::uint64_t> counts;  // input, cache_read, cache_write, output, reasoning; empty: no usage
};

TEST(OpenAiUsage, makes_the_counts_disjoint) {
  const std::vector<Case> cases{
      {R"({"prompt_tokens":10,"completion_tokens":4,"total_tokens":14})", {10, 0, 0, 4, 0}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":7},"completion_tokens_details":{"reasoning_tokens":3}})",
       {3, 7, 0, 1, 3}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":null,"completion_tokens_details":null})",
       {10, 0, 0, 4, 0}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{},"completion_tokens_details":{"reasoning_tokens":null}})",
       {10, 0, 0, 4, 0}},
      {R"({"prompt_tokens":10,"prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":4,"completion_tokens":4})",
       {4, 6, 0, 4, 0}},
      {R"({"prompt_tokens":10,"prompt_cache_hit_tokens":6,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":6}})",
       {4, 6, 0, 4, 0}},
      {R"({"prompt_tokens":10,"prompt_cache_hit_tokens":6,"completion_tokens":4,"prompt_tokens_details":{"audio_tokens":0}})",
       {4, 6, 0, 4, 0}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"cached_tokens":2})", {8, 2, 0, 4, 0}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"num_cached_tokens":2})", {8, 2, 0, 4, 0}},
      {R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":5}})",
       {3, 2, 5, 4, 0}},
      {R"({"prompt_tokens":4,"total_tokens":4})", {4, 0, 0, 0, 0}},
      {R"({"total_tokens":4})", {4, 0, 0, 0, 0}},
      {R"({"type":"tokens","input_tokens":14,"output_tokens":5,"total_tokens":19})", {14, 0, 0, 5, 0}},
      {R"({"prompt_tokens":3,"completion_tokens":2,"input_tokens":9,"output_tokens":9})", {3, 0, 0, 2, 0}},
      {R"({"prompt_tokens":0,"completion_tokens":0})", {0, 0, 0, 0, 0}},
      {R"({"prompt_tokens":12.0,"completion_tokens":1e2})", {12, 0, 0, 100, 0}},
      {R"({"prompt_tokens":9007199254740992,"completion_tokens":0})", {9007199254740992, 0, 0, 0, 0}},
      {R"({"queue_time":0.01,"prompt_tokens":3,"completion_tokens":2,"cost":{"a":1.5}})", {3, 0, 0, 2, 0}},
  };
  for (const Case& c : cases) EXPECT_EQ(counts_of(read_usage(c.object)), c.counts) << c.object;
}

TEST(OpenAiUsage, never_goes_below_zero) {
  EXPECT_EQ(
      counts_of(read_usage(
          R"({"prompt_tokens":7,"completion_tokens":8,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":161},"completion_tokens_details":{"reasoning_tokens":9}})")),
      (std::vector<std::uint64_t>{0, 161, 0, 0, 9}));
}

TEST(OpenAiUsage, takes_reasoning_for_extra_where_the_total_says_so) {
  EXPECT_EQ(
      counts_of(read_usage(
          R"({"prompt_tokens":20,"completion_tokens":3,"total_tokens":123,"completion_tokens_details":{"reasoning_tokens":100}})")),
      (std::vector<std::uint64_t>{20, 0, 0, 3, 100}));
}

TEST(OpenAiUsage, is_nothing_when_a_count_cannot_be_used) {
  for (const std::string_view bad : {"-1", "1.5", "9007199254740993", "18446744073709551616", "1e300", "\"10\"", "true",
                                     "[]", "{}", "1e-400", "-1e300"}) {
    const std::string value(bad);
    for (const std::string& object :
         {R"({"completion_tokens":1,"prompt_tokens":)" + value + "}",
          R"({"prompt_tokens":1,"completion_tokens":)" + value + "}",
          R"({"prompt_tokens":1,"completion_tokens":1,"total_tokens":)" + value + "}",
          R"({"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":)" + value + "}}",
          R"({"prompt_tokens":1,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":)" + value + "}}",
          R"({"prompt_tokens":1,"completion_tokens":1,"prompt_cache_hit_tokens":)" + value + "}"}) {
      EXPECT_EQ(counts_of(read_usage(object)), std::vector<std::uint64_t>()) << object;
    }
  }
}

TEST(OpenAiUsage, is_nothing_when_there_is_no_count) {
  for (const std::string_view object :
       {"", "{}", "null", "[]", "3", R"({"prompt_tokens":null})", R"({"completion_tokens":3})",
        R"({"tokens_in":3,"tokens_out":4})", R"({"prompt_tokens":null,"completion_tokens":3,"total_tokens":5})",
        R"({"prompt_tokens":1,"prompt_tokens_details":[]})", R"({"prompt_tokens":1)"}) {
    EXPECT_FALSE(read_usage(object).has_value()) << object;
  }
}

}  // namespace
}  // namespace sluice::chat::openai::usage_test
