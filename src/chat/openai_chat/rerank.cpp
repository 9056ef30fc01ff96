#include <algorithm>
#include <array>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/operations.hpp"
#include "chat/openai_chat/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/ranks.hpp"
#include "chat/request_body.hpp"
#include "chat/vectors.hpp"

namespace sluice::chat::openai {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view own_top_n = "top_n";
constexpr std::string_view other_top_n = "top_k";

// Members beside the question. False: the value makes no sense. Nothing: it is another member.
std::optional<bool> read_setting(const std::string& name, Value value, RerankRequest& request) {
  if (name == other_top_n) {
    request.wants_data = true;
    return read_whole(value, request.top_n);
  }
  if (name == own_top_n) return read_whole(value, request.top_n);
  if (name == "max_tokens_per_doc") return read_whole(value, request.max_tokens_per_doc);
  if (name != "return_documents") return std::nullopt;
  request.return_documents = value.boolean();
  return value.absent() || request.return_documents.has_value();
}

class OpenAiRerank final : public RerankCodec {
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
      if (name == "model" || name == "query" || name == "documents") continue;
      const std::optional<bool> good = read_setting(name, value, request);
      if (!good && !value.is_null()) request.extras.push_back({name, {std::string(value.raw())}});
      if (good && !*good) return wrong_member(name, "has a value that makes no sense.");
    }
    return request;
  }

  // Documents come back from what the caller sent, so a provider need not send them.
  Result<Rendered> encode_request(const RerankRequest& request, const Quirks& quirks) const override {
    Rendered rendered;
    Writer to(rendered.body);
    to.open_object().member("model", request.model).member("query", request.query).name("documents").open_array();
    for (const RerankDocument& document : request.documents) {
      if (document.object) {
        to.raw(document.object.bytes);
      } else {
        to.string(document.text);
      }
    }
    to.close_array();
    if (request.top_n) to.member(quirks.top_n.empty() ? own_top_n : std::string_view(quirks.top_n), *request.top_n);
    if (request.max_tokens_per_doc) drop(rendered.dropped, "max_tokens_per_doc");
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
    answer.model = root["model"].string();
    answer.usage = read_usage(root["usage"].raw());
    if (const Value units = root["meta"]["billed_units"]["search_units"]; units.is_number()) {
      answer.search_units.bytes = units.raw();
    }
    const Value list = root["results"].is_array() ? root["results"] : root["data"];
    if (!read_results(list, request, answer.results)) {
      return sluice::chat::unreadable("The provider's answer cannot be read.");
    }
    return answer;
  }

  Result<Ok> encode_answer(const RerankAnswer& answer, const RerankRequest& request, std::string& out) const override {
    Writer to(out);
    to.open_object().member_if("id", answer.id).member("object", "list");
    to.name(request.wants_data ? "data" : "results").open_array();
    write_results(answer, request, to);
    to.close_array().member("model", answer.model.empty() ? request.model : answer.model);
    if (answer.usage) {
      to.name("usage").open_object().member("total_tokens", answer.usage->all_input()).close_object();
    }
    if (answer.search_units) {
      to.name("meta").open_object().name("billed_units").open_object();
      to.raw_member("search_units", answer.search_units.bytes).close_object().close_object();
    }
    to.close_object();
    return Ok{};
  }

  // For a server that is known to have the other form than the caller's.
  bool must_rewrite(std::string_view body, bool, const Quirks& quirks) const override {
    if (quirks.top_n.empty()) return false;
    const bool is_other = quirks.top_n == other_top_n;
    std::array<json::Member, 1> members{{{.name = is_other ? own_top_n : other_top_n}}};
    json::read(body, members);
    return members[0].kind != json::Kind::none;
  }
};

}  // namespace

const RerankCodec& rerank_codec() {
  static const OpenAiRerank codec;
  return codec;
}

}  // namespace sluice::chat::openai
