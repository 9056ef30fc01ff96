#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"
#include "chat/openai_chat/counts.hpp"

// The deep half of openai_chat on recorded exchanges of all providers that speak it, and on fixtures of our own.
namespace sluice::chat::recordings_test {
namespace {

const std::vector<std::string_view> folders{"alibaba_qwen",
                                            "azure_openai",
                                            "bedrock_mantle_openai",
                                            "cerebras",
                                            "deepseek",
                                            "gemini_openai_compat",
                                            "groq",
                                            "huggingface_router",
                                            "llamacpp",
                                            "mistral",
                                            "moonshot",
                                            "ollama",
                                            "openai_chat",
                                            "openrouter",
                                            "perplexity",
                                            "together",
                                            "vllm",
                                            "xai",
                                            "zai"};

const Codec& codec() { return *openai_chat().codec(); }

bool is_chat(const Exchange& exchange) { return exchange.path().ends_with("/chat/completions"); }

bool has_calls(const Choice& choice) {
  return std::any_of(choice.parts.begin(), choice.parts.end(),
                     [](const Part& part) { return std::holds_alternative<ToolCall>(part.what); });
}

Finish meant_by(const std::string& word, bool calls) {
  if (word == "length") return Finish::length;
  if (word == "content_filter") return Finish::content_filter;
  return calls || word == "tool_calls" || word == "function_call" ? Finish::tool_calls : Finish::stop;
}

void expect_finish(const Exchange& exchange, const Response& response) {
  SCOPED_TRACE(exchange.name);
  const auto& word = exchange.observed("finish");
  if (!word.is_string() || response.choices.empty()) return;
  const Choice& choice = response.choices.front();
  EXPECT_EQ(choice.ending.finish, meant_by(word.get<std::string>(), has_calls(choice)));
  EXPECT_FALSE(choice.ending.raw.empty());
}

void expect_usage(const Exchange& exchange, const Response& response) {
  const auto& usage = exchange.observed("usage");
  if (!usage.is_object()) return;
  EXPECT_EQ(counts_of(response.usage), expected_counts(nlohmann::json::parse(usage.dump()))) << exchange.name;
}

void expect_answer(const Exchange& exchange, const Response& response) {
  // The observer looked at the first choice alone.
  Response first = response;
  first.choices.resize(1);
  expect_observed(exchange, first);
  expect_finish(exchange, response);
  expect_usage(exchange, response);
  expect_answer_survives(codec(), exchange.name, response);
}

// Some that were written to be broken have nothing observed in them.
bool is_broken(const Exchange& exchange) {
  return !exchange.observed("error").is_null() || exchange.name.ends_with("stream_truncated") ||
         exchange.name.find("stream_error") != std::string::npos;
}

void check_stream(const Exchange& exchange) {
  const auto response = fold(events_of(codec(), exchange.response));
  EXPECT_EQ(static_cast<bool>(response), !is_broken(exchange)) << exchange.name;
  if (response) expect_answer(exchange, *response);
  expect_splits_do_not_matter(codec(), exchange.name, exchange.response);
  expect_damage_is_survived(codec(), exchange.name, exchange.response, true);
}

void check_answer(const Exchange& exchange) {
  const auto response = codec().decode_response(exchange.response);
  EXPECT_EQ(static_cast<bool>(response), exchange.observed("error").is_null()) << exchange.name;
  if (response) expect_answer(exchange, *response);
  expect_damage_is_survived(codec(), exchange.name, exchange.response, false);
}

void check_failure(const Exchange& exchange) {
  const Error error = openai_chat().decode_error(exchange.status(), exchange.response);
  const bool is_callers = error.outcome() == Outcome::client_error && error.fault() != Fault::upstream_failed;
  EXPECT_EQ(error.blame(), is_callers ? Blame::client : Blame::upstream) << exchange.name;
  EXPECT_NE(error.outcome(), Outcome::ok) << exchange.name;
}

void check_request(const Exchange& exchange) {
  const auto parsed = nlohmann::json::parse(exchange.request, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("messages") || exchange.status() == 400) return;
  const std::string model = parsed.value("model", std::string("m"));
  const auto stream = parsed.find("stream");
  expect_request_survives(codec(), exchange.name, exchange.request, model,
                          stream != parsed.end() && stream->is_boolean() && stream->get<bool>());
}

void check(const Exchange& exchange) {
  if (!exchange.request.empty()) check_request(exchange);
  if (!exchange.is_good()) {
    check_failure(exchange);
  } else if (exchange.is_stream()) {
    check_stream(exchange);
  } else {
    check_answer(exchange);
  }
}

class OpenAiChatRecordings : public testing::TestWithParam<std::string_view> {};

TEST_P(OpenAiChatRecordings, keep_their_meaning) {
  std::size_t checked = 0;
  for (const Exchange& exchange : recorded(GetParam(), is_chat)) {
    check(exchange);
    ++checked;
  }
  std::cout << checked << " exchanges of " << GetParam() << " checked\n";
}

INSTANTIATE_TEST_SUITE_P(Folders, OpenAiChatRecordings, testing::ValuesIn(folders),
                         [](const auto& folder) { return std::string(folder.param); });

TEST(OpenAiChatCodecFixtures, keep_their_meaning) {
  for (const Exchange& exchange : own("openai_chat", [](const Exchange&) { return true; })) check(exchange);
}

}  // namespace
}  // namespace sluice::chat::recordings_test
