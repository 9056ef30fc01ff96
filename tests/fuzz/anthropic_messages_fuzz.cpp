#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

// Requests, answers and streams of any bytes: nothing crashes, and what was understood can be said so that it is
// understood the same. The first byte chooses which of the three it is.
namespace {

using namespace sluice::chat;

void require(bool holds, std::string_view what, const std::string& shown) {
  if (holds) return;
  std::cerr << what << '\n' << shown << '\n';
  std::abort();
}

const Codec& codec() { return *anthropic_messages().codec(); }

// What is said a second time is said the same: the first time may have tidied up.
void check_request(std::string_view body) {
  const auto first = codec().decode_request(body, "m", false);
  if (!first) return;
  const auto once = codec().encode_request(*first, {});
  if (!once) return;
  const auto second = codec().decode_request(once->body, "m", false);
  require(static_cast<bool>(second), "a request of ours cannot be read", once->body);
  const auto twice = codec().encode_request(*second, {});
  require(twice && twice->body == once->body, "a request changes", once->body);
}

std::string told(const Response& response) {
  std::string body;
  Dropped dropped;
  codec().encode_response(response, {}, body, dropped);
  return body;
}

void check_response(const Response& response) {
  const std::string once = told(response);
  const auto again = codec().decode_response(once);
  require(static_cast<bool>(again), "an answer of ours cannot be read", once);
  require(told(*again) == once, "an answer changes", once);
}

sluice::Result<Response> read_stream(std::string_view stream) {
  std::vector<Event> events;
  const auto decoder = codec().stream_decoder();
  Fold fold;
  const auto taken = decoder->decode(stream, events);
  if (!taken) return taken.error();
  require(*taken <= stream.size(), "more was taken than there is", "");
  const auto finished = decoder->finish(events);
  if (!finished) return finished.error();
  for (const Event& event : events) fold.take(event);
  return std::move(fold).finish();
}

void check_stream(std::string_view stream) {
  const auto response = read_stream(stream);
  if (!response) return;
  const auto encoder = codec().stream_encoder({});
  std::string out;
  for (const Event& event : unfold(*response)) encoder->encode(event, out);
  const auto again = read_stream(out);
  require(static_cast<bool>(again), "a stream of ours cannot be read", out);
  require(told(*again) == told(*response), "a stream changes", out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  // A block of exactly this size, so that the sanitizer sees every read beyond it.
  const auto exact = std::make_unique<char[]>(size);
  for (std::size_t i = 0; i < size; ++i) exact[i] = static_cast<char>(bytes[i]);
  const std::string_view text(exact.get() + 1, size - 1);
  switch (bytes[0] % 3) {
    case 0:
      check_request(text);
      break;
    case 1:
      if (const auto response = codec().decode_response(text)) check_response(*response);
      break;
    default:
      check_stream(text);
  }
  return 0;
}
