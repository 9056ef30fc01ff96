#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chat/events.hpp"

namespace sluice::chat {
namespace {

using Counts = std::vector<std::uint64_t>;

// What a stream is made of, one letter per event: c content, u usage only, e error, D end.
struct Stream {
  std::string_view file;
  std::string_view kinds;
  Counts last_usage;
};

std::string kinds_of(const std::vector<EventSense>& senses) {
  std::string kinds;
  for (const EventSense& sense : senses) kinds += "cueLD"[static_cast<std::size_t>(sense.kind)];
  return kinds;
}

TEST(OpenAiChatFixtures, mean_what_they_were_written_to_mean) {
  const std::vector<Stream> streams{
      {"plain.sse", "cccccD", {}},
      {"usage_asked.sse", "ccccuD", {19, 12, 0, 5, 4}},
      {"usage_on_last_choice.sse", "cccD", {10, 30, 0, 12, 0}},
      {"usage_in_extension.sse", "cccD", {17, 0, 0, 6, 0}},
      {"usage_every_chunk.sse", "cccD", {8, 0, 0, 2, 0}},
      {"usage_reasoning_beside.sse", "ccuD", {20, 0, 0, 3, 100}},
      {"usage_unreadable.sse", "cccuD", {}},
      {"tool_single.sse", "ccccD", {}},
      {"tool_parallel.sse", "ccccccuD", {88, 0, 0, 41, 0}},
      {"tool_split_arguments.sse", "cccccccccD", {}},
      {"refusal.sse", "ccccD", {}},
      {"two_choices.sse", "ccccccccuD", {12, 0, 0, 7, 0}},
      {"filtered_first_chunk.sse", "ccccD", {}},
      {"obfuscation.sse", "ccccuD", {5, 0, 0, 3, 0}},
      {"error_midway.sse", "cce", {}},
      {"error_first.sse", "e", {}},
      {"error_event.sse", "ce", {}},
      {"error_beside_choices.sse", "cce", {9, 0, 0, 1, 0}},
      {"error_as_text.sse", "e", {}},
      {"error_flat.sse", "ce", {}},
      {"error_null.sse", "cccD", {}},
      {"comments.sse", "cccD", {}},
      {"crlf.sse", "cccuD", {6, 0, 0, 4, 0}},
      {"truncated.sse", "cc", {}},
      {"several_data_lines.sse", "uD", {3, 0, 0, 2, 0}},
  };
  for (const Stream& stream : streams) {
    const auto senses = senses_of(fixture(std::string(stream.file)));
    EXPECT_EQ(kinds_of(senses), stream.kinds) << stream.file;
    Counts last;
    for (const EventSense& sense : senses) {
      if (sense.usage) last = counts_of(sense.usage);
    }
    EXPECT_EQ(last, stream.last_usage) << stream.file;
  }
}

struct Failure {
  std::string_view file;
  Fault fault;
  std::string_view code;
  bool retryable;
};

TEST(OpenAiChatFixtures, have_errors_that_decode) {
  const std::vector<Failure> failures{
      {"error_midway.sse", Fault::upstream_failed, "upstream_error", true},
      {"error_first.sse", Fault::rate_limited, "rate_limit_exceeded", true},
      {"error_event.sse", Fault::bad_request, "invalid_request", false},
      {"error_beside_choices.sse", Fault::upstream_failed, "upstream_error", true},
      {"error_as_text.sse", Fault::upstream_failed, "upstream_error", true},
      {"error_flat.sse", Fault::bad_request, "invalid_request", false},
  };
  for (const Failure& failure : failures) {
    const std::string stream = fixture(std::string(failure.file));
    const std::size_t data = stream.rfind("data: ") + 6;
    const Error error = openai_chat().decode_error(200, std::string_view(stream).substr(data));
    EXPECT_EQ(error.fault(), failure.fault) << failure.file;
    EXPECT_EQ(error.code(), failure.code) << failure.file;
    EXPECT_EQ(error.retryable(), failure.retryable) << failure.file;
    EXPECT_NE(error.message().find(": "), std::string::npos) << failure.file << ": " << error.message();
  }
}

}  // namespace
}  // namespace sluice::chat
