#include <sluice/chat/operation.hpp>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace sluice::chat {
namespace {

// What differs between operations; for the template below.
template <class Codec>
const Codec* codec_of(const Dialect& dialect);
template <>
const EmbeddingCodec* codec_of<EmbeddingCodec>(const Dialect& dialect) {
  return dialect.embedding_codec();
}
template <>
const RerankCodec* codec_of<RerankCodec>(const Dialect& dialect) {
  return dialect.rerank_codec();
}
template <>
const CountCodec* codec_of<CountCodec>(const Dialect& dialect) {
  return dialect.count_codec();
}

std::optional<Usage> usage_of(const EmbeddingAnswer& answer) { return answer.usage; }
std::optional<Usage> usage_of(const RerankAnswer& answer) { return answer.usage; }
std::optional<Usage> usage_of(const TokenCount&) { return std::nullopt; }  // to count costs nothing

template <class Answer>
void name_answer(Answer& answer, std::string_view id) {
  if (answer.id.empty()) answer.id = id;
}
void name_answer(TokenCount&, std::string_view) {}

template <class Codec>
class OperationOf final : public Operation {
 public:
  OperationOf(const Codec& callers, typename Codec::Asks question)
      : callers_(callers), question_(std::move(question)) {}

  Result<Rendered> write_for(const Dialect& provider, std::string_view model, const Quirks& quirks) override {
    question_.model = model;
    return codec_of<Codec>(provider)->encode_request(question_, quirks);
  }

  Result<Reply> reply_from(const Dialect& provider, std::string_view body, std::string_view id) const override {
    auto answer = codec_of<Codec>(provider)->decode_answer(body, question_);
    if (!answer) return std::move(answer).error();
    name_answer(*answer, id);
    Reply reply;
    reply.usage = usage_of(*answer);
    Result<Ok> written = callers_.encode_answer(*answer, question_, reply.body);
    if (!written) return std::move(written).error();
    return reply;
  }

  static Result<std::unique_ptr<Operation>> read(const Dialect& caller, std::string_view body, std::string_view model) {
    const Codec& codec = *codec_of<Codec>(caller);
    auto question = codec.decode_request(body, model);
    if (!question) return std::move(question).error();
    if constexpr (std::is_same_v<Codec, CountCodec>) {
      if (Result<Ok> good = check_schemas(*question); !good) return std::move(good).error();
    }
    return std::unique_ptr<Operation>(std::make_unique<OperationOf>(codec, *std::move(question)));
  }

 private:
  const Codec& callers_;
  typename Codec::Asks question_;
};

template <class Codec>
bool both_have(const Dialect& caller, const Dialect& provider) {
  return codec_of<Codec>(caller) != nullptr && codec_of<Codec>(provider) != nullptr;
}

bool has_been_abroad(const Dialect& dialect, std::string_view body) {
  if (dialect.codec() == nullptr) return false;
  const auto marks = dialect.codec()->foreign_marks();
  return std::any_of(marks.begin(), marks.end(), [&](std::string_view mark) {
    return ::memmem(body.data(), body.size(), mark.data(), mark.size()) != nullptr;
  });
}

}  // namespace

std::string_view words_for(Task task) {
  switch (task) {
    case Task::chat:
      return "hold conversations";
    case Task::completion:
      return "complete texts";
    case Task::embedding:
      return "make embeddings";
    case Task::rerank:
      return "rank documents";
    case Task::moderation:
      return "moderate";
    case Task::image:
      return "make images";
    case Task::speech:
      return "speak";
    case Task::transcription:
      return "transcribe";
    case Task::translation:
      return "translate what was said";
    case Task::count:
      break;
  }
  return "count tokens";
}

bool can_translate(const Dialect& caller, const Dialect& provider, Task task) {
  switch (task) {
    case Task::embedding:
      return both_have<EmbeddingCodec>(caller, provider);
    case Task::rerank:
      return both_have<RerankCodec>(caller, provider);
    case Task::count:
      return both_have<CountCodec>(caller, provider);
    default:
      return caller.caller_codec(task) != nullptr && provider.codec() != nullptr;
  }
}

bool must_rewrite(const Dialect& dialect, Task task, std::string_view body, bool renamed, const Quirks& quirks) {
  const auto asks = [&](const auto* codec) { return codec != nullptr && codec->must_rewrite(body, renamed, quirks); };
  if (task == Task::embedding) return asks(dialect.embedding_codec());
  if (task == Task::rerank) return asks(dialect.rerank_codec());
  if (task == Task::count) return asks(dialect.count_codec()) || has_been_abroad(dialect, body);
  if (task != Task::chat) return false;
  const Codec* const codec = dialect.codec();
  return (codec != nullptr && codec->must_rewrite(body, quirks)) || has_been_abroad(dialect, body);
}

Result<std::unique_ptr<Operation>> Operation::read(const Dialect& caller, Task task, std::string_view body,
                                                   std::string_view model) {
  if (task == Task::embedding) return OperationOf<EmbeddingCodec>::read(caller, body, model);
  if (task == Task::rerank) return OperationOf<RerankCodec>::read(caller, body, model);
  return OperationOf<CountCodec>::read(caller, body, model);
}

}  // namespace sluice::chat
