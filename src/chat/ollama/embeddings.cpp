#include <utility>

#include "chat/extras.hpp"
#include "chat/ollama/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Value;
using json::Writer;

Result<Ok> read_input(Value input, EmbeddingRequest& request) {
  if (input.is_array()) return read_texts(input, "input", request);
  if (!input.is_string()) return wrong_member("input", "must be a text or a list of texts.");
  request.inputs.push_back({{input.string()}, {}, {}});
  request.is_list = false;
  return Ok{};
}

// What the server cuts, if anything, it cuts of the end.
bool read_truncate(Value value, std::string& truncate) {
  const std::optional<bool> cuts = value.boolean();
  if (cuts) truncate = *cuts ? "END" : "NONE";
  return cuts.has_value();
}

bool read_options(Value options, std::vector<Extra>& extras) {
  keep_rest(options, options_path, {}, extras);
  return options.is_object();
}

Result<Ok> read_setting(const std::string& name, Value value, EmbeddingRequest& request) {
  bool good = true;
  if (name == "dimensions") {
    good = read_whole(value, request.dimensions);
  } else if (name == "truncate") {
    good = read_truncate(value, request.truncate);
  } else if (name == "options") {
    good = read_options(value, request.extras);
  } else {
    request.extras.push_back({name, {std::string(value.raw())}});
  }
  if (!good) return wrong_member(name, "has a value that makes no sense.");
  return Ok{};
}

void write_extras(const EmbeddingRequest& request, Writer& to) {
  write_within(to, request.extras, "");
  if (!has_within(request.extras, options_path)) return;
  to.name(options_path).open_object();
  write_within(to, request.extras, options_path);
  to.close_object();
}

class OllamaEmbeddings final : public EmbeddingCodec {
 public:
  Result<EmbeddingRequest> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    EmbeddingRequest request;
    request.model = model;
    request.dialect = dialect_name;
    Result<Ok> read = read_input(tree.root()["input"], request);
    if (!read) return std::move(read).error();
    for (const Value value : tree.root()) {
      const std::string name = value.name();
      if (name == "model" || name == "input" || value.is_null()) continue;
      read = read_setting(name, value, request);
      if (!read) return std::move(read).error();
    }
    return request;
  }

  Result<Rendered> encode_request(const EmbeddingRequest& request, const Quirks& quirks) const override {
    const auto texts = texts_of(request);
    if (!texts) return texts.error();
    Rendered rendered;
    Dropped& dropped = rendered.dropped;
    Writer to(rendered.body);
    to.open_object().member("model", request.model).name("input");
    if (request.is_list || texts->size() != 1) {
      write_texts(*texts, to);
    } else {
      to.string(texts->front());
    }
    write_truncate(request, to, dropped);
    if (request.dimensions && quirks.takes("dimensions")) {
      to.member("dimensions", *request.dimensions);
    } else if (request.dimensions) {
      drop(dropped, "dimensions");
    }
    drop_purpose(request, dropped);
    drop_other_types(request, dropped);
    drop_titles(request, dropped);
    if (!request.user.empty()) drop(dropped, "user");
    if (request.dialect == dialect_name) {
      write_extras(request, to);
    } else {
      for (const Extra& extra : request.extras) drop(dropped, path_of(extra));
    }
    to.close_object();
    return rendered;
  }

  Result<EmbeddingAnswer> decode_answer(std::string_view body, const EmbeddingRequest& request) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    if (!root["error"].absent()) return decode_failure(200, body);
    EmbeddingAnswer answer;
    answer.model = root["model"].string();
    answer.usage = sense_of(body).usage;
    VectorSet set{std::string(vector_type::numbers), {}};
    if (!take_vectors(root["embeddings"], set)) return unreadable("The provider's answer cannot be read.");
    answer.sets.push_back(std::move(set));
    return complete_answer(std::move(answer), request);
  }

  Result<Ok> encode_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& request,
                           std::string& out) const override {
    const auto numbers = numbers_in(answer);
    if (!numbers) return numbers.error();
    Writer to(out);
    to.open_object().member("model", answer.model.empty() ? request.model : answer.model);
    to.name("embeddings").open_array();
    for (const std::string& vector : numbers->vectors) to.raw(vector);
    to.close_array();
    // How long it took only the server itself could say.
    if (answer.usage) to.member("prompt_eval_count", answer.usage->all_input());
    to.close_object();
    return Ok{};
  }

 private:
  // There is no word for cutting the beginning.
  static void write_truncate(const EmbeddingRequest& request, Writer& to, Dropped& dropped) {
    if (request.truncate == "END" || request.truncate == "NONE") {
      to.member("truncate", request.truncate == "END");
    } else if (!request.truncate.empty()) {
      drop(dropped, "truncate");
    }
  }
};

}  // namespace

const EmbeddingCodec& embedding_codec() {
  static const OllamaEmbeddings codec;
  return codec;
}

}  // namespace sluice::chat::ollama_api
