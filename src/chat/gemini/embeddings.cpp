#include <algorithm>
#include <array>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/extras.hpp"
#include "chat/gemini/operations.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

namespace sluice::chat::generate_content {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view config_member = "embedContentConfig";

struct Word {
  std::string_view word;
  Purpose means;
};
constexpr std::array words{
    Word{"RETRIEVAL_QUERY", Purpose::query},          Word{"RETRIEVAL_DOCUMENT", Purpose::document},
    Word{"SEMANTIC_SIMILARITY", Purpose::similarity}, Word{"CLASSIFICATION", Purpose::classification},
    Word{"CLUSTERING", Purpose::clustering},          Word{"QUESTION_ANSWERING", Purpose::question},
    Word{"FACT_VERIFICATION", Purpose::fact_check},   Word{"CODE_RETRIEVAL_QUERY", Purpose::code_query},
    Word{"TASK_TYPE_UNSPECIFIED", Purpose::unset},
};

Result<Ok> read_content(Value content, EmbeddingInput& input) {
  std::vector<Part> parts;
  if (content.is_string()) parts.push_back({Text{content.string(), {}, {}}, {}});
  for (const Value part : items(content["parts"])) {
    if (!read_part(part, Side::caller, parts)) return wrong_member("content", "has a part with nothing in it.");
  }
  for (Part& part : parts) {
    if (auto* text = std::get_if<Text>(&part.what)) {
      input.parts.emplace_back(std::move(text->text));
    } else if (auto* media = std::get_if<Media>(&part.what)) {
      input.parts.emplace_back(std::move(*media));
    } else {
      return wrong_member("content", "has a part that is neither text nor media.");
    }
  }
  if (input.parts.empty()) return wrong_member("content", "must have parts.");
  return Ok{};
}

bool read_purpose(Value value, Purpose& purpose) {
  for (const Word& word : words) {
    if (!value.is(word.word)) continue;
    purpose = word.means;
    return true;
  }
  return false;
}

// What a request says beside its input; the cloud's newer form has it in an object of its own.
Result<Ok> read_settings(Value root, EmbeddingInput& input, EmbeddingRequest& request) {
  for (const Value value : root) {
    const std::string name = camel(value.name());
    if (name == "content" || name == "model" || value.is_null()) continue;
    if (name == config_member && value.is_object()) {
      Result<Ok> read = read_settings(value, input, request);
      if (!read) return read;
    } else if (name == "title") {
      input.title = value.string();
    } else if (name == "outputDimensionality") {
      if (!read_whole(value, request.dimensions)) return wrong_member(name, "must be a whole number.");
    } else if (name == "taskType") {
      if (!read_purpose(value, request.purpose)) return wrong_member(name, "is no type of task.");
    } else if (name == cut_member && value.boolean()) {
      request.truncate = *value.boolean() ? "END" : "NONE";
    } else {
      request.extras.push_back({name, {std::string(value.raw())}});
    }
  }
  return Ok{};
}

// One request of a batch, or the only one.
Result<Ok> read_one(Value root, EmbeddingRequest& request) {
  EmbeddingInput input;
  Result<Ok> read = read_content(root["content"], input);
  if (read) read = read_settings(root, input, request);
  if (!read) return read;
  request.inputs.push_back(std::move(input));
  return Ok{};
}

// Other dialects ask for one thing at a time: what the requests of a batch say beside their inputs must be the same.
Result<Ok> read_batch(Value list, EmbeddingRequest& request) {
  if (!list.is_array() || list.size() == 0) return wrong_member("requests", "must be a list of requests.");
  std::vector<EmbeddingInput> inputs;
  std::optional<EmbeddingRequest> first;
  for (const Value item : list) {
    EmbeddingRequest one;
    Result<Ok> read = read_one(item, one);
    if (!read) return read;
    inputs.push_back(std::move(one.inputs.front()));
    one.inputs.clear();
    if (first && one != *first)
      return wrong_member("requests", "must ask for the same dimensions and task in each request.");
    if (!first) first = std::move(one);
  }
  request.dimensions = first->dimensions;
  request.truncate = first->truncate;
  request.purpose = first->purpose;
  request.extras = std::move(first->extras);
  request.inputs = std::move(inputs);
  return Ok{};
}

Result<Ok> write_parts(const EmbeddingInput& input, Writer& to, Dropped& dropped) {
  if (input.tokens) return cannot_tell("input", "The provider of this model takes texts, not token numbers.");
  PartWriter writer(to, Side::provider, dropped);
  for (const auto& piece : input.parts) {
    Part part;
    if (const auto* text = std::get_if<std::string>(&piece)) {
      part.what = Text{*text, {}, {}};
    } else {
      part.what = std::get<Media>(piece);
    }
    if (!PartWriter::can_say(part, Side::provider, dropped)) {
      return cannot_tell("input", "The provider of this model takes no such media.");
    }
    writer.write(part);
  }
  writer.finish();
  return Ok{};
}

void write_settings(const EmbeddingRequest& request, const EmbeddingInput& input, Writer& to) {
  to.member_if("taskType", task_type_of(request.purpose)).member_if("title", input.title);
  if (request.dimensions) to.member("outputDimensionality", *request.dimensions);
  if (request.dialect != dialect_name) return;
  for (const Extra& extra : request.extras) to.raw_member(extra.name, extra.value.bytes);
}

bool is_among(const std::vector<std::string>& patterns, std::string_view model) {
  if (model.starts_with(model_folder)) model.remove_prefix(model_folder.size());
  return std::any_of(patterns.begin(), patterns.end(),
                     [model](const std::string& pattern) { return glob_matches(pattern, model); });
}

// One request of a batch.
Result<Ok> write_one(const EmbeddingRequest& request, const EmbeddingInput& input, std::string_view model, Writer& to,
                     Dropped& dropped) {
  to.open_object().member("model", model).name("content").open_object().name("parts").open_array();
  Result<Ok> written = write_parts(input, to, dropped);
  if (!written) return written;
  to.close_array().close_object();
  write_settings(request, input, to);
  // Its callers may know a server that has it.
  const bool is_own = request.dialect == dialect_name;
  if (is_own) write_cut(request, to);
  if (!request.truncate.empty() && !is_own) drop(dropped, "truncate");
  to.close_object();
  return Ok{};
}

// A request of its own, as the cloud takes it.
Result<Rendered> write_single(const EmbeddingRequest& request) {
  Rendered rendered;
  rendered.way = Way::single;
  drop_foreign(request, rendered.dropped);
  if (request.inputs.size() != 1) {
    return cannot_tell("input", "The provider of this model takes one input at a time.");
  }
  const EmbeddingInput& input = request.inputs.front();
  Writer to(rendered.body);
  to.open_object().name("content").open_object().name("parts").open_array();
  Result<Ok> written = write_parts(input, to, rendered.dropped);
  if (!written) return std::move(written).error();
  to.close_array().close_object();
  std::string settings;
  Writer members(settings);
  write_settings(request, input, members);
  if (!write_cut(request, members)) drop(rendered.dropped, "truncate");
  if (!settings.empty()) to.raw_member(config_member, "{" + settings + "}");
  to.close_object();
  return rendered;
}

bool has(std::string_view body, std::string_view name) {
  std::array<json::Member, 1> members{{{.name = name}}};
  json::read(body, members);
  return members[0].kind != json::Kind::none;
}

class GeminiEmbeddings final : public EmbeddingCodec {
 public:
  Result<EmbeddingRequest> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    EmbeddingRequest request;
    request.model = model;
    request.dialect = dialect_name;
    const Value batch = tree.root()["requests"];
    request.is_list = static_cast<bool>(batch);
    Result<Ok> read = request.is_list ? read_batch(batch, request) : read_one(tree.root(), request);
    if (!read) return std::move(read).error();
    return request;
  }

  // As a batch, unless the model has no such thing: one request's path takes one input only.
  Result<Rendered> encode_request(const EmbeddingRequest& request, const Quirks& quirks) const override {
    if (is_among(quirks.instances, request.model)) return write_instances(request);
    if (is_among(quirks.single, request.model)) return write_single(request);
    Rendered rendered;
    drop_foreign(request, rendered.dropped);
    const std::string model =
        request.model.starts_with(model_folder) ? request.model : std::string(model_folder) + request.model;
    Writer to(rendered.body);
    to.open_object().name("requests").open_array();
    for (const EmbeddingInput& input : request.inputs) {
      Result<Ok> written = write_one(request, input, model, to, rendered.dropped);
      if (!written) return std::move(written).error();
    }
    to.close_array().close_object();
    return rendered;
  }

  Result<EmbeddingAnswer> decode_answer(std::string_view body, const EmbeddingRequest& request) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    if (is_predicted(root)) {
      auto predicted = read_predictions(root);
      if (!predicted) return predicted;
      return complete_answer(*std::move(predicted), request);
    }
    EmbeddingAnswer answer;
    answer.usage = read_usage(root["usageMetadata"]);
    VectorSet set{std::string(vector_type::numbers), {}};
    bool good = true;
    for (const Value embedding : items(root["embeddings"] ? root["embeddings"] : root["embedding"])) {
      good = good && take_vector(embedding["values"], set);
    }
    if (!good) return unreadable("The provider's answer cannot be read.");
    answer.sets.push_back(std::move(set));
    return complete_answer(std::move(answer), request);
  }

  Result<Ok> encode_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& request,
                           std::string& out) const override {
    const auto numbers = numbers_in(answer);
    if (!numbers) return numbers.error();
    Writer to(out);
    to.open_object().name(request.is_list ? "embeddings" : "embedding");
    if (request.is_list) to.open_array();
    for (const std::string& vector : numbers->vectors) to.open_object().raw_member("values", vector).close_object();
    if (request.is_list) to.close_array();
    if (answer.usage) {
      to.name("usageMetadata").open_object();
      write_usage(to, *answer.usage);
      to.close_object();
    }
    to.close_object();
    return Ok{};
  }

  bool must_rewrite(std::string_view body, bool renamed, const Quirks& quirks) const override {
    if (!quirks.instances.empty() || !quirks.single.empty()) return true;
    return renamed && (has(body, "requests") || has(body, "model"));
  }
};

}  // namespace

std::string_view task_type_of(Purpose purpose) {
  for (const Word& word : words) {
    if (word.means == purpose && purpose != Purpose::unset) return word.word;
  }
  return {};
}

bool write_cut(const EmbeddingRequest& request, Writer& to) {
  const bool cuts = request.truncate == "END";
  if (!cuts && request.truncate != "NONE") return request.truncate.empty();
  to.member(cut_member, cuts);
  return true;
}

void drop_foreign(const EmbeddingRequest& request, Dropped& dropped) {
  drop_other_types(request, dropped);
  if (!request.user.empty()) drop(dropped, "user");
  if (request.dialect == dialect_name) return;
  for (const Extra& extra : request.extras) drop(dropped, path_of(extra));
}

const EmbeddingCodec& embedding_codec() {
  static const GeminiEmbeddings codec;
  return codec;
}

bool is_same_model(std::string_view written, std::string_view in_path) {
  return written == in_path || (written.starts_with(model_folder) && written.substr(model_folder.size()) == in_path);
}

Result<Ok> check_inner_models(std::string_view body, std::string_view in_path) {
  const json::Tree tree = json::Tree::read(body);
  std::vector<Value> holders = items(tree.root()["requests"]);
  holders.push_back(member(tree.root(), "generateContentRequest"));
  for (const Value holder : holders) {
    for (const Value value : holder) {
      if (value.name() != "model" || value.is_null() || is_same_model(value.string(), in_path)) continue;
      return refuse_member("model", "The member 'model' must not differ from the model in the path.");
    }
  }
  return Ok{};
}

}  // namespace sluice::chat::generate_content
