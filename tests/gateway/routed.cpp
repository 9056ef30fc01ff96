#include "gateway/routed.hpp"

namespace sluice::test {

ScriptedUpstream& Routed::provider(const std::string& name, const Script& script, const std::string& more) {
  ScriptedUpstream& upstream = stage_.upstream(script);
  providers_ += "  " + name +
                ": {kind: openai-compatible, base_url: \"http://127.0.0.1:" + std::to_string(upstream.port()) + "/v1\"";
  if (more.find("api_keys") == std::string::npos) providers_ += ", api_key: \"${PROVIDER_KEY}\"";
  if (!more.empty()) providers_ += ", " + more;
  providers_ += "}\n";
  return upstream;
}

GatewayUnderTest& Routed::open(const std::string& models, const std::string& more, int workers) {
  std::string yaml = "server: {listen: \"127.0.0.1:0\", workers: " + std::to_string(workers) + "}\n";
  yaml += "admin: {listen: \"127.0.0.1:0\"}\nproviders:\n" + providers_ + "models:\n" + models;
  if (more.find("keys:") == std::string::npos) yaml += "keys: [{name: app, secret: \"${CALLER_KEY}\"}]\n";
  return stage_.open_with(yaml + more);
}

Answer Routed::ask(std::string_view model, const std::string& fields, std::string_view words) {
  return stage_.ask(request_of(model, fields, words));
}

Answer Routed::operators(const std::string& path, bool with_token) {
  app::Daemon& daemon = stage_.gateway().daemon();
  RawClient client(daemon.admin_port());
  client.send(get(path, with_token ? bearer(daemon.made_token().reveal()) : ""));
  return client.read_answer();
}

nlohmann::json Routed::told(const std::string& path) {
  Answer answer;
  EXPECT_TRUE(eventually([&] {
    answer = operators(path);
    return answer.status == 200;
  })) << answer.status
      << answer.body;
  return nlohmann::json::parse(answer.body, nullptr, false);
}

std::string request_of(std::string_view model, const std::string& fields, std::string_view words) {
  return post("/v1/chat/completions", chat_body(model, words), bearer() + fields);
}

std::string odd_refusal(std::string_view code) {
  return "{ \"error\" : {\"message\":\"No.\",  \"type\":\"invalid_request_error\",\"param\":null, \"code\":\"" +
         std::string(code) + "\", \"odd\":[1e2, 1.50]} }\n";
}

Script refusing(int status, std::string_view code, const std::string& fields) {
  return always(response(status, odd_refusal(code), fields));
}

std::size_t seen_with(const ScriptedUpstream& upstream, std::string_view text) {
  std::size_t count = 0;
  for (const SeenRequest& request : upstream.seen()) {
    if ((request.head + request.body).find(text) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace sluice::test
