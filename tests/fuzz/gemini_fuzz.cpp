#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>

#include "fuzz/input.hpp"

// Any bytes as a request, an answer or a stream of the gemini dialect: what can be read can be written, and reads the
// same again; where a stream is split does not matter.
namespace sluice::chat {
namespace {

using fuzz::require;

const Codec& codec() { return *gemini().codec(); }

// Thoughts of other models are not sent to this dialect's providers, nor are they one part in a stream.
bool has_foreign_thinking(const std::vector<Part>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const Part& part) {
    const auto* const thinking = std::get_if<Thinking>(&part.what);
    return thinking != nullptr && thinking->format != thinking_format::gemini;
  });
}

void check_request(std::string_view body) {
  auto first = codec().decode_request(body, "gemini-3-flash", false);
  if (!first) return require(first.error().fault() == Fault::bad_request);
  const auto rendered = codec().encode_request(*first, {});
  require(static_cast<bool>(rendered));
  const auto second = codec().decode_request(rendered->body, "gemini-3-flash", false);
  require(static_cast<bool>(second));
  // Of a function's declaration only what other dialects know is kept.
  std::erase_if(first->extras, [](const Extra& extra) { return extra.within.starts_with("tools."); });
  const bool foreign = std::any_of(first->messages.begin(), first->messages.end(),
                                   [](const Message& message) { return has_foreign_thinking(message.parts); });
  require(foreign || *first == *second);
}

void check_answer(std::string_view body) {
  const auto first = codec().decode_response(body);
  if (!first) return;
  std::string again;
  Dropped dropped;
  codec().encode_response(*first, {}, again, dropped);
  const auto second = codec().decode_response(again);
  require(second && *first == *second);
}

Result<Response> read(std::string_view stream, std::size_t cut) {
  const auto decoder = codec().stream_decoder();
  std::vector<Event> events;
  std::size_t done = 0;
  for (const std::size_t end : {cut, stream.size()}) {
    const std::string arrived(stream.substr(done, end - done));
    auto taken = decoder->decode(arrived, events);
    if (!taken) return std::move(taken).error();
    require(*taken <= arrived.size());
    done += *taken;
  }
  if (auto finished = decoder->finish(events); !finished) return std::move(finished).error();
  Fold fold;
  for (const Event& event : events) fold.take(event);
  auto response = std::move(fold).finish();
  // A word that is not known can only be kept where it is known whose it is.
  if (response) {
    for (Choice& choice : response->choices) choice.ending = {};
  }
  return response;
}

void check_stream(std::string_view stream, std::size_t cut) {
  const auto whole = read(stream, stream.size());
  const auto split = read(stream, cut);
  require(static_cast<bool>(whole) == static_cast<bool>(split));
  if (!whole) return;
  require(*whole == *split);
  for (const Choice& choice : whole->choices) {
    if (has_foreign_thinking(choice.parts)) return;
  }
  const auto encoder = codec().stream_encoder({});
  std::string again;
  for (const Event& event : unfold(*whole)) encoder->encode(event, again);
  const auto second = read(again, again.size());
  require(second && *whole == *second);
}

}  // namespace
}  // namespace sluice::chat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sluice::fuzz::Input input(data, size);
  switch (input.mode % 3) {
    case 0:
      sluice::chat::check_request(input.bytes);
      break;
    case 1:
      sluice::chat::check_answer(input.bytes);
      break;
    default:
      sluice::chat::check_stream(input.bytes, input.cut);
  }
  return 0;
}
