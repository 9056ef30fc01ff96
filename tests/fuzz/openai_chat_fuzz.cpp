#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/json_walk.hpp"

// Requests, answers and streams of any bytes: what was understood is written as JSON, and reading that again gives the
// same. The first byte chooses which of the three; the second, for streams, where to cut.
namespace {

using namespace sluice::chat;

void require(bool holds) {
  if (!holds) std::abort();
}

const Codec& codec() { return *openai_chat().codec(); }

void check_request(std::string_view body) {
  const auto request = codec().decode_request(body, "m", false);
  if (!request) return;
  const auto rendered = codec().encode_request(*request, {});
  require(static_cast<bool>(rendered) && static_cast<bool>(json::read(rendered->body)));
  const auto again = codec().decode_request(rendered->body, "m", false);
  require(static_cast<bool>(again));
  const auto settled = codec().encode_request(*again, {});
  require(settled->body == rendered->body);
}

// An answer is written once to settle the order of its parts; from then on it stays the same.
void check_settled(const Response& response) {
  std::string first;
  std::string second;
  Dropped dropped;
  codec().encode_response(response, {}, first, dropped);
  require(static_cast<bool>(json::read(first)));
  const auto again = codec().decode_response(first);
  if (!again) return;  // an ending that is an error
  codec().encode_response(*again, {}, second, dropped);
  require(first == second);
}

void check_response(std::string_view body) {
  if (const auto response = codec().decode_response(body)) check_settled(*response);
}

void check_stream(std::string_view stream, std::size_t cut) {
  const auto decoder = codec().stream_decoder();
  std::vector<Event> events;
  std::size_t done = 0;
  for (const std::size_t end : {cut % (stream.size() + 1), stream.size()}) {
    if (end < done) continue;
    const auto taken = decoder->decode(stream.substr(done, end - done), events);
    if (!taken) return;
    require(*taken <= end - done);
    done += *taken;
  }
  if (!decoder->finish(events)) return;
  const auto encoder = codec().stream_encoder({});
  std::string out;
  Fold fold;
  for (const Event& event : events) {
    encoder->encode(event, out);
    fold.take(event);
  }
  const auto response = std::move(fold).finish();
  if (response) check_settled(*response);
  // Every event of what was written can be read.
  const auto reader = codec().stream_decoder();
  std::vector<Event> again;
  const auto taken = reader->decode(out, again);
  require(events.empty() || (static_cast<bool>(taken) && *taken == out.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const auto exact = std::make_unique<char[]>(size - 2);
  for (std::size_t i = 2; i < size; ++i) exact[i - 2] = static_cast<char>(bytes[i]);
  const std::string_view data(exact.get(), size - 2);
  switch (bytes[0] % 3) {
    case 0:
      check_request(data);
      break;
    case 1:
      check_response(data);
      break;
    default:
      check_stream(data, bytes[1] * (size / 256 + 1));
  }
  return 0;
}
