#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include <sluice/chat/dialect.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

// Recorded exchanges, and our own fixtures, through both halves of bedrock_converse.
namespace sluice::chat::recordings_test {
namespace {

using nlohmann::ordered_json;
using Counts = std::vector<std::uint64_t>;

const Dialect& dialect() { return bedrock_converse(); }
const Codec& codec() { return *bedrock_converse().codec(); }

bool is_converse(const Exchange& exchange) {
  return exchange.path().ends_with("/converse") || exchange.path().ends_with("/converse-stream");
}

std::vector<Exchange> all() {
  auto found = recorded("bedrock_converse", is_converse);
  for (Exchange& exchange : own("bedrock_converse", is_converse)) found.push_back(std::move(exchange));
  return found;
}

Result<Response> answer_of(const Exchange& exchange) {
  if (exchange.is_stream()) return fold(events_of(codec(), exchange.response));
  return codec().decode_response(exchange.response);
}

// Broken by whoever made them.
bool is_broken(const Exchange& exchange) {
  return exchange.name.find("_stream_") != std::string::npos && exchange.name.find("constructed") != std::string::npos;
}

std::vector<Exchange> answers() {
  std::vector<Exchange> found;
  for (Exchange& exchange : all()) {
    if (exchange.is_good() && !is_broken(exchange) && exchange.observed("error").is_null()) {
      found.push_back(std::move(exchange));
    }
  }
  return found;
}

// An observer counts calls of the provider's own tools too; those are no calls of ours.
Exchange without_own_tools(const Exchange& exchange) {
  Exchange bare = exchange;
  const ordered_json& calls = exchange.observed("tool_calls");
  if (!calls.is_array()) return bare;
  ordered_json kept = ordered_json::array();
  for (const auto& call : calls) {
    const std::string name = call.value("name", "");
    const bool is_own = name == "nova_code_interpreter" || name == "nova_grounding" || name == "own_search";
    if (!is_own) kept.push_back(call);
  }
  bare.meta["observed"]["tool_calls"] = kept;
  return bare;
}

Finish finish_of(const std::string& raw) {
  if (raw == "max_tokens" || raw == "model_context_window_exceeded") return Finish::length;
  if (raw == "tool_use") return Finish::tool_calls;
  if (raw == "guardrail_intervened" || raw == "content_filtered") return Finish::content_filter;
  if (raw.starts_with("malformed")) return Finish::error;
  return Finish::stop;
}

TEST(BedrockRecordings, of_answers_say_what_was_observed) {
  std::size_t count = 0;
  for (const Exchange& exchange : answers()) {
    const auto response = answer_of(exchange);
    ASSERT_TRUE(response) << exchange.name << ": " << response.error().message();
    // Its observer did not read the texts that have citations.
    if (exchange.name != "bedrock_converse/citations_2") expect_observed(without_own_tools(exchange), *response);
    ASSERT_EQ(response->choices.size(), 1U) << exchange.name;
    const Ending& ending = response->choices[0].ending;
    if (exchange.observed("finish").is_string()) {
      EXPECT_EQ(ending.raw, exchange.observed("finish").get<std::string>()) << exchange.name;
      EXPECT_EQ(ending.finish, finish_of(ending.raw)) << exchange.name;
    }
    Counts wanted;
    if (const auto& usage = exchange.observed("usage"); usage.is_object()) {
      const auto of = [&](const char* name) { return usage.value(name, std::uint64_t{0}); };
      wanted = {of("inputTokens"), of("cacheReadInputTokens"), of("cacheWriteInputTokens"), of("outputTokens"), 0};
    }
    EXPECT_EQ(counts_of(response->usage), wanted) << exchange.name;
    ++count;
  }
  std::cout << count << " answers checked\n";
}

TEST(BedrockRecordings, of_answers_survive) {
  for (const Exchange& exchange : answers()) {
    const auto response = answer_of(exchange);
    ASSERT_TRUE(response) << exchange.name;
    // A block of thinking without anything in it has no streamed form.
    if (exchange.response.find(R"("reasoningContent": {})") != std::string::npos) continue;
    expect_answer_survives(codec(), exchange.name, *response);
  }
}

TEST(BedrockRecordings, of_requests_survive_and_are_outlined) {
  std::size_t count = 0;
  for (const Exchange& exchange : all()) {
    if (exchange.request.empty() || exchange.name.find("invoke") != std::string::npos) continue;
    const bool stream = exchange.path().ends_with("stream");
    const Asked asked{Task::chat, "some.model-v1:0", stream};
    std::string scratch;
    const auto outline = dialect().outline(asked, exchange.request, scratch);
    ASSERT_TRUE(outline) << exchange.name << ": " << outline.error().message();
    EXPECT_EQ(outline->model, asked.model);
    EXPECT_EQ(outline->stream, stream);
    expect_request_survives(codec(), exchange.name, exchange.request, "some.model-v1:0", stream);
    ++count;
  }
  std::cout << count << " requests checked\n";
}

TEST(BedrockRecordings, of_streams_mean_the_same_however_they_are_split) {
  for (const Exchange& exchange : all()) {
    if (exchange.is_stream()) expect_splits_do_not_matter(codec(), exchange.name, exchange.response);
  }
}

TEST(BedrockRecordings, survive_damage) {
  for (const Exchange& exchange : all()) {
    expect_damage_is_survived(codec(), exchange.name, exchange.response, exchange.is_stream());
  }
}

TEST(BedrockRecordings, of_broken_streams_end_in_an_error) {
  std::size_t count = 0;
  for (const Exchange& exchange : all()) {
    if (!exchange.is_stream() || !is_broken(exchange)) continue;
    EXPECT_FALSE(answer_of(exchange)) << exchange.name;
    ++count;
  }
  std::cout << count << " broken streams checked\n";
}

TEST(BedrockRecordings, of_failures_decode_to_errors_a_caller_may_see) {
  std::size_t count = 0;
  for (const Exchange& exchange : all()) {
    const int status = exchange.status();
    if (status < 400) continue;
    const Error error = dialect().decode_error(status, exchange.response);
    EXPECT_NE(error.outcome(), Outcome::ok) << exchange.name;
    const bool is_callers = status == 400;
    EXPECT_EQ(error.fault() == Fault::bad_request || error.fault() == Fault::not_found, is_callers) << exchange.name;
    EXPECT_EQ(error.blame() == Blame::client, is_callers) << exchange.name;
    EXPECT_EQ(error.retryable(), !is_callers || error.fault() == Fault::not_found) << exchange.name;
    std::string out;
    dialect().encode_error(error, out);
    EXPECT_TRUE(ordered_json::accept(out)) << exchange.name;
    ++count;
  }
  std::cout << count << " failures checked\n";
}

TEST(BedrockRecordings, of_streams_are_framed_and_sensed) {
  for (const Exchange& exchange : all()) {
    if (!exchange.is_stream() || is_broken(exchange)) continue;
    std::string_view rest = exchange.response;
    http::SseEvent event;
    std::size_t ends = 0;
    bool failed = false;
    std::optional<Usage> usage;
    while (!rest.empty()) {
      ASSERT_TRUE(dialect().next_frame(rest, event)) << exchange.name;
      ASSERT_FALSE(event.raw.empty()) << exchange.name;
      const EventSense sense = dialect().sense(event);
      ends += sense.kind == EventSense::Kind::end ? 1 : 0;
      failed = failed || sense.kind == EventSense::Kind::error;
      if (sense.usage) usage = sense.usage;
      rest.remove_prefix(event.raw.size());
    }
    EXPECT_EQ(failed, !exchange.observed("error").is_null()) << exchange.name;
    EXPECT_EQ(ends, exchange.observed("usage").is_object() ? 1U : 0U) << exchange.name;
    EXPECT_EQ(usage.has_value(), exchange.observed("usage").is_object()) << exchange.name;
  }
}

}  // namespace
}  // namespace sluice::chat::recordings_test
