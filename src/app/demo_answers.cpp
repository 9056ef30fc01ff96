#include "app/demo_answers.hpp"

#include <utility>

#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>

#include "app/demo_embeddings.hpp"

namespace sluice::app {
namespace {

constexpr std::string_view model_name = "demo";

// Enough of a digest to tell bodies apart, in hexadecimal.
std::string hash_of(std::string_view body) {
  const Digest digest = sha256(body);
  return hex(std::span(digest).first<12>());
}

DemoAnswer answer_document(std::string body) {
  DemoAnswer answer;
  answer.body = std::move(body);
  return answer;
}

using Complete = Result<DemoCompletion> (*)(const Json& request, std::string_view hash);

DemoAnswer answer_completion(Complete complete, std::string_view body) {
  auto request = parse_demo_body(body);
  if (!request) return answer_demo_error(request.error());
  auto completion = complete(*request, hash_of(body));
  if (!completion) return answer_demo_error(completion.error());
  if (!completion->stream) return answer_document(demo_document(*completion));
  DemoAnswer answer;
  answer.events = std::make_unique<DemoEvents>(*std::move(completion));
  return answer;
}

DemoAnswer answer_embeddings(std::string_view body) {
  auto request = parse_demo_body(body);
  if (!request) return answer_demo_error(request.error());
  auto document = embed(*request);
  return document ? answer_document(*std::move(document)) : answer_demo_error(document.error());
}

OrderedJson model_entry() {
  OrderedJson model;
  model["id"] = std::string(model_name);
  model["object"] = "model";
  model["created"] = demo_created;
  model["owned_by"] = "sluice";
  return model;
}

DemoAnswer answer_models(std::string_view name) {
  if (name == model_name) return answer_document(demo_dump(model_entry()));
  if (!name.empty()) {
    return answer_demo_error(
        Error(Fault::not_found, Blame::client, "model_not_found", "There is no such model; there is \"demo\"."));
  }
  OrderedJson document;
  document["object"] = "list";
  document["data"] = OrderedJson::array({model_entry()});
  return answer_document(demo_dump(document));
}

DemoAnswer answer_wrong_method(std::string_view allowed) {
  return answer_demo_error(
      Error(Fault::method_not_allowed, Blame::client, "method_not_allowed", "This path is not for this method.")
          .with_allow(allowed));
}

// The path below `/v1`, or as it is: "/chat/completions".
std::string_view path_of(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  return path;
}

}  // namespace

DemoAnswer answer_demo(http::Method method, std::string_view target, std::string_view body) {
  constexpr std::string_view models = "/models";
  const std::string_view path = path_of(target);
  if (path == models || path.starts_with("/models/")) {
    const bool reads = method == http::Method::get || method == http::Method::head;
    return reads ? answer_models(path == models ? "" : path.substr(models.size() + 1))
                 : answer_wrong_method("GET, HEAD");
  }
  const bool chat = path == "/chat/completions";
  const bool prompt = path == "/completions";
  if (!chat && !prompt && path != "/embeddings") {
    return answer_demo_error(
        Error(Fault::not_found, Blame::client, "unknown_path", "The demo provider has no such path."));
  }
  if (method != http::Method::post) return answer_wrong_method("POST");
  if (chat) return answer_completion(complete_chat, body);
  if (prompt) return answer_completion(complete_prompt, body);
  return answer_embeddings(body);
}

DemoAnswer answer_demo_error(const Error& error) {
  DemoAnswer answer;
  answer.status = status_of(error.fault());
  answer.body = demo_error_body(answer.status, error);
  answer.allow = error.allow();
  return answer;
}

}  // namespace sluice::app
