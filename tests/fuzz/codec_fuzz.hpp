#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "fuzz/input.hpp"

// What holds for the deep half of every dialect, whatever it is given. The first byte says what the rest is: a request,
// an answer or a stream, which the fuzzer also cuts in two.
namespace sluice::fuzz {

// What was written can be read, and means the same when it is written and read once more.
inline void check_request(const chat::Codec& codec, std::string_view body) {
  const auto given = codec.decode_request(body, "m", false);
  if (!given) return;
  const auto first = codec.encode_request(*given, {});
  if (!first) return;
  const auto read = codec.decode_request(first->body, "m", false);
  require(static_cast<bool>(read));
  const auto second = codec.encode_request(*read, {});
  require(static_cast<bool>(second));
  const auto again = codec.decode_request(second->body, "m", false);
  require(again && *again == *read);
}

inline void check_response(const chat::Codec& codec, std::string_view body) {
  const auto given = codec.decode_response(body);
  if (!given) return;
  std::string first;
  chat::Dropped dropped;
  codec.encode_response(*given, {}, first, dropped);
  const auto read = codec.decode_response(first);
  require(static_cast<bool>(read));
  std::string second;
  codec.encode_response(*read, {}, second, dropped);
  const auto again = codec.decode_response(second);
  require(again && *again == *read);
}

inline void check_stream(const chat::Codec& codec, std::string_view bytes, std::size_t cut) {
  const auto decoder = codec.stream_decoder();
  const auto encoder = codec.stream_encoder({});
  std::vector<chat::Event> events;
  std::size_t done = 0;
  for (const std::size_t end : {cut, bytes.size()}) {
    if (end < done) continue;
    const std::vector<char> arrived(bytes.begin() + static_cast<std::ptrdiff_t>(done),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const auto taken = decoder->decode({arrived.data(), arrived.size()}, events);
    if (!taken) return;
    require(*taken <= arrived.size());
    done += *taken;
  }
  static_cast<void>(decoder->finish(events));
  chat::Fold fold;
  std::string out;
  for (const chat::Event& event : events) {
    fold.take(event);
    encoder->encode(event, out);
  }
  static_cast<void>(std::move(fold).finish());
}

inline void check_codec(const chat::Codec& codec, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::uint8_t mode = *data % 3;
  const std::string exact(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (mode == 0) check_request(codec, exact);
  if (mode == 1) check_response(codec, exact);
  if (mode != 2) return;
  const Input input(data + 1, size - 1);
  check_stream(codec, input.bytes, input.cut);
}

}  // namespace sluice::fuzz
