#include <gtest/gtest.h>

#include <iostream>

#include <sluice/chat/dialect.hpp>
#include <sluice/http/sse.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

// Recorded exchanges, and our own fixtures, through both halves of cohere_v2.
namespace sluice::chat::recordings_test {
namespace {

using nlohmann::ordered_json;
using Counts = std::vector<std::uint64_t>;

const Dialect& dialect() { return cohere_v2(); }
const Codec& codec() { return *cohere_v2().codec(); }

bool is_chat(const Exchange& exchange) { return exchange.path().ends_with("/chat"); }

std::vector<Exchange> all() {
  auto found = recorded("cohere_v2", is_chat);
  for (Exchange& exchange : own("cohere_v2", is_chat)) found.push_back(std::move(exchange));
  return found;
}

Result<Response> answer_of(const Exchange& exchange) {
  if (exchange.is_stream()) return fold(events_of(codec(), exchange.response));
  return codec().decode_response(exchange.response);
}

bool is_failed(const Exchange& exchange) {
  return exchange.observed("finish") == "ERROR" || !exchange.observed("error").is_null();
}

std::vector<Exchange> answers() {
  std::vector<Exchange> found;
  for (Exchange& exchange : all()) {
    if (exchange.is_good() && !is_failed(exchange)) found.push_back(std::move(exchange));
  }
  return found;
}

Finish finish_of(const std::string& raw) {
  if (raw == "MAX_TOKENS") return Finish::length;
  return raw == "TOOL_CALL" ? Finish::tool_calls : Finish::stop;
}

std::uint64_t number_at(const ordered_json& usage, const char* pointer) {
  const ordered_json::json_pointer where(pointer);
  return usage.contains(where) ? usage[where].get<std::uint64_t>() : 0;
}

Counts expected_counts(const ordered_json& usage) {
  if (!usage.is_object()) return {};
  const std::uint64_t cached = number_at(usage, "/cached_tokens");
  const std::uint64_t reasoning = number_at(usage, "/tokens/reasoning_tokens");
  return {number_at(usage, "/tokens/input_tokens") - cached, cached, 0,
          number_at(usage, "/tokens/output_tokens") - reasoning, reasoning};
}

TEST(CohereRecordings, of_answers_say_what_was_observed) {
  std::size_t count = 0;
  for (const Exchange& exchange : answers()) {
    const auto response = answer_of(exchange);
    ASSERT_TRUE(response) << exchange.name << ": " << response.error().message();
    expect_observed(exchange, *response);
    const Ending& ending = response->choices.at(0).ending;
    EXPECT_EQ(ending.raw, exchange.observed("finish").get<std::string>()) << exchange.name;
    EXPECT_EQ(ending.finish, finish_of(ending.raw)) << exchange.name;
    EXPECT_EQ(counts_of(response->usage), expected_counts(exchange.observed("usage"))) << exchange.name;
    EXPECT_FALSE(response->id.empty()) << exchange.name;
    ++count;
  }
  std::cout << count << " answers checked\n";
}

TEST(CohereRecordings, of_answers_survive) {
  for (const Exchange& exchange : answers()) {
    const auto response = answer_of(exchange);
    ASSERT_TRUE(response) << exchange.name;
    Response again = *response;
    // What was billed is made up where the answer came as a stream, which has no place for it.
    if (exchange.is_stream()) again.extras.push_back({"billed_units", {R"({"input_tokens":1})"}, "usage"});
    again.dialect = "cohere_v2";
    expect_answer_survives(codec(), exchange.name, again);
  }
}

TEST(CohereRecordings, of_requests_survive_and_are_outlined) {
  std::size_t count = 0;
  for (const Exchange& exchange : all()) {
    if (exchange.request.empty()) continue;
    std::string scratch;
    const auto outline = dialect().outline({Task::chat}, exchange.request, scratch);
    ASSERT_TRUE(outline) << exchange.name << ": " << outline.error().message();
    const auto parsed = ordered_json::parse(exchange.request);
    EXPECT_EQ(outline->model, parsed.value("model", ""));
    EXPECT_EQ(outline->stream, parsed.value("stream", false));
    expect_request_survives(codec(), exchange.name, exchange.request, std::string(outline->model), outline->stream);
    ++count;
  }
  std::cout << count << " requests checked\n";
}

TEST(CohereRecordings, of_streams_mean_the_same_however_they_are_split) {
  for (const Exchange& exchange : all()) {
    if (exchange.is_stream()) expect_splits_do_not_matter(codec(), exchange.name, exchange.response);
  }
}

TEST(CohereRecordings, survive_damage) {
  for (const Exchange& exchange : all()) {
    expect_damage_is_survived(codec(), exchange.name, exchange.response, exchange.is_stream());
  }
}

TEST(CohereRecordings, of_failures_decode_to_errors_a_caller_may_see) {
  std::size_t count = 0;
  for (const Exchange& exchange : all()) {
    const int status = exchange.status();
    if (exchange.is_good() && is_failed(exchange)) {
      const auto response = answer_of(exchange);
      ASSERT_FALSE(response) << exchange.name;
      EXPECT_TRUE(response.error().retryable()) << exchange.name;
    }
    if (status < 400) continue;
    const Error error = dialect().decode_error(status, exchange.response);
    EXPECT_NE(error.outcome(), Outcome::ok) << exchange.name;
    EXPECT_EQ(error.fault() == Fault::bad_request, status == 400 || status == 422 || status == 498) << exchange.name;
    EXPECT_EQ(error.retryable(), error.fault() != Fault::bad_request) << exchange.name;
    std::string out;
    dialect().encode_error(error, out);
    EXPECT_TRUE(ordered_json::accept(out)) << exchange.name;
    ++count;
  }
  std::cout << count << " failures checked\n";
}

TEST(CohereRecordings, of_streams_are_sensed) {
  for (const Exchange& exchange : all()) {
    if (!exchange.is_stream()) continue;
    http::SseReader reader;
    http::SseEvent event;
    std::string_view rest = exchange.response;
    std::optional<Usage> usage;
    bool failed = false;
    std::size_t ends = 0;
    for (; reader.next(rest, event); rest.remove_prefix(event.raw.size())) {
      const EventSense sense = dialect().sense(event);
      if (sense.usage) usage = sense.usage;
      failed = failed || sense.kind == EventSense::Kind::error;
      ends += sense.kind == EventSense::Kind::end ? 1 : 0;
    }
    EXPECT_EQ(failed, is_failed(exchange)) << exchange.name;
    EXPECT_EQ(ends, exchange.response.find("[DONE]") == std::string::npos ? 0U : 1U) << exchange.name;
    EXPECT_EQ(counts_of(usage), expected_counts(exchange.observed("usage"))) << exchange.name;
  }
}

}  // namespace
}  // namespace sluice::chat::recordings_test
