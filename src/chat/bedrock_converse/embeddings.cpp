#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/extras.hpp"
#include "chat/provider_failures.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

// Embeddings have no words of their own in this dialect: each model is spoken to in its maker's. Two forms are known,
// one that takes one text and one that takes a list; which it is, a caller's body shows and the catalogue knows.
namespace sluice::chat::bedrock {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view one_text = "inputText";
constexpr std::string_view many_texts = "texts";

bool takes_list(const EmbeddingRequest& request, const Quirks& quirks) {
  return std::any_of(quirks.text_lists.begin(), quirks.text_lists.end(),
                     [&](const std::string& pattern) { return glob_matches(pattern, request.model); });
}

// False: the value makes no sense. Nothing: it is another member.
std::optional<bool> read_setting(const std::string& name, Value value, EmbeddingRequest& request) {
  if (name == (request.is_list ? "output_dimension" : "dimensions")) return read_whole(value, request.dimensions);
  if (name == (request.is_list ? "embedding_types" : "embeddingTypes")) {
    for (const Value type : value) request.types.push_back(type.string());
    return value.is_array();
  }
  if (!request.is_list) return std::nullopt;
  if (name == "truncate") {
    request.truncate = value.string();
    return value.is_string();
  }
  if (name != "input_type") return std::nullopt;
  request.purpose = purpose_of(value.string());
  return value.is_string();
}

void write_list(const EmbeddingRequest& request, Writer& to, Dropped& dropped) {
  switch (request.purpose) {
    case Purpose::classification:
      to.member("input_type", "classification");
      break;
    case Purpose::clustering:
      to.member("input_type", "clustering");
      break;
    default: {
      const bool is_plain = request.purpose == Purpose::unset || request.purpose == Purpose::document ||
                            request.purpose == Purpose::query;
      if (!is_plain) drop_purpose(request, dropped);
      to.member("input_type", is_query(request.purpose) ? "search_query" : "search_document");
    }
  }
  if (request.dimensions) to.member("output_dimension", *request.dimensions);
  to.member_if("truncate", request.truncate);
}

void write_single(const EmbeddingRequest& request, Writer& to, Dropped& dropped) {
  if (request.dimensions) to.member("dimensions", *request.dimensions);
  drop_purpose(request, dropped);
  if (!request.truncate.empty()) drop(dropped, "truncate");
}

class BedrockEmbeddings final : public EmbeddingCodec {
 public:
  Result<EmbeddingRequest> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    EmbeddingRequest request;
    request.model = model;
    request.dialect = dialect_name;
    request.is_list = !root[one_text].is_string();
    if (request.is_list) {
      Result<Ok> read = read_texts(root[many_texts], many_texts, request);
      if (!read) return std::move(read).error();
    } else {
      request.inputs.push_back({{root[one_text].string()}, {}, {}});
    }
    for (const Value value : root) {
      const std::string name = value.name();
      if (name == one_text || name == many_texts || value.is_null()) continue;
      const std::optional<bool> good = read_setting(name, value, request);
      if (!good) request.extras.push_back({name, {std::string(value.raw())}});
      if (good && !*good) return wrong_member(name, "has a value that makes no sense.");
    }
    return request;
  }

  Result<Rendered> encode_request(const EmbeddingRequest& request, const Quirks& quirks) const override {
    auto texts = texts_of(request);
    if (!texts) return std::move(texts).error();
    Rendered rendered;
    Writer to(rendered.body);
    to.open_object();
    if (takes_list(request, quirks)) {
      write_texts(*texts, to.name(many_texts));
      write_list(request, to, rendered.dropped);
    } else if (texts->size() == 1) {
      to.member(one_text, texts->front());
      write_single(request, to, rendered.dropped);
    } else {
      return cannot_tell("input", "The provider of this model takes one text in a request.");
    }
    drop_other_types(request, rendered.dropped);
    drop_titles(request, rendered.dropped);
    if (!request.user.empty()) drop(rendered.dropped, "user");
    for (const Extra& extra : request.extras) drop(rendered.dropped, path_of(extra));
    to.close_object();
    return rendered;
  }

  Result<EmbeddingAnswer> decode_answer(std::string_view body, const EmbeddingRequest& request) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    EmbeddingAnswer answer;
    answer.id = root["id"].string();
    answer.usage = read_embedding_usage(root);
    VectorSet set{std::string(vector_type::numbers), {}};
    const Value list = root["embeddings"];
    const bool good = root["embedding"] ? take_vector(root["embedding"], set)
                                        : take_vectors(list.is_object() ? list[vector_type::numbers] : list, set);
    if (!good) return unreadable("The provider's answer cannot be read.");
    answer.sets.push_back(std::move(set));
    return complete_answer(std::move(answer), request);
  }

  Result<Ok> encode_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& request,
                           std::string& out) const override {
    const auto numbers = numbers_in(answer);
    if (!numbers) return numbers.error();
    Writer to(out);
    to.open_object();
    if (!request.is_list) {
      to.raw_member("embedding", numbers->vectors.front());
      if (answer.usage) to.member("inputTextTokenCount", answer.usage->all_input());
      to.close_object();
      return Ok{};
    }
    const bool by_type = !request.types.empty();
    to.name("embeddings");
    if (by_type) to.open_object().name(vector_type::numbers);
    to.open_array();
    for (const std::string& vector : numbers->vectors) to.raw(vector);
    to.close_array();
    if (by_type) to.close_object();
    to.member("id", answer.id).member("response_type", by_type ? "embeddings_by_type" : "embeddings_floats");
    const auto texts = texts_of(request);
    if (texts) write_texts(*texts, to.name(many_texts));
    to.close_object();
    return Ok{};
  }
};

}  // namespace

std::optional<Usage> read_embedding_usage(Value root) {
  const auto tokens = root["inputTextTokenCount"].whole();
  if (!tokens) return std::nullopt;
  Usage usage;
  usage.input = *tokens;
  return usage;
}

const EmbeddingCodec& embedding_codec() {
  static const BedrockEmbeddings codec;
  return codec;
}

}  // namespace sluice::chat::bedrock
