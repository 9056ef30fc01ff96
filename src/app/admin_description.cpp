#include "app/admin_description.hpp"

#include <nlohmann/json.hpp>

#include "app/version.hpp"

namespace sluice::app {
namespace {

// Members in the order in which people read them. All names and values are our own.
using Json = nlohmann::ordered_json;

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// What every route may answer that wants the token, or has a parameter.
std::vector<AdminAnswer> common_answers(const AdminRoute& route) {
  std::vector<AdminAnswer> answers;
  if (route.is_guarded()) {
    answers.push_back({401, "no token, or a wrong one", ""});
    answers.push_back({403, "the token's role lacks the permission", ""});
    answers.push_back({429, "this address showed wrong tokens too often; retry-after says when it is heard again", ""});
  }
  if (!route.parameter().empty()) answers.push_back({404, "there is none of that name", ""});
  return answers;
}

Json answers_of(const AdminRoute& route) {
  Json answers = Json::object();
  for (const AdminAnswer& answer : route.answers()) {
    answers[std::to_string(answer.status)] = {{"description", answer.meaning},
                                              {"content", {{std::string(answer.content_type), Json::object()}}}};
  }
  for (const AdminAnswer& answer : common_answers(route)) {
    const Json schema = {{"schema", {{"$ref", "#/components/schemas/Error"}}}};
    Json told = {{"description", answer.meaning}, {"content", {{"application/json", schema}}}};
    if (answer.status == 401) told["headers"]["www-authenticate"] = {{"schema", {{"const", "Bearer"}}}};
    if (answer.status == 429) told["headers"]["retry-after"] = {{"schema", {{"type", "integer"}, {"minimum", 1}}}};
    answers[std::to_string(answer.status)] = std::move(told);
  }
  return answers;
}

Json operation_of(const AdminRoute& route) {
  Json operation = {{"summary", route.summary()}};
  const std::string parameter(route.parameter());
  if (!parameter.empty()) {
    operation["parameters"] =
        Json::array({{{"name", parameter}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}}});
  }
  operation["security"] = Json::array();
  if (route.is_guarded()) {
    operation["security"].push_back({{"token", Json::array()}});
    operation["x-sluice-permission"] = to_string(route.permission());
  }
  operation["responses"] = answers_of(route);
  return operation;
}

Json error_schema() {
  const Json text = {{"type", "string"}};
  return {{"type", "object"},
          {"required", {"error"}},
          {"properties",
           {{"error",
             {{"type", "object"},
              {"required", {"code", "message"}},
              {"properties", {{"code", text}, {"message", text}}}}}}}};
}

}  // namespace

std::string admin_description(const std::vector<AdminRoute>& routes) {
  Json document = {{"openapi", "3.1.0"}};
  document["info"] = {{"title", "Sluice: the operators' plane"}, {"version", version()}};
  document["paths"] = Json::object();
  for (const AdminRoute& route : routes)
    document["paths"][std::string(route.path())][in_lower_case(route.method())] = operation_of(route);
  document["components"]["schemas"]["Error"] = error_schema();
  document["components"]["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  return document.dump();
}

}  // namespace sluice::app
