#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

// Every exchange with a provider of this dialect that is at hand: our own, and recordings where there are some.
namespace sluice::chat::recordings_test {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Counts = std::vector<std::uint64_t>;

const Codec& codec() { return *openai_responses().codec(); }

// Line ends between the values of a pretty-printed answer are no part of it; a stream cannot keep them.
std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

// The response object of an answer, of a stream the last event's.
ordered_json last_response(const Exchange& exchange) {
  if (!exchange.is_stream()) return ordered_json::parse(exchange.response);
  ordered_json found;
  http::SseReader reader;
  http::SseEvent event;
  std::string_view rest = exchange.response;
  while (reader.next(rest, event)) {
    const auto data = ordered_json::parse(event.data, nullptr, false);
    if (event.has_data && data.is_object() && data.contains("response")) found = data["response"];
    rest.remove_prefix(event.raw.size());
  }
  return found;
}

std::uint64_t number_at(const ordered_json& object, const char* pointer) {
  const ordered_json::json_pointer where(pointer);
  return object.contains(where) && object[where].is_number() ? object[where].get<std::uint64_t>() : 0;
}

// The counts that a usage object means, worked out by another reader: input, read, written, output, reasoning.
Counts expected_counts(const ordered_json& response) {
  if (!response.contains("usage") || !response["usage"].is_object()) return {};
  const ordered_json& usage = response["usage"];
  const std::uint64_t read = number_at(usage, "/input_tokens_details/cached_tokens");
  const std::uint64_t written = number_at(usage, "/input_tokens_details/cache_write_tokens");
  const std::uint64_t thought = number_at(usage, "/output_tokens_details/reasoning_tokens");
  const std::uint64_t input = number_at(usage, "/input_tokens");
  const std::uint64_t output = number_at(usage, "/output_tokens");
  const bool beside = thought > 0 && number_at(usage, "/total_tokens") == input + output + thought;
  return {input - std::min(input, read + written), read, written, beside ? output : output - std::min(output, thought),
          thought};
}

Ending expected_ending(const ordered_json& finish, bool calls) {
  if (finish.is_array()) {
    const auto reason = finish[1].get<std::string>();
    return {reason == "content_filter" ? Finish::content_filter : Finish::length, reason, {}};
  }
  const auto status = finish.get<std::string>();
  if (status != "completed") return {Finish::pause, status, {}};
  return {calls ? Finish::tool_calls : Finish::stop, status, {}};
}

bool has_calls(const Response& response) {
  const auto& parts = response.choices.at(0).parts;
  return std::any_of(parts.begin(), parts.end(),
                     [](const Part& part) { return std::holds_alternative<ToolCall>(part.what); });
}

void check_failure(const Exchange& exchange) {
  const Error error = openai_responses().decode_error(exchange.status(), exchange.response);
  const bool is_callers = error.outcome() == Outcome::client_error && error.fault() != Fault::upstream_failed;
  EXPECT_EQ(error.blame(), is_callers ? Blame::client : Blame::upstream) << exchange.name;
  EXPECT_NE(error.outcome(), Outcome::ok) << exchange.name;
  std::string out;
  openai_responses().encode_error(error, out);
  EXPECT_TRUE(json::accept(out)) << out;
}

void check_senses(const Exchange& exchange, const Response& response) {
  http::SseReader reader;
  http::SseEvent event;
  std::string_view rest = exchange.response;
  std::size_t ends = 0;
  std::optional<Usage> usage;
  while (reader.next(rest, event)) {
    const EventSense sense = openai_responses().sense(event);
    if (sense.usage) usage = sense.usage;
    if (sense.kind == EventSense::Kind::end && event.data != "[DONE]") ++ends;
    EXPECT_NE(sense.kind, EventSense::Kind::error) << event.raw;
    rest.remove_prefix(event.raw.size());
  }
  EXPECT_EQ(ends, 1U);
  EXPECT_EQ(usage, response.usage);
}

// Streams from the suites of others whose deltas were shortened by hand, so that they say less than their last event.
bool is_trimmed(const std::string& name) {
  return name == "openai_responses/sdk_phase_1_stream" || name == "openai_responses/sdk_shell_container_1_stream";
}

// The first answer of a recording that holds several in a row.
Exchange first_of(Exchange exchange) {
  const std::size_t end = exchange.response.find("\n\n", exchange.response.find("\"response.completed\""));
  const bool several = exchange.is_stream() && end != std::string::npos &&
                       exchange.response.find("\"response.created\"", end) != std::string::npos;
  if (!several) return exchange;
  exchange.response.resize(end + 2);
  exchange.meta["observed"] = {{"finish", "completed"}};  // what was observed is the last one's
  return exchange;
}

void check_answer(const Exchange& given) {
  const Exchange exchange = first_of(given);
  SCOPED_TRACE(exchange.name);
  const auto response = exchange.is_stream() ? fold(events_of(codec(), exchange.response))
                                             : codec().decode_response(on_one_line(exchange.response));
  if (exchange.is_stream()) expect_splits_do_not_matter(codec(), exchange.name, exchange.response);
  expect_damage_is_survived(codec(), exchange.name, exchange.response, exchange.is_stream());
  if (!exchange.observed("error").is_null()) {
    EXPECT_FALSE(response);
    return;
  }
  ASSERT_TRUE(response) << response.error().message();
  if (!is_trimmed(exchange.name)) expect_observed(exchange, *response);
  EXPECT_EQ(response->choices.at(0).ending, expected_ending(exchange.observed("finish"), has_calls(*response)));
  EXPECT_EQ(counts_of(response->usage), expected_counts(last_response(exchange)));
  expect_answer_survives(codec(), exchange.name, *response);
  if (exchange.is_stream()) {
    check_senses(exchange, *response);
  } else {
    EXPECT_EQ(openai_responses().usage_of(exchange.response), response->usage);
  }
}

void check_request(const Exchange& exchange) {
  if (exchange.request.empty()) return;
  SCOPED_TRACE(exchange.name);
  std::string scratch;
  const auto outline = openai_responses().outline({Task::chat}, exchange.request, scratch);
  ASSERT_TRUE(outline) << outline.error().message();
  expect_request_survives(codec(), exchange.name, exchange.request, std::string(outline->model), outline->stream);
}

void check(const Exchange& exchange) {
  check_request(exchange);
  if (exchange.is_good()) {
    check_answer(exchange);
  } else {
    check_failure(exchange);
  }
}

TEST(OpenAiResponsesRecordings, mean_what_was_observed_and_survive) {
  const auto is_ours = [](const Exchange& exchange) { return exchange.path().ends_with("/responses"); };
  std::size_t checked = 0;
  for (const char* const folder : {"openai_responses", "lmstudio_responses", "azure_openai", "xai", "deepseek",
                                   "openrouter", "bedrock_mantle_openai"}) {
    for (const Exchange& exchange : recorded(folder, is_ours)) {
      check(exchange);
      ++checked;
    }
  }
  std::cout << checked << " recorded exchanges checked\n";
}

TEST(OpenAiResponsesFixtures, mean_what_was_observed_and_survive) {
  for (const Exchange& exchange : own("openai_responses", [](const Exchange&) { return true; })) check(exchange);
}

}  // namespace
}  // namespace sluice::chat::recordings_test
