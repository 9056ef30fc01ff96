#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <sluice/chat/dialect.hpp>
#include <sluice/http/sse.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

// The exchanges of the project's own and, where SLUICE_RECORDINGS names them, those recorded with providers.
namespace sluice::chat::recordings_test {
namespace {

using nlohmann::ordered_json;

const Codec& codec() { return *anthropic_messages().codec(); }

bool is_ours(const Exchange& exchange) { return exchange.path() == "/v1/messages"; }

// Bodies of this dialect that somebody else serves; the frames of their streams are not ours.
bool is_invoked(const Exchange& exchange) {
  return exchange.name.find("invoke_anthropic") != std::string::npos && !exchange.is_stream();
}

// The messages of a stream: some recordings hold several answers, one behind the other.
std::vector<std::string> messages_of(std::string_view stream) {
  std::vector<std::string> messages(1);
  http::SseReader reader;
  http::SseEvent event;
  bool ended = false;
  while (reader.next(stream, event)) {
    if (ended && event.has_data) {
      messages.emplace_back();
      ended = false;
    }
    messages.back() += event.raw;
    if (event.has_data) ended = anthropic_messages().sense(event).kind == EventSense::Kind::end;
    stream.remove_prefix(event.raw.size());
  }
  messages.back() += stream;
  return messages;
}

std::uint64_t count(const ordered_json& usage, const char* pointer) {
  const ordered_json::json_pointer where(pointer);
  return usage.contains(where) && usage[where].is_number() ? usage[where].get<std::uint64_t>() : 0;
}

void expect_usage(const ordered_json& said, const std::optional<Usage>& read) {
  if (!said.is_object()) return;
  ASSERT_TRUE(read);
  EXPECT_EQ(read->input, count(said, "/input_tokens"));
  EXPECT_EQ(read->cache_read, count(said, "/cache_read_input_tokens"));
  EXPECT_EQ(read->cache_write, count(said, "/cache_creation_input_tokens"));
  EXPECT_EQ(read->all_output(), count(said, "/output_tokens"));
  EXPECT_EQ(read->reasoning, count(said, "/output_tokens_details/thinking_tokens"));
}

Finish meaning_of(const std::string& word) {
  if (word == "tool_use") return Finish::tool_calls;
  if (word == "max_tokens" || word == "model_context_window_exceeded") return Finish::length;
  if (word == "refusal") return Finish::content_filter;
  return word == "pause_turn" ? Finish::pause : Finish::stop;
}

void expect_answer(const Exchange& exchange, const Response& response) {
  SCOPED_TRACE(exchange.name);
  expect_observed(exchange, response);
  expect_usage(exchange.observed("usage"), response.usage);
  const auto& finish = exchange.observed("finish");
  ASSERT_EQ(response.choices.size(), 1u);
  if (!finish.is_string()) return;
  EXPECT_EQ(response.choices[0].ending.raw, finish.get<std::string>());
  EXPECT_EQ(response.choices[0].ending.finish, meaning_of(finish.get<std::string>()));
}

bool is_broken(const std::string& name) {
  for (const char* const word : {"error", "spliced", "truncated"}) {
    if (name.find(word) != std::string::npos) return name.find("tool_error") == std::string::npos;
  }
  return false;
}

void check_stream(const Exchange& exchange) {
  SCOPED_TRACE(exchange.name);
  const auto messages = messages_of(exchange.response);
  for (const std::string& message : messages) {
    const auto response = fold(events_of(codec(), message));
    if (is_broken(exchange.name)) {
      EXPECT_FALSE(response);
      EXPECT_TRUE(response || response.error().retryable());
      continue;
    }
    ASSERT_TRUE(response) << response.error().message();
    if (messages.size() == 1) expect_answer(exchange, *response);
    expect_answer_survives(codec(), exchange.name, *response);
  }
  for (const std::string& message : messages) expect_splits_do_not_matter(codec(), exchange.name, message);
  expect_damage_is_survived(codec(), exchange.name, exchange.response, true);
}

void check_answer(const Exchange& exchange) {
  SCOPED_TRACE(exchange.name);
  const auto response = codec().decode_response(exchange.response);
  ASSERT_TRUE(response) << response.error().message();
  expect_answer(exchange, *response);
  EXPECT_EQ(anthropic_messages().usage_of(exchange.response), response->usage);
  expect_answer_survives(codec(), exchange.name, *response);
  expect_damage_is_survived(codec(), exchange.name, exchange.response, false);
}

void check_failure(const Exchange& exchange) {
  SCOPED_TRACE(exchange.name);
  const Error error = anthropic_messages().decode_error(exchange.status(), exchange.response);
  EXPECT_FALSE(error.code().empty());
  const bool is_callers = exchange.status() == 400 || exchange.status() == 413;
  EXPECT_EQ(error.retryable(), !is_callers || error.code() == "insufficient_quota");
  std::string body;
  anthropic_messages().encode_error(error, body);
  EXPECT_TRUE(ordered_json::accept(body)) << body;
}

void check(const Exchange& exchange) {
  if (!exchange.is_good()) {
    check_failure(exchange);
  } else if (exchange.is_stream()) {
    check_stream(exchange);
  } else {
    check_answer(exchange);
  }
  if (exchange.request.empty()) return;
  const auto body = ordered_json::parse(exchange.request);
  const bool stream = body.value("stream", ordered_json(false)) == true;
  const std::string model = body.value("model", "of-the-path");
  expect_request_survives(codec(), exchange.name, exchange.request, model, stream);
}

TEST(AnthropicMessagesRecordings, mean_what_was_observed) {
  for (const Exchange& exchange : recorded("anthropic_messages", is_ours)) check(exchange);
}

TEST(AnthropicMessagesRecordings, are_read_where_others_serve_the_dialect) {
  for (const Exchange& exchange : recorded("bedrock_invoke", is_invoked)) check(exchange);
}

TEST(AnthropicMessages_fixtures, mean_what_they_were_written_to_mean) {
  for (const Exchange& exchange : own("anthropic_messages", is_ours)) check(exchange);
}

// ---- Seen from outside

// What the events of a stream are, one letter each: c content, u usage only, e error, D end; and the last usage.
std::string senses(std::string_view stream, std::optional<Usage>& usage) {
  std::string kinds;
  http::SseReader reader;
  http::SseEvent event;
  while (reader.next(stream, event)) {
    const EventSense sense = anthropic_messages().sense(event);
    if (event.has_data) kinds += "cueLD"[static_cast<std::size_t>(sense.kind)];
    if (sense.usage) usage = sense.usage;
    stream.remove_prefix(event.raw.size());
  }
  return kinds;
}

TEST(AnthropicMessages_fixtures, are_sensed_without_being_decoded) {
  const auto expect = [](const std::string& name, const std::string& kinds, std::vector<std::uint64_t> counts) {
    for (const Exchange& exchange : own("anthropic_messages", is_ours)) {
      if (exchange.name != "anthropic_messages/" + name) continue;
      std::optional<Usage> usage;
      EXPECT_EQ(senses(exchange.response, usage), kinds) << name;
      EXPECT_EQ(counts_of(usage), counts) << name;
    }
  };
  expect("stream", "cccccccD", {14, 0, 0, 9, 0});
  expect("stream_without_names", "cccccD", {0, 0, 0, 3, 0});
  expect("thinking_stream", std::string(12, 'c') + "D", {31, 0, 0, 6, 22});
  expect("error_first", "e", {});
  expect("error_midway", "ccce", {11, 0, 0, 1, 0});
  expect("called_by_code", "cD", {11, 0, 0, 1, 0});
}

}  // namespace
}  // namespace sluice::chat::recordings_test
