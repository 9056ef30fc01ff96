#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

// Recorded exchanges of this dialect, and the project's own fixtures, through the same checks.
namespace sluice::chat {
namespace {

using nlohmann::ordered_json;

bool is_about_content(const Exchange& exchange) { return exchange.path().find("enerateContent") != std::string::npos; }

bool is_streamed(const Exchange& exchange) {
  return exchange.is_stream() || exchange.path().find(":streamGenerateContent") != std::string::npos;
}

// The name between "models/" and the method.
std::string model_of(const Exchange& exchange) {
  const std::string path = exchange.path();
  const std::size_t begin = path.find("models/") + 7;
  return path.substr(begin, path.rfind(':') - begin);
}

std::vector<Exchange> exchanges() {
  std::vector<Exchange> all = own("gemini", [](const Exchange&) { return true; });
  for (const char* const folder : {"gemini_generate_content", "vertex_gemini"}) {
    for (Exchange& exchange : recorded(folder, is_about_content)) all.push_back(std::move(exchange));
  }
  return all;
}

// The chunks of an answer, or its one body, as another reader finds them.
std::vector<ordered_json> chunks_of(const Exchange& exchange) {
  std::vector<ordered_json> chunks;
  if (exchange.extension == "sse") {
    http::SseReader reader;
    http::SseEvent event;
    std::string_view rest = exchange.response;
    while (reader.next(rest, event)) {
      if (event.has_data) chunks.push_back(ordered_json::parse(event.data));
      rest.remove_prefix(event.raw.size());
    }
    return chunks;
  }
  const ordered_json body = ordered_json::parse(exchange.response);
  if (!body.is_array()) return {body};
  for (const auto& chunk : body) chunks.push_back(chunk);
  return chunks;
}

std::uint64_t count(const ordered_json& usage, const char* name) {
  return usage.contains(name) ? usage[name].get<std::uint64_t>() : 0;
}

std::vector<std::uint64_t> expected_counts(const std::vector<ordered_json>& chunks) {
  std::vector<std::uint64_t> counts;
  for (const ordered_json& chunk : chunks) {
    if (!chunk.contains("usageMetadata") || !chunk["usageMetadata"].contains("promptTokenCount")) continue;
    const ordered_json& usage = chunk["usageMetadata"];
    const std::uint64_t prompt = count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount");
    const std::uint64_t cached = count(usage, "cachedContentTokenCount");
    counts = {prompt - cached, cached, 0, count(usage, "candidatesTokenCount"), count(usage, "thoughtsTokenCount")};
  }
  return counts;
}

Finish expected_finish(const std::string& word, bool has_calls) {
  if (word == "STOP" || word == "1") return has_calls ? Finish::tool_calls : Finish::stop;
  if (word == "MAX_TOKENS" || word == "2") return Finish::length;
  return word == "UNEXPECTED_TOOL_CALL" || word == "MALFORMED_FUNCTION_CALL" ? Finish::error : Finish::content_filter;
}

// The pieces of streamed calls were written down one by one: they are compared in a test of their own.
Exchange without_pieces(Exchange exchange) {
  if (exchange.response.find("\"partialArgs\"") != std::string::npos) exchange.meta["observed"].erase("tool_calls");
  return exchange;
}

Result<Response> answer_of(const Exchange& exchange) {
  const Codec& codec = *gemini().codec();
  return is_streamed(exchange) ? fold(events_of(codec, exchange.response)) : codec.decode_response(exchange.response);
}

void check_answer(const Exchange& exchange) {
  SCOPED_TRACE(exchange.name);
  const auto answer = answer_of(exchange);
  ASSERT_TRUE(answer) << answer.error().message();
  expect_observed(without_pieces(exchange), *answer);
  EXPECT_EQ(counts_of(answer->usage), expected_counts(chunks_of(exchange)));
  ASSERT_FALSE(answer->choices.empty());
  const Choice& choice = answer->choices.front();
  const bool has_calls = std::any_of(choice.parts.begin(), choice.parts.end(),
                                     [](const Part& part) { return std::holds_alternative<ToolCall>(part.what); });
  const ordered_json& finish = exchange.observed("finish");
  const std::string word = finish.is_string() ? finish.get<std::string>() : finish.is_null() ? "" : finish.dump();
  EXPECT_EQ(choice.ending.finish, expected_finish(word, has_calls)) << word;
  std::set<std::string> ids;
  for (const Part& part : choice.parts) {
    const auto* const call = std::get_if<ToolCall>(&part.what);
    if (call == nullptr) continue;
    EXPECT_TRUE(ids.insert(call->id).second && !call->id.empty()) << call->id;
    EXPECT_TRUE(nlohmann::json::parse(call->arguments).is_object()) << call->arguments;
  }
  expect_answer_survives(*gemini().codec(), exchange.name, *answer);
}

void check_failure(const Exchange& exchange) {
  SCOPED_TRACE(exchange.name);
  const int status = exchange.status();
  const Error error = gemini().decode_error(status, exchange.response);
  EXPECT_NE(error.outcome(), Outcome::ok);
  const bool bad_key = exchange.response.find("API_KEY_INVALID") != std::string::npos;
  const bool retryable = bad_key || status == 401 || status == 403 || status == 404 || status == 429 || status >= 500;
  EXPECT_EQ(error.retryable(), retryable) << error.message();
  EXPECT_EQ(error.retry_after().has_value(), status == 429);
  EXPECT_EQ(error.code() == "upstream_auth", bad_key || status == 403);
  std::string out;
  gemini().encode_error(error, out);
  EXPECT_TRUE(nlohmann::json::accept(out)) << out;
}

TEST(GeminiRecordings, mean_what_was_observed_and_survive) {
  std::size_t answers = 0;
  std::size_t failures = 0;
  for (const Exchange& exchange : exchanges()) {
    if (!exchange.is_good()) {
      check_failure(exchange);
      ++failures;
    } else if (exchange.observed("error").is_null()) {
      check_answer(exchange);
      ++answers;
    }
  }
  std::cout << answers << " answers and " << failures << " failures checked\n";
}

TEST(GeminiRecordings, have_requests_that_survive) {
  std::size_t requests = 0;
  for (const Exchange& exchange : exchanges()) {
    if (exchange.request.empty() || exchange.status() == 400) continue;
    std::string scratch;
    const std::string model = model_of(exchange);
    const auto outline = gemini().outline({Task::chat, model, is_streamed(exchange)}, exchange.request, scratch);
    ASSERT_TRUE(outline) << exchange.name << ": " << outline.error().message();
    EXPECT_EQ(outline->model, model);
    expect_request_survives(*gemini().codec(), exchange.name, exchange.request, model, is_streamed(exchange));
    ++requests;
  }
  std::cout << requests << " requests checked\n";
}

TEST(GeminiRecordings, of_streams_may_be_split_anywhere) {
  for (const Exchange& exchange : exchanges()) {
    if (!is_streamed(exchange)) continue;
    expect_splits_do_not_matter(*gemini().codec(), exchange.name, exchange.response);
  }
}

TEST(GeminiRecordings, may_be_damaged) {
  for (const Exchange& exchange : exchanges()) {
    expect_damage_is_survived(*gemini().codec(), exchange.name, exchange.response, is_streamed(exchange));
  }
}

TEST(GeminiRecordings, of_streams_end_in_the_last_event_and_count_as_their_answers) {
  std::size_t streams = 0;
  for (const Exchange& exchange : exchanges()) {
    if (exchange.extension != "sse" || !exchange.is_good() || !exchange.observed("error").is_null()) continue;
    http::SseReader reader;
    http::SseEvent event;
    std::string_view rest = exchange.response;
    std::vector<EventSense> senses;
    while (reader.next(rest, event)) {
      if (event.has_data) senses.push_back(gemini().sense(event));
      rest.remove_prefix(event.raw.size());
    }
    ASSERT_FALSE(senses.empty()) << exchange.name;
    for (std::size_t i = 0; i < senses.size(); ++i) {
      const auto expected = i + 1 == senses.size() ? EventSense::Kind::end : EventSense::Kind::content;
      EXPECT_EQ(senses[i].kind, expected) << exchange.name << ", event " << i;
    }
    EXPECT_EQ(counts_of(senses.back().usage), expected_counts(chunks_of(exchange))) << exchange.name;
    ++streams;
  }
  std::cout << streams << " streams sensed\n";
}

// Puts the pieces of streamed arguments together another way: as JSON pointers of one document.
nlohmann::json assembled(const std::vector<ordered_json>& chunks, std::size_t wanted) {
  nlohmann::json arguments = nlohmann::json::object();
  std::size_t call = 0;
  for (const ordered_json& chunk : chunks) {
    const ordered_json::json_pointer where("/candidates/0/content/parts");
    if (!chunk.contains(where)) continue;
    for (const ordered_json& part : chunk[where]) {
      if (!part.contains("functionCall")) continue;
      const ordered_json& piece = part["functionCall"];
      if (piece.contains("name")) ++call;
      if (call != wanted + 1) continue;
      if (piece.contains("args")) arguments = nlohmann::json::parse(piece["args"].dump());
      for (const ordered_json& value : piece.value("partialArgs", ordered_json::array())) {
        std::string path = value["jsonPath"].get<std::string>().substr(1);
        std::replace(path.begin(), path.end(), '.', '/');
        std::replace(path.begin(), path.end(), '[', '/');
        path.erase(std::remove(path.begin(), path.end(), ']'), path.end());
        nlohmann::json& target = arguments[nlohmann::json::json_pointer(path)];
        if (value.contains("numberValue")) {
          target = value["numberValue"].get<double>();
        } else {
          target = (target.is_string() ? target.get<std::string>() : "") + value["stringValue"].get<std::string>();
        }
      }
    }
  }
  return arguments;
}

TEST(GeminiRecordings, of_streamed_arguments_come_together) {
  std::size_t calls = 0;
  for (const Exchange& exchange : exchanges()) {
    if (exchange.response.find("\"partialArgs\"") == std::string::npos) continue;
    const auto answer = answer_of(exchange);
    ASSERT_TRUE(answer) << exchange.name;
    const std::vector<ordered_json> chunks = chunks_of(exchange);
    std::size_t number = 0;
    for (const Part& part : answer->choices.front().parts) {
      const auto* const call = std::get_if<ToolCall>(&part.what);
      if (call == nullptr) continue;
      EXPECT_EQ(nlohmann::json::parse(call->arguments), assembled(chunks, number++)) << exchange.name;
      ++calls;
    }
  }
  std::cout << calls << " streamed calls checked\n";
}

}  // namespace
}  // namespace sluice::chat
