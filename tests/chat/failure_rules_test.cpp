#include <sluice/chat/failure_rules.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>

namespace sluice::chat {
namespace {

using namespace std::chrono_literals;

constexpr const char* bad_key = R"({"code":"invalid-argument","error":"Incorrect API key provided."})";

TEST(FailureRules, say_what_one_provider_means_where_its_dialect_would_have_it_otherwise) {
  const std::vector<FailureRule> rules{{400, "incorrect api key", "credential"}, {418, "", "overloaded"}};
  const auto meant = [&](int status, const std::string& body) {
    return by_rules(rules, status, body, openai_chat().decode_error(status, body));
  };
  EXPECT_EQ(meant(400, bad_key).code(), "upstream_auth");
  EXPECT_EQ(meant(400, bad_key).message().find("Incorrect"), std::string::npos) << "the operator's affair";
  EXPECT_EQ(meant(418, "{}").fault(), Fault::unavailable);
  EXPECT_EQ(meant(422, bad_key).fault(), Fault::bad_request) << "another status";
  EXPECT_EQ(meant(400, R"({"error":"odd"})").fault(), Fault::bad_request) << "other words";
}

TEST(FailureRules, keep_how_long_to_wait) {
  const Error limited = Error(Fault::bad_request, Blame::client, "x", "y").with_retry_after(7s);
  EXPECT_EQ(by_rules(std::vector<FailureRule>{{0, "slow", "rate"}}, 400, "Slow down", limited).retry_after(), 7s);
}

TEST(FailureRules, know_a_meaning_for_each_word) {
  std::set<std::pair<Fault, std::string>> meanings;
  const Error none(Fault::internal, Blame::gateway, "nothing", "nothing");
  for (const std::string_view word : failure_words()) {
    const Error error = by_rules(std::vector<FailureRule>{{0, "", std::string(word)}}, 400, "", none);
    EXPECT_NE(error.code(), "nothing") << word;
    meanings.insert({error.fault(), std::string(error.code())});
  }
  EXPECT_EQ(meanings.size(), failure_words().size()) << "each means something else";
  EXPECT_EQ(by_rules(std::vector<FailureRule>{{0, "", "odd"}}, 400, "", none).code(), "nothing");
}

}  // namespace
}  // namespace sluice::chat
