#include "chat/ranks.hpp"

#include <utility>

#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Value;

bool read_document(Value value, RerankDocument& document) {
  if (value.is_string()) {
    document.text = value.string();
    return true;
  }
  if (value.size() == 1) document.text = value["text"].string();
  document.object.bytes = value.raw();
  return value.is_object();
}

}  // namespace

Result<Ok> read_question(Value root, RerankRequest& request) {
  if (!root["query"].is_string()) return refuse_member("query", "The member 'query' must be a text.");
  request.query = root["query"].string();
  const Value documents = root["documents"];
  if (!documents.is_array() || documents.size() == 0) {
    return refuse_member("documents", "The member 'documents' must be a list of texts or objects.");
  }
  for (const Value value : documents) {
    RerankDocument document;
    if (!read_document(value, document)) {
      return refuse_member("documents", "The member 'documents' must be a list of texts or objects.");
    }
    request.documents.push_back(std::move(document));
  }
  return Ok{};
}

bool read_results(Value list, const RerankRequest& request, std::vector<RerankResult>& results) {
  if (!list.is_array()) return false;
  for (const Value item : list) {
    const auto index = item["index"].whole();
    const Value score = item["relevance_score"];
    if (!index || *index >= request.documents.size() || !score.is_number()) return false;
    results.push_back({*index, {std::string(score.raw())}});
  }
  return true;
}

void write_results(const RerankAnswer& answer, const RerankRequest& request, json::Writer& to) {
  for (const RerankResult& result : answer.results) {
    to.open_object().member("index", result.index).raw_member("relevance_score", result.score.bytes);
    if (request.return_documents.value_or(false)) {
      const RerankDocument& document = request.documents[result.index];
      to.name("document");
      if (document.object) {
        to.raw(document.object.bytes);
      } else if (request.wants_data) {
        to.string(document.text);
      } else {
        to.open_object().member("text", document.text).close_object();
      }
    }
    to.close_object();
  }
}

std::string text_of(const RerankDocument& document) {
  return document.object && document.text.empty() ? document.object.bytes : document.text;
}

}  // namespace sluice::chat
