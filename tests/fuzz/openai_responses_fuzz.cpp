#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "input.hpp"

// Requests, answers and streams of any bytes in the openai_responses dialect: what was read can be written, and what
// was written means the same when it is read again. The first trip may put pieces together that stood apart for no
// reason, so the second is compared.
namespace {

using namespace sluice::chat;
using sluice::fuzz::require;

const Codec& codec() { return *openai_responses().codec(); }

Request again(const Request& request) {
  const auto rendered = codec().encode_request(request, {});
  require(static_cast<bool>(rendered));
  auto read = codec().decode_request(rendered->body, request.model, request.stream);
  require(static_cast<bool>(read));
  return *std::move(read);
}

void check_request(std::string_view body) {
  const auto request = codec().decode_request(body, "m", false);
  if (!request) return;
  // What answers repeat of it stands in a line of an event.
  const std::string repeats = codec().repeats(body);
  require(repeats.find_first_of("\r\n") == std::string::npos && is_json("{" + repeats + "}"));
  const Request once = again(*request);
  require(again(once) == once);
}

Response again(const Response& response) {
  std::string out;
  Dropped dropped;
  codec().encode_response(response, {}, out, dropped);
  auto read = codec().decode_response(out);
  require(static_cast<bool>(read));
  return *std::move(read);
}

void check_response(std::string_view body) {
  const auto response = codec().decode_response(body);
  if (!response) return;
  const Response once = again(*response);
  require(again(once) == once);
}

void check_stream(std::string_view stream) {
  const auto decoder = codec().stream_decoder();
  std::vector<Event> events;
  if (!decoder->decode(stream, events) || !decoder->finish(events)) return;
  const auto encoder = codec().stream_encoder({});
  std::string written;
  for (const Event& event : events) encoder->encode(event, written);
  const auto reader = codec().stream_decoder();
  std::vector<Event> read;
  const auto taken = reader->decode(written, read);
  require(taken && *taken == written.size());
  require(static_cast<bool>(reader->finish(read)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Memory of its own: reading past it is seen.
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) check_request(body);
  if (data[0] % 3 == 1) check_response(body);
  if (data[0] % 3 == 2) check_stream(body);
  return 0;
}
