#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/operation.hpp>

// Shorthand for the tests of what is asked beside conversations.
namespace sluice::chat {

using Json = nlohmann::json;

// What a codec makes of a question written in JSON, or in its own values.
template <class Codec>
typename Codec::Asks question(const Codec& codec, std::string_view body) {
  auto read = codec.decode_request(body, "m");
  EXPECT_TRUE(read) << (read ? "" : read.error().message());
  return read ? *std::move(read) : typename Codec::Asks();
}

template <class Codec>
Json written(const Codec& codec, const typename Codec::Asks& asked, const Quirks& quirks = {}) {
  const auto rendered = codec.encode_request(asked, quirks);
  EXPECT_TRUE(rendered) << (rendered ? "" : rendered.error().message());
  return rendered ? Json::parse(rendered->body) : Json();
}

template <class Codec>
Dropped dropped(const Codec& codec, const typename Codec::Asks& asked, const Quirks& quirks = {}) {
  const auto rendered = codec.encode_request(asked, quirks);
  return rendered ? rendered->dropped : Dropped{"nothing was written"};
}

// The member at fault of a refused request; "accepted" if it was not refused.
template <class Codec>
std::string refused_member(const Codec& codec, std::string_view body) {
  const auto read = codec.decode_request(body, "m");
  return read ? "accepted" : read.error().param();
}

// The code of a request that cannot be said in the dialect, which another target may cure; "said" if it can.
template <class Codec>
std::string untold(const Codec& codec, const typename Codec::Asks& asked, const Quirks& quirks = {}) {
  const auto rendered = codec.encode_request(asked, quirks);
  if (rendered) return "said";
  EXPECT_TRUE(rendered.error().retryable());
  return std::string(rendered.error().code());
}

template <class Codec>
Json answered(const Codec& codec, const typename Codec::Answers& answer, const typename Codec::Asks& asked) {
  std::string out;
  const auto good = codec.encode_answer(answer, asked, out);
  EXPECT_TRUE(good) << (good ? "" : good.error().message());
  return good ? Json::parse(out) : Json();
}

template <class Codec>
typename Codec::Answers answer_in(const Codec& codec, std::string_view body, const typename Codec::Asks& asked) {
  auto read = codec.decode_answer(body, asked);
  EXPECT_TRUE(read) << (read ? "" : read.error().message());
  return read ? *std::move(read) : typename Codec::Answers();
}

inline EmbeddingRequest asks_for(const std::vector<std::string>& texts) {
  EmbeddingRequest request;
  request.model = "m";
  for (const std::string& text : texts) request.inputs.push_back({{text}, {}, {}});
  return request;
}

inline EmbeddingInput picture() {
  Media media;
  media.media_type = "image/png";
  media.data = "iVBORw0KGgo=";
  return {{media}, {}, {}};
}

inline EmbeddingInput tokens() { return {{}, {"[1,2,3]"}, {}}; }

}  // namespace sluice::chat
