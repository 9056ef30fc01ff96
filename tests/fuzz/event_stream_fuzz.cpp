#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/http/event_stream.hpp>

#include "fuzz/input.hpp"

// AWS's event stream. A fuzzer does not find checksums that are right, so most of its inputs are given them here: what
// is wrong then lies behind them.
namespace {

using namespace sluice;
using fuzz::require;

void append_number(std::string& out, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_frame(std::string_view bytes) {
  http::Frame frame;
  if (http::read_frame(bytes, frame) != http::FrameStep::done) return;
  require(!frame.raw.empty() && frame.raw.data() == bytes.data() && lies_within(frame.raw, bytes));
  for (const std::string_view part :
       {frame.message_type, frame.name, frame.error_message, frame.content_type, frame.payload}) {
    require(lies_within(part, frame.raw));
  }
}

// Anything as headers and payload, which may claim to be longer than they are.
void check_headers(std::string_view bytes, std::size_t headers) {
  std::string whole;
  append_number(whole, 16 + bytes.size());
  append_number(whole, headers);
  append_number(whole, http::crc32_of(whole));
  whole += bytes;
  append_number(whole, http::crc32_of(whole));
  http::Frame frame;
  const http::FrameStep step = http::read_frame(whole, frame);
  require(step == (headers > bytes.size() ? http::FrameStep::bad : step) && step != http::FrameStep::more);
  if (step == http::FrameStep::done) require(frame.raw.size() == whole.size());
  check_frame(whole);
  check_frame(std::string_view(whole).substr(0, whole.size() - 1));
}

void check_written(std::string_view name, std::string_view payload) {
  std::string whole;
  http::append_frame(whole, {{":message-type", "event"}, {":event-type", name}}, payload);
  http::Frame frame;
  require(http::read_frame(whole, frame) == http::FrameStep::done);
  require(frame.raw == whole && frame.payload == payload && frame.message_type == "event");
  require(frame.name == name.substr(0, 0xFFFF));
}

constexpr std::array names{"messageStart",
                           "contentBlockStart",
                           "contentBlockDelta",
                           "contentBlockStop",
                           "messageStop",
                           "metadata",
                           "chunk",
                           "internalServerException",
                           "modelStreamErrorException"};

// Each line is an event: its first byte says which, the rest is its payload.
std::string stream_of(std::string_view lines) {
  std::string stream;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty()) continue;
    const std::string_view name = names[static_cast<unsigned char>(line[0]) % names.size()];
    const bool is_failure = name.ends_with("Exception");
    http::append_frame(stream,
                       {{is_failure ? ":exception-type" : ":event-type", name},
                        {":content-type", "application/json"},
                        {":message-type", is_failure ? "exception" : "event"}},
                       line.substr(1));
  }
  return stream;
}

struct Read {
  bool good = true;
  std::string told;  // of the events, as they would go on
};

Read read(std::string_view stream, std::size_t cut) {
  const chat::Codec& codec = *chat::bedrock_converse().codec();
  const auto decoder = codec.stream_decoder();
  const auto encoder = codec.stream_encoder({});
  std::vector<chat::Event> events;
  Read read;
  std::size_t done = 0;
  for (const std::size_t end : {cut, stream.size()}) {
    const std::vector<char> arrived(stream.begin() + static_cast<std::ptrdiff_t>(done),
                                    stream.begin() + static_cast<std::ptrdiff_t>(end));
    const auto taken = decoder->decode({arrived.data(), arrived.size()}, events);
    read.good = static_cast<bool>(taken);
    if (!taken) break;
    require(*taken <= arrived.size());
    done += *taken;
  }
  read.good = read.good && static_cast<bool>(decoder->finish(events));
  for (const chat::Event& event : events) encoder->encode(event, read.told);
  return read;
}

void check_stream(std::string_view lines, std::size_t cut) {
  const std::string stream = stream_of(lines);
  const Read whole = read(stream, stream.size());
  const Read split = read(stream, stream.empty() ? 0 : cut % stream.size());
  require(whole.good == split.good && whole.told == split.told);
  http::SseEvent event;
  for (std::string_view left = stream; !left.empty(); left.remove_prefix(event.raw.size())) {
    require(chat::bedrock_converse().next_frame(left, event) && !event.raw.empty());
    static_cast<void>(chat::bedrock_converse().sense(event));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, size);
  switch (input.mode % 4) {
    case 0:
      check_frame(input.bytes);
      break;
    case 1:
      check_headers(input.bytes, input.cut);
      break;
    case 2:
      check_written(input.before_cut(), input.after_cut());
      break;
    default:
      check_stream(input.bytes, input.cut);
  }
  return 0;
}
