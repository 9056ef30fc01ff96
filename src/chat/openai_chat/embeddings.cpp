#include <algorithm>
#include <array>
#include <utility>

#include "chat/extras.hpp"
#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/operations.hpp"
#include "chat/openai_chat/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

namespace sluice::chat::openai {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view unknown_input =
    "The member 'input' must be a text, a list of texts, a list of token numbers, or a list of such lists.";

bool is_token_list(Value list) {
  if (!list.is_array() || list.size() == 0) return false;
  for (const Value token : list) {
    if (!token.whole()) return false;
  }
  return true;
}

Result<Ok> read_input(Value input, EmbeddingRequest& request) {
  const auto add_tokens = [&](Value list) { request.inputs.push_back({{}, {std::string(list.raw())}, {}}); };
  if (input.is_string()) {
    request.inputs.push_back({{input.string()}, {}, {}});
    request.is_list = false;
    return Ok{};
  }
  if (is_token_list(input)) {
    add_tokens(input);
    request.is_list = false;
    return Ok{};
  }
  if (!input.is_array() || input.size() == 0) return refuse_member("input", std::string(unknown_input));
  for (const Value item : input) {
    if (item.is_string()) {
      request.inputs.push_back({{item.string()}, {}, {}});
    } else if (is_token_list(item)) {
      add_tokens(item);
    } else {
      return refuse_member("input", std::string(unknown_input));
    }
  }
  return Ok{};
}

// Members that are the dialect's own, or that many of its servers share. False: the value makes no sense. Nothing: it
// is another member.
std::optional<bool> read_setting(const std::string& name, Value value, EmbeddingRequest& request) {
  if (name == "dimensions" || name == "output_dimension") return read_whole(value, request.dimensions);
  if (name == "user") {
    request.user = value.string();
    return value.is_string();
  }
  if (name == "encoding_format") {
    if (!value.is(vector_type::numbers) && !value.is(vector_type::packed)) return false;
    request.types = {value.string()};
    return true;
  }
  if (name != "input_type" || purpose_of(value.string()) == Purpose::unset) return std::nullopt;
  request.purpose = purpose_of(value.string());
  return true;
}

class Writing {
 public:
  Writing(const EmbeddingRequest& request, const Quirks& quirks, Rendered& out)
      : request_(request), quirks_(quirks), out_(out), to_(out.body) {}

  Result<Ok> write() {
    to_.open_object().member("model", request_.model);
    Result<Ok> written = write_input();
    if (!written) return written;
    const std::string_view named = quirks_.dimensions;
    const std::string_view dimensions = named.empty() ? "dimensions" : named;
    if (request_.dimensions && allows(dimensions)) to_.member(dimensions, *request_.dimensions);
    write_purpose();
    write_type();
    if (!request_.user.empty() && allows("user")) to_.member("user", request_.user);
    drop_titles(request_, out_.dropped);
    if (!request_.truncate.empty()) drop(out_.dropped, "truncate");
    for (const Extra& extra : request_.extras) {
      if (request_.dialect != dialect_name) {
        drop(out_.dropped, path_of(extra));
      } else if (allows(extra.name)) {
        to_.raw_member(extra.name, extra.value.bytes);
      }
    }
    to_.close_object();
    return Ok{};
  }

 private:
  bool allows(std::string_view member) {
    if (quirks_.takes(member)) return true;
    drop(out_.dropped, member);
    return false;
  }

  Result<Ok> write_input() {
    to_.name("input");
    const bool is_list = request_.is_list || request_.inputs.size() != 1;
    if (is_list) to_.open_array();
    for (const EmbeddingInput& input : request_.inputs) {
      if (input.tokens) {
        to_.raw(input.tokens.bytes);
        continue;
      }
      auto text = text_of(input);
      if (!text) return std::move(text).error();
      to_.string(*text);
    }
    if (is_list) to_.close_array();
    return Ok{};
  }

  void write_purpose() {
    const Purpose purpose = request_.purpose;
    if (purpose == Purpose::unset) return;
    const bool is_said = purpose == Purpose::query || purpose == Purpose::document;
    if (quirks_.purpose.empty() || !is_said) return drop_purpose(request_, out_.dropped);
    to_.member(quirks_.purpose, purpose == Purpose::query ? "query" : "document");
  }

  // Numbers are what comes when nothing is said, and some servers refuse the word for them.
  void write_type() {
    drop_other_types(request_, out_.dropped);
    const bool is_packed = request_.types.size() == 1 && request_.types.front() == vector_type::packed;
    if (is_packed && allows("encoding_format")) to_.member("encoding_format", vector_type::packed);
  }

  const EmbeddingRequest& request_;
  const Quirks& quirks_;
  Rendered& out_;
  Writer to_;
};

// Vectors of one kind, all numbers or all packed, in the order of their numbers if they have any.
bool read_vectors(Value data, VectorSet& set) {
  if (!data.is_array() || data.size() == 0) return false;
  const bool is_packed = data[0]["embedding"].is_string();
  set.type = is_packed ? vector_type::packed : vector_type::numbers;
  std::vector<std::string> placed(data.size());
  std::size_t position = 0;
  for (const Value item : data) {
    const std::uint64_t place = item["index"].whole().value_or(position++);
    const Value vector = item["embedding"];
    if (place >= placed.size() || !placed[place].empty()) return false;
    VectorSet one;
    if (is_packed) {
      placed[place] = vector.string();
    } else if (take_vector(vector, one)) {
      placed[place] = std::move(one.vectors.front());
    }
    if (placed[place].empty()) return false;
  }
  set.vectors = std::move(placed);
  return true;
}

class OpenAiEmbeddings final : public EmbeddingCodec {
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
      const std::optional<bool> good = read_setting(name, value, request);
      if (!good) request.extras.push_back({name, {std::string(value.raw())}});
      if (good && !*good) return wrong_member(name, "has a value that makes no sense.");
    }
    return request;
  }

  Result<Rendered> encode_request(const EmbeddingRequest& request, const Quirks& quirks) const override {
    Rendered rendered;
    Result<Ok> written = Writing(request, quirks, rendered).write();
    if (!written) return std::move(written).error();
    return rendered;
  }

  Result<EmbeddingAnswer> decode_answer(std::string_view body, const EmbeddingRequest& request) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    EmbeddingAnswer answer;
    answer.id = root["id"].string();
    answer.model = root["model"].string();
    answer.usage = read_usage(root["usage"].raw());
    answer.sets.emplace_back();
    if (!read_vectors(root["data"], answer.sets.back())) {
      return sluice::chat::unreadable("The provider's answer cannot be read.");
    }
    return complete_answer(std::move(answer), request);
  }

  Result<Ok> encode_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& request,
                           std::string& out) const override {
    const bool wants_packed = request.types == std::vector<std::string>{std::string(vector_type::packed)};
    auto vectors = vectors_as(answer, wants_packed ? vector_type::packed : vector_type::numbers);
    if (!vectors) return std::move(vectors).error();
    if (!*vectors) return sluice::chat::unreadable("The provider's vectors are of no type that can be told.");
    Writer to(out);
    to.open_object().member("object", "list").name("data").open_array();
    std::uint64_t index = 0;
    for (const std::string& vector : (*vectors)->vectors) {
      to.open_object().member("object", "embedding").member("index", index++).name("embedding");
      if (wants_packed) {
        to.string(vector);
      } else {
        to.raw(vector);
      }
      to.close_object();
    }
    to.close_array().member("model", answer.model.empty() ? request.model : answer.model);
    // Clients rely on the member being there, also when nobody counted.
    const std::uint64_t tokens = answer.usage ? answer.usage->all_input() : 0;
    to.name("usage").open_object().member("prompt_tokens", tokens).member("total_tokens", tokens).close_object();
    to.close_object();
    return Ok{};
  }

  // A server that calls the number of dimensions otherwise refuses the dialect's own name.
  bool must_rewrite(std::string_view body, bool, const Quirks& quirks) const override {
    if (quirks.dimensions.empty()) return false;
    std::array<json::Member, 1> members{{{.name = "dimensions"}}};
    json::read(body, members);
    return members[0].kind != json::Kind::none;
  }
};

}  // namespace

const EmbeddingCodec& embedding_codec() {
  static const OpenAiEmbeddings codec;
  return codec;
}

}  // namespace sluice::chat::openai
