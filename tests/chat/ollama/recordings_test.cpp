#include <gtest/gtest.h>

#include <iostream>

#include <sluice/chat/dialect.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

// Recorded exchanges, and our own fixtures, through both halves of ollama.
namespace sluice::chat::recordings_test {
namespace {

using nlohmann::ordered_json;
using Counts = std::vector<std::uint64_t>;

const Dialect& dialect() { return ollama(); }
const Codec& codec() { return *ollama().codec(); }

bool is_chat(const Exchange& exchange) { return exchange.path() == "/api/chat"; }
bool is_prompt(const Exchange& exchange) { return exchange.path() == "/api/generate"; }

std::vector<Exchange> all(const Wanted& wanted) {
  auto found = recorded("ollama", wanted);
  for (Exchange& exchange : own("ollama", wanted)) found.push_back(std::move(exchange));
  return found;
}

Result<Response> answer_of(const Exchange& exchange) {
  if (exchange.is_stream()) return fold(events_of(codec(), exchange.response));
  return codec().decode_response(exchange.response);
}

// What nobody observed an end of has none.
bool is_failed(const Exchange& exchange) { return exchange.observed("finish").is_null(); }

std::vector<Exchange> answers(const Wanted& wanted) {
  std::vector<Exchange> found;
  for (Exchange& exchange : all(wanted)) {
    if (exchange.is_good() && !is_failed(exchange)) found.push_back(std::move(exchange));
  }
  return found;
}

Finish finish_of(const Exchange& exchange) {
  if (!exchange.observed("tool_calls").is_null()) return Finish::tool_calls;
  return exchange.observed("finish") == "length" ? Finish::length : Finish::stop;
}

Counts expected_counts(const ordered_json& usage) {
  if (!usage.is_object()) return {};
  return {usage.value("prompt_eval_count", 0U), 0, 0, usage.value("eval_count", 0U), 0};
}

TEST(OllamaRecordings, of_answers_say_what_was_observed) {
  std::size_t count = 0;
  for (const Exchange& exchange : answers(is_chat)) {
    const auto response = answer_of(exchange);
    ASSERT_TRUE(response) << exchange.name << ": " << response.error().message();
    expect_observed(exchange, *response);
    const Ending& ending = response->choices.at(0).ending;
    EXPECT_EQ(ending.raw, exchange.observed("finish").get<std::string>()) << exchange.name;
    EXPECT_EQ(ending.finish, finish_of(exchange)) << exchange.name;
    EXPECT_EQ(counts_of(response->usage), expected_counts(exchange.observed("usage"))) << exchange.name;
    EXPECT_FALSE(response->model.empty()) << exchange.name;
    EXPECT_GT(response->created, 1'700'000'000) << exchange.name;
    ++count;
  }
  std::cout << count << " answers checked\n";
}

TEST(OllamaRecordings, of_answers_survive) {
  for (const Exchange& exchange : answers(is_chat)) {
    auto response = answer_of(exchange);
    ASSERT_TRUE(response) << exchange.name;
    response->dialect = "ollama";
    expect_answer_survives(codec(), exchange.name, *response);
  }
}

TEST(OllamaRecordings, of_requests_survive_and_are_outlined) {
  std::size_t count = 0;
  for (const Exchange& exchange : all(is_chat)) {
    std::string scratch;
    const auto outline = dialect().outline({Task::chat}, exchange.request, scratch);
    ASSERT_TRUE(outline) << exchange.name << ": " << outline.error().message();
    const auto parsed = ordered_json::parse(exchange.request);
    EXPECT_EQ(outline->model, parsed.value("model", ""));
    EXPECT_EQ(outline->stream, !parsed.contains("stream") || parsed["stream"].is_null() || parsed["stream"] == true);
    expect_request_survives(codec(), exchange.name, exchange.request, std::string(outline->model), outline->stream);
    ++count;
  }
  std::cout << count << " requests checked\n";
}

TEST(OllamaRecordings, of_prompts_are_conversations_and_their_answers_are_metered) {
  std::size_t count = 0;
  for (const Exchange& exchange : answers(is_prompt)) {
    std::string scratch;
    const auto outline = dialect().outline({Task::completion}, exchange.request, scratch);
    ASSERT_TRUE(outline) << exchange.name;
    const auto request =
        dialect().caller_codec(Task::completion)->decode_request(exchange.request, outline->model, outline->stream);
    ASSERT_TRUE(request) << exchange.name;
    const auto parsed = ordered_json::parse(exchange.request);
    const Part& asked = request->messages.back().parts.at(0);
    EXPECT_EQ(std::get<Text>(asked.what).text, parsed["prompt"].get<std::string>()) << exchange.name;
    if (!exchange.is_stream()) {
      EXPECT_EQ(counts_of(dialect().usage_of(exchange.response)), expected_counts(exchange.observed("usage")));
    }
    ++count;
  }
  std::cout << count << " prompts checked\n";
}

TEST(OllamaRecordings, of_streams_mean_the_same_however_they_are_split) {
  for (const Exchange& exchange : all(is_chat)) {
    if (exchange.is_stream()) expect_splits_do_not_matter(codec(), exchange.name, exchange.response);
  }
}

TEST(OllamaRecordings, survive_damage) {
  for (const Exchange& exchange : all(is_chat)) {
    expect_damage_is_survived(codec(), exchange.name, exchange.response, exchange.is_stream());
  }
}

TEST(OllamaRecordings, of_failures_decode_to_errors_a_caller_may_see) {
  std::size_t count = 0;
  for (const Exchange& exchange : all(is_chat)) {
    const int status = exchange.status();
    if (exchange.is_good() && is_failed(exchange)) {
      const auto response = answer_of(exchange);
      ASSERT_FALSE(response) << exchange.name;
      EXPECT_TRUE(response.error().retryable()) << exchange.name;
    }
    if (status < 400) continue;
    const Error error = dialect().decode_error(status, exchange.response);
    EXPECT_NE(error.outcome(), Outcome::ok) << exchange.name;
    EXPECT_EQ(error.fault() == Fault::bad_request, status == 400) << exchange.name;
    EXPECT_EQ(error.retryable(), status != 400) << exchange.name;
    std::string out;
    dialect().encode_error(error, out);
    EXPECT_TRUE(ordered_json::accept(out)) << exchange.name;
    ++count;
  }
  std::cout << count << " failures checked\n";
}

TEST(OllamaRecordings, of_streams_are_sensed_line_by_line) {
  const auto is_stream = [](const Exchange& exchange) {
    return (is_chat(exchange) || is_prompt(exchange)) && exchange.is_stream();
  };
  for (const Exchange& exchange : all(is_stream)) {
    std::string_view rest = exchange.response;
    std::optional<Usage> usage;
    bool failed = false;
    std::size_t ends = 0;
    for (http::SseEvent event; dialect().next_frame(rest, event); rest.remove_prefix(event.raw.size())) {
      ASSERT_TRUE(event.has_data);
      EXPECT_EQ(ends, 0U) << exchange.name << ": nothing comes after the end";
      const EventSense sense = dialect().sense(event);
      if (sense.usage) usage = sense.usage;
      failed = failed || sense.kind == EventSense::Kind::error;
      ends += sense.kind == EventSense::Kind::end ? 1 : 0;
    }
    EXPECT_TRUE(rest.empty()) << exchange.name;
    EXPECT_EQ(failed, is_failed(exchange)) << exchange.name;
    EXPECT_EQ(ends, failed ? 0U : 1U) << exchange.name;
    EXPECT_EQ(counts_of(usage), expected_counts(exchange.observed("usage"))) << exchange.name;
  }
}

}  // namespace
}  // namespace sluice::chat::recordings_test
