#include <algorithm>
#include <array>
#include <utility>

#include "chat/cohere_v2/parts.hpp"
#include "chat/extras.hpp"
#include "chat/provider_failures.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;
using json::Writer;

constexpr std::array<std::string_view, 6> all_types{vector_type::numbers, "int8", "uint8", "binary", "ubinary",
                                                    vector_type::packed};

Result<Ok> read_pictures(Value list, EmbeddingRequest& request) {
  if (!list.is_array() || list.size() == 0) return wrong_member("images", "must be a list of data URLs.");
  for (const Value item : list) {
    if (!item.is_string() || item.string().empty()) return wrong_member("images", "must be a list of data URLs.");
    request.inputs.push_back({{picture_at(item.string())}, {}, {}});
  }
  return Ok{};
}

// Texts and pictures mixed.
Result<Ok> read_inputs(Value list, EmbeddingRequest& request) {
  if (!list.is_array() || list.size() == 0) return wrong_member("inputs", "must be a list of inputs.");
  for (const Value item : list) {
    std::vector<Part> parts;
    if (!read_content(item["content"], parts) || parts.empty()) return wrong_member("inputs", "cannot be understood.");
    EmbeddingInput input;
    for (Part& part : parts) {
      if (auto* text = std::get_if<Text>(&part.what)) {
        input.parts.emplace_back(std::move(text->text));
      } else if (auto* media = std::get_if<Media>(&part.what)) {
        input.parts.emplace_back(std::move(*media));
      } else {
        return wrong_member("inputs", "cannot be understood.");
      }
    }
    request.inputs.push_back(std::move(input));
  }
  return Ok{};
}

Result<Ok> read_what(Value root, EmbeddingRequest& request) {
  const Value texts = root["texts"];
  const Value images = root["images"];
  const Value inputs = root["inputs"];
  const int given = (texts.absent() ? 0 : 1) + (images.absent() ? 0 : 1) + (inputs.absent() ? 0 : 1);
  if (given != 1) return wrong_member("texts", "or one of 'images' and 'inputs' must be there, and not more than one.");
  if (!texts.absent()) return read_texts(texts, "texts", request);
  return images.absent() ? read_inputs(inputs, request) : read_pictures(images, request);
}

bool read_types(Value list, std::vector<std::string>& types) {
  for (const Value item : list) {
    const std::string type = item.string();
    if (std::find(all_types.begin(), all_types.end(), type) == all_types.end()) return false;
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  return list.is_array();
}

// False: the value makes no sense. Nothing: it is another member.
std::optional<bool> read_setting(const std::string& name, Value value, EmbeddingRequest& request) {
  if (name == "output_dimension") return read_whole(value, request.dimensions);
  if (name == "embedding_types") return read_types(value, request.types);
  if (name == "truncate") {
    request.truncate = value.string();
    return value.is("NONE") || value.is("START") || value.is("END");
  }
  if (name != "input_type") return std::nullopt;
  // Pictures are embedded for whatever purpose.
  request.purpose = purpose_of(value.string());
  return request.purpose != Purpose::unset || value.is("image");
}

bool is_text(const EmbeddingInput& input) {
  return std::all_of(input.parts.begin(), input.parts.end(),
                     [](const auto& part) { return std::holds_alternative<std::string>(part); });
}

Result<Ok> write_mixed(const EmbeddingRequest& request, Writer& to, Dropped& dropped) {
  const Reader reader{dropped, true, request.dialect == dialect_name};
  to.name("inputs").open_array();
  for (const EmbeddingInput& input : request.inputs) {
    if (input.tokens) return cannot_tell("input", "The provider of this model takes texts, not token numbers.");
    to.open_object().name("content").open_array();
    for (const auto& part : input.parts) {
      bool written = true;
      if (const auto* text = std::get_if<std::string>(&part)) {
        to.open_object().member("type", "text").member("text", *text).close_object();
      } else {
        written = write_item(to, {std::get<Media>(part), {}}, reader);
      }
      if (!written) return cannot_tell("input", "The provider of this model takes no such media.");
    }
    to.close_array().close_object();
  }
  to.close_array();
  return Ok{};
}

// The dialect demands a purpose.
std::string_view word_for(const EmbeddingRequest& request, Dropped& dropped) {
  switch (request.purpose) {
    case Purpose::classification:
      return "classification";
    case Purpose::clustering:
      return "clustering";
    case Purpose::query:
      return "search_query";
    case Purpose::unset:
    case Purpose::document:
      return "search_document";
    default:
      break;
  }
  drop_purpose(request, dropped);
  return is_query(request.purpose) ? "search_query" : "search_document";
}

// Packed vectors are made of numbers here: that is exact, and every version of the API has numbers.
void write_types(const EmbeddingRequest& request, Writer& to) {
  std::vector<std::string_view> types;
  for (const std::string& wanted : request.types) {
    const std::string_view type = wanted == vector_type::packed ? vector_type::numbers : std::string_view(wanted);
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  if (types.empty()) types.push_back(vector_type::numbers);
  to.name("embedding_types").open_array();
  for (const std::string_view type : types) to.string(type);
  to.close_array();
}

class CohereEmbeddings final : public EmbeddingCodec {
 public:
  Result<EmbeddingRequest> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    EmbeddingRequest request;
    request.model = model;
    request.dialect = dialect_name;
    Result<Ok> read = read_what(tree.root(), request);
    if (!read) return std::move(read).error();
    for (const Value value : tree.root()) {
      const std::string name = value.name();
      const bool is_read = name == "model" || name == "texts" || name == "images" || name == "inputs";
      if (is_read || value.is_null()) continue;
      const std::optional<bool> good = read_setting(name, value, request);
      if (!good) request.extras.push_back({name, {std::string(value.raw())}});
      if (good && !*good) return wrong_member(name, "has a value that makes no sense.");
    }
    return request;
  }

  Result<Rendered> encode_request(const EmbeddingRequest& request, const Quirks&) const override {
    Rendered rendered;
    Writer to(rendered.body);
    to.open_object().member("model", request.model);
    if (std::all_of(request.inputs.begin(), request.inputs.end(), is_text)) {
      const auto texts = texts_of(request);
      if (!texts) return texts.error();
      write_texts(*texts, to.name("texts"));
    } else {
      const Result<Ok> written = write_mixed(request, to, rendered.dropped);
      if (!written) return written.error();
    }
    to.member("input_type", word_for(request, rendered.dropped));
    write_types(request, to);
    if (request.dimensions) to.member("output_dimension", *request.dimensions);
    to.member_if("truncate", request.truncate);
    if (!request.user.empty()) drop(rendered.dropped, "user");
    drop_titles(request, rendered.dropped);
    for (const Extra& extra : request.extras) {
      if (request.dialect == dialect_name) {
        to.raw_member(extra.name, extra.value.bytes);
      } else {
        drop(rendered.dropped, path_of(extra));
      }
    }
    to.close_object();
    return rendered;
  }

  Result<EmbeddingAnswer> decode_answer(std::string_view body, const EmbeddingRequest& request) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    EmbeddingAnswer answer;
    answer.id = root["id"].string();
    answer.usage = read_billed(root["meta"]);
    const Value embeddings = root["embeddings"];
    for (const std::string_view type : all_types) {
      // Older versions list the numbers themselves.
      const bool is_bare = embeddings.is_array() && type == vector_type::numbers;
      const Value list = is_bare ? embeddings : embeddings[type];
      if (list.absent()) continue;
      VectorSet set{std::string(type), {}};
      const bool good = type == vector_type::packed ? take_packed(list, set) : take_vectors(list, set);
      if (!good) return unreadable("The provider's answer cannot be read.");
      answer.sets.push_back(std::move(set));
    }
    return complete_answer(std::move(answer), request);
  }

  // The types that were asked for, as far as there are any; else what there is.
  Result<Ok> encode_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& request,
                           std::string& out) const override {
    std::vector<VectorSet> told;
    for (const std::string& type : request.types) {
      auto set = vectors_as(answer, type);
      if (!set) return std::move(set).error();
      if (*set) told.push_back(**std::move(set));
    }
    if (told.empty()) {
      auto numbers = numbers_in(answer);
      if (!numbers) return std::move(numbers).error();
      told.push_back(*std::move(numbers));
    }
    Writer to(out);
    to.open_object().member("id", answer.id).name("embeddings").open_object();
    for (const VectorSet& set : told) write_set(set, to);
    to.close_object();
    const auto texts = texts_of(request);
    if (texts) write_texts(*texts, to.name("texts"));
    to.name("meta").open_object().name("api_version").open_object().member("version", "2").close_object();
    if (answer.usage) {
      to.name("billed_units").open_object().member("input_tokens", answer.usage->all_input()).close_object();
    }
    to.close_object().member("response_type", "embeddings_by_type").close_object();
    return Ok{};
  }

 private:
  static bool take_packed(Value list, VectorSet& set) {
    for (const Value item : list) {
      if (!item.is_string()) return false;
      set.vectors.push_back(item.string());
    }
    return list.is_array();
  }

  static void write_set(const VectorSet& set, Writer& to) {
    to.name(set.type).open_array();
    for (const std::string& vector : set.vectors) {
      if (set.type == vector_type::packed) {
        to.string(vector);
      } else {
        to.raw(vector);
      }
    }
    to.close_array();
  }
};

}  // namespace

const EmbeddingCodec& embedding_codec() {
  static const CohereEmbeddings codec;
  return codec;
}

}  // namespace sluice::chat::cohere
