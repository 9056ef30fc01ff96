#include <string>
#include <utility>

#include "chat/extras.hpp"
#include "chat/gemini/operations.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/vectors.hpp"

// Embeddings by predict: texts only, what is said of all of them stands beside them, and tokens are counted for each.
namespace sluice::chat::generate_content {

using json::Value;
using json::Writer;

Result<Rendered> write_instances(const EmbeddingRequest& request) {
  Rendered rendered;
  rendered.way = Way::instances;
  drop_foreign(request, rendered.dropped);
  if (request.dialect == dialect_name) {
    for (const Extra& extra : request.extras) drop(rendered.dropped, path_of(extra));
  }
  Writer to(rendered.body);
  to.open_object().name("instances").open_array();
  for (const EmbeddingInput& input : request.inputs) {
    const Result<std::string> text = text_of(input);
    if (!text) return text.error();
    to.open_object().member("content", *text).member_if("task_type", task_type_of(request.purpose));
    to.member_if("title", input.title).close_object();
  }
  to.close_array();
  std::string parameters;
  Writer members(parameters);
  if (!write_cut(request, members)) drop(rendered.dropped, "truncate");
  if (request.dimensions) members.member("outputDimensionality", *request.dimensions);
  if (!parameters.empty()) to.raw_member("parameters", "{" + parameters + "}");
  to.close_object();
  return rendered;
}

bool is_predicted(Value answer) { return answer["predictions"].is_array(); }

Result<EmbeddingAnswer> read_predictions(Value answer) {
  EmbeddingAnswer read;
  VectorSet set{std::string(vector_type::numbers), {}};
  Usage usage;
  bool counted = true;
  for (const Value prediction : answer["predictions"]) {
    const Value embedding = prediction["embeddings"];
    if (!take_vector(embedding["values"], set)) return unreadable("The provider's answer cannot be read.");
    const auto tokens = embedding["statistics"]["token_count"].whole();
    counted = counted && tokens.has_value();
    usage.input += tokens.value_or(0);
  }
  if (counted) read.usage = usage;
  read.sets.push_back(std::move(set));
  return read;
}

}  // namespace sluice::chat::generate_content
