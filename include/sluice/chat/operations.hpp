#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/chat/codec.hpp>
#include <sluice/chat/conversation.hpp>

// What is asked of models beside conversations: vectors, an order of documents, a count of tokens. Plain values that
// own their strings, in no dialect's words, and the codecs that write them down. Small both ways and never streamed.
namespace sluice::chat {

// What vectors shall serve; models trained for it give different ones.
enum class Purpose : std::uint8_t {
  unset,
  query,
  document,
  similarity,
  classification,
  clustering,
  question,
  fact_check,
  code_query,
};

// What one vector is made of: texts and pictures read as one, or a text as its tokens.
struct EmbeddingInput {
  std::vector<std::variant<std::string, Media>> parts{};
  RawJson tokens{};  // a list of token numbers, in the place of parts
  std::string title{};
  bool operator==(const EmbeddingInput&) const = default;
};

// Types of vectors: "float" and "base64" (little-endian float32, packed), which are turned into each other, and those
// that only a provider can make: "int8", "uint8", "binary", "ubinary".
namespace vector_type {
inline constexpr std::string_view numbers = "float";
inline constexpr std::string_view packed = "base64";
}  // namespace vector_type

struct EmbeddingRequest {
  std::string model{};
  std::vector<EmbeddingInput> inputs{};
  bool is_list = true;  // false: one input that is not in a list, where that decides the answer's form
  std::optional<std::uint64_t> dimensions{};
  std::vector<std::string> types{};  // wanted; empty: the dialect's own choice
  Purpose purpose = Purpose::unset;
  std::string truncate{};  // what to cut of too long an input: "NONE", "START", "END"; empty: unsaid
  std::string user{};      // the end user's identifier
  std::string dialect{};   // whose the extras are
  std::vector<Extra> extras{};
  bool operator==(const EmbeddingRequest&) const = default;
};

// Vectors of one type, one for each input and in their order: JSON arrays in their provider's bytes, or what stands in
// the quotes of a base64 string.
struct VectorSet {
  std::string type{};
  std::vector<std::string> vectors{};
  bool operator==(const VectorSet&) const = default;
};

struct EmbeddingAnswer {
  std::string id{};
  std::string model{};
  std::vector<VectorSet> sets{};
  std::optional<Usage> usage{};
  bool operator==(const EmbeddingAnswer&) const = default;
};

// A text, or an object in its caller's bytes; then `text` is set if the object says nothing else.
struct RerankDocument {
  std::string text{};
  RawJson object{};
  bool operator==(const RerankDocument&) const = default;
};

struct RerankRequest {
  std::string model{};
  std::string query{};
  std::vector<RerankDocument> documents{};
  std::optional<std::uint64_t> top_n{};
  std::optional<bool> return_documents{};
  std::optional<std::uint64_t> max_tokens_per_doc{};
  bool wants_data = false;  // of two forms of one dialect: the one that limits by `top_k` and lists under `data`
  std::string dialect{};    // whose the extras are
  std::vector<Extra> extras{};
  bool operator==(const RerankRequest&) const = default;
};

struct RerankResult {
  std::uint64_t index = 0;  // of the document in the request
  RawJson score{};          // a number
  bool operator==(const RerankResult&) const = default;
};

struct RerankAnswer {
  std::string id{};
  std::string model{};
  std::vector<RerankResult> results{};  // the best first
  std::optional<Usage> usage{};
  RawJson search_units{};  // what some providers bill instead of tokens; a number
  bool operator==(const RerankAnswer&) const = default;
};

struct TokenCount {
  std::uint64_t tokens = 0;
  bool operator==(const TokenCount&) const = default;
};

// One operation in one dialect. Stateless and immutable: one constant instance serves all threads.
template <class Question, class Answer>
class OperationCodec {
 public:
  using Asks = Question;
  using Answers = Answer;

  virtual ~OperationCodec() = default;

  // A request body that outline() (dialect.hpp) accepted. An Error is the caller's: it names the member that cannot be
  // understood.
  virtual Result<Question> decode_request(std::string_view body, std::string_view model) const = 0;
  // An Error: the dialect has no words for something that cannot be left out. Another provider may have them.
  virtual Result<Rendered> encode_request(const Question& question, const Quirks& quirks) const = 0;

  // A provider's answer with a status of success. An Error is the provider's.
  virtual Result<Answer> decode_answer(std::string_view body, const Question& question) const = 0;
  // Appends the body of an answer to that question; `question` was decoded by this codec. An Error is the provider's:
  // it sent something that only showed now to make no sense.
  virtual Result<Ok> encode_answer(const Answer& answer, const Question& question, std::string& out) const = 0;

  // Whether a body has to be decoded and written anew for a provider that speaks this dialect too: because that calls
  // something otherwise, or because a model of another name (`renamed`) is named in places retarget() does not know.
  virtual bool must_rewrite(std::string_view body, bool renamed, const Quirks& quirks) const;
};

template <class Question, class Answer>
bool OperationCodec<Question, Answer>::must_rewrite(std::string_view, bool, const Quirks&) const {
  return false;
}

using EmbeddingCodec = OperationCodec<EmbeddingRequest, EmbeddingAnswer>;
using RerankCodec = OperationCodec<RerankRequest, RerankAnswer>;
using CountCodec = OperationCodec<Request, TokenCount>;

}  // namespace sluice::chat
