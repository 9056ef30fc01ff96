#include <utility>

#include "chat/cohere_v2/parts.hpp"
#include "chat/extras.hpp"
#include "chat/provider_failures.hpp"
#include "chat/ranks.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;
using json::Writer;

// False: the value makes no sense. Nothing: it is another member.
std::optional<bool> read_setting(const std::string& name, Value value, RerankRequest& request) {
  if (name == "top_n") return read_whole(value, request.top_n);
  if (name == "max_tokens_per_doc") return read_whole(value, request.max_tokens_per_doc);
  if (name != "return_documents") return std::nullopt;  // of the API's first version
  request.return_documents = value.boolean();
  return request.return_documents.has_value();
}

class CohereRerank final : public RerankCodec {
 public:
  Result<RerankRequest> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    RerankRequest request;
    request.model = model;
    request.dialect = dialect_name;
    Result<Ok> read = read_question(tree.root(), request);
    if (!read) return std::move(read).error();
    for (const Value value : tree.root()) {
      const std::string name = value.name();
      if (name == "model" || name == "query" || name == "documents" || value.is_null()) continue;
      const std::optional<bool> good = read_setting(name, value, request);
      if (!good) request.extras.push_back({name, {std::string(value.raw())}});
      if (good && !*good) return wrong_member(name, "has a value that makes no sense.");
    }
    return request;
  }

  // Documents are texts here. They come back from what the caller sent.
  Result<Rendered> encode_request(const RerankRequest& request, const Quirks&) const override {
    Rendered rendered;
    Writer to(rendered.body);
    to.open_object().member("model", request.model).member("query", request.query).name("documents").open_array();
    for (const RerankDocument& document : request.documents) to.string(text_of(document));
    to.close_array();
    if (request.top_n) to.member("top_n", *request.top_n);
    if (request.max_tokens_per_doc) to.member("max_tokens_per_doc", *request.max_tokens_per_doc);
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

  Result<RerankAnswer> decode_answer(std::string_view body, const RerankRequest& request) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value root = tree.root();
    RerankAnswer answer;
    answer.id = root["id"].string();
    answer.usage = read_billed(root["meta"]);
    const Value units = root["meta"]["billed_units"]["search_units"];
    if (units.is_number()) answer.search_units.bytes = units.raw();
    if (!read_results(root["results"], request, answer.results)) {
      return unreadable("The provider's answer cannot be read.");
    }
    return answer;
  }

  Result<Ok> encode_answer(const RerankAnswer& answer, const RerankRequest& request, std::string& out) const override {
    Writer to(out);
    to.open_object().member("id", answer.id).name("results").open_array();
    write_results(answer, request, to);
    to.close_array().name("meta").open_object();
    to.name("api_version").open_object().member("version", "2").close_object();
    to.name("billed_units").open_object().raw_member_if("search_units", answer.search_units.bytes);
    if (answer.usage) to.member("input_tokens", answer.usage->all_input());
    to.close_object().close_object().close_object();
    return Ok{};
  }
};

}  // namespace

const RerankCodec& rerank_codec() {
  static const CohereRerank codec;
  return codec;
}

}  // namespace sluice::chat::cohere
