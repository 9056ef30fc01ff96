#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

#include "fuzz/input.hpp"

// What is asked beside conversations: the first two bytes choose a dialect, an operation and a side, the rest is a
// body.
namespace sluice::fuzz {
namespace {

// What was written can be read, and means the same when it is written and read once more.
template <class Codec>
void check_request(const Codec& codec, std::string_view body) {
  const auto given = codec.decode_request(body, "m");
  if (!given) return;
  const chat::Quirks quirks{.text_lists = {"*"}};
  const auto first = codec.encode_request(*given, quirks);
  if (!first) return;
  const auto read = codec.decode_request(first->body, "m");
  require(static_cast<bool>(read));
  const auto second = codec.encode_request(*read, quirks);
  require(static_cast<bool>(second));
  const auto again = codec.decode_request(second->body, "m");
  require(again && *again == *read);
}

// An answer to a question with two inputs or documents.
template <class Codec>
void check_answer(const Codec& codec, std::string_view body, const typename Codec::Asks& asked) {
  const auto given = codec.decode_answer(body, asked);
  if (!given) return;
  std::string out;
  if (!codec.encode_answer(*given, asked, out)) return;
  require(static_cast<bool>(codec.decode_answer(out, asked)));
}

template <class Codec>
void check(const Codec* codec, bool is_answer, std::string_view body, const typename Codec::Asks& asked) {
  if (codec == nullptr) return;
  if (is_answer) {
    check_answer(*codec, body, asked);
  } else {
    check_request(*codec, body);
  }
}

void run(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  const chat::Dialect& dialect = *chat::dialects()[data[0] % chat::dialects().size()];
  const bool is_answer = data[1] % 2 == 1;
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[1] / 2 % 3) {
    case 0: {
      chat::EmbeddingRequest asked;
      asked.inputs = {{{"a"}, {}, {}}, {{"b"}, {}, {}}};
      if (data[1] >= 128) asked.types = {"base64"};
      return check(dialect.embedding_codec(), is_answer, body, asked);
    }
    case 1: {
      chat::RerankRequest asked;
      asked.documents = {{"a", {}}, {"b", {}}};
      asked.return_documents = true;
      return check(dialect.rerank_codec(), is_answer, body, asked);
    }
    default:
      return check(dialect.count_codec(), is_answer, body, chat::Request());
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::run(data, size);
  return 0;
}
