// How requests prove to providers who sends them, with real token servers: one renewal for all, whoever waits.
#include <chrono>
#include <string>
#include <vector>

#include "credential/rsa_keys.hpp"
#include "gateway/signature_check.hpp"
#include "gateway/stage.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

using credential::testing::RsaKey;

constexpr std::string_view account_canary = "canary-account-token-51c7";
constexpr std::string_view client_secret = "canary-client-secret-90d2";
constexpr std::string_view signing_secret = "canary/signing+secret=4e1b";
constexpr std::string_view session_canary = "canary-session-token-aa03";

constexpr std::string_view gemini_answer =
    R"({"candidates":[{"content":{"role":"model","parts":[{"text":"fine"}]},"finishReason":"STOP","index":0}],)"
    R"("usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},"modelVersion":"m"})";
constexpr std::string_view converse_answer =
    R"({"metrics":{"latencyMs":5},"output":{"message":{"content":[{"text":"fine"}],"role":"assistant"}},)"
    R"("stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}})";

std::string token_answer(std::string_view token) {
  return response(200, R"({"access_token":")" + std::string(token) + R"(","expires_in":3599,"token_type":"Bearer"})");
}

std::string url(std::uint16_t port, const std::string& path = "") {
  return "\"http://127.0.0.1:" + std::to_string(port) + path + "\"";
}

// A configuration with those providers (whole YAML lines) and the model `m` with those targets.
std::string with_providers(const std::string& providers, const std::string& targets, int workers = 1) {
  return "server: {listen: \"127.0.0.1:0\", workers: " + std::to_string(workers) +
         "}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n" + providers + "models:\n  m: {targets: [" + targets +
         "]}\nkeys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n";
}

std::string account_file(const RsaKey& key) {
  return nlohmann::json{
      {"type", "service_account"}, {"project_id", "house"},    {"client_email", "gateway@house.example"},
      {"private_key_id", "kid-1"}, {"private_key", key.pem()}, {"token_uri", "https://never.example/token"}}
      .dump();
}

std::string account_provider(std::uint16_t provider, std::uint16_t tokens) {
  return "  cloud: {kind: vertex, credentials: \"${ACCOUNT}\", base_url: " +
         url(provider, "/v1/projects/p/locations/l/publishers/google") + ", token_url: " + url(tokens, "/token") +
         "}\n";
}

std::string client_provider(const std::string& more) {
  return "  cloud: {kind: azure, client_id: c-1, client_secret: \"${CLIENT_SECRET}\", " + more + "}\n";
}

const Variables client_variables{{"CLIENT_SECRET", std::string(client_secret)}};
const std::string cloud_model = "{provider: cloud, model: real-model}";

// Nothing that is secret was told to anybody.
void expect_silence(Stage& stage, const std::vector<std::string>& secrets) {
  const std::string metrics = stage.gateway().metrics();
  for (const std::string& secret : secrets) {
    EXPECT_EQ(stage.gateway().access_text().find(secret), std::string::npos) << "in the access log";
    EXPECT_EQ(stage.gateway().log_text().find(secret), std::string::npos) << "in the log";
    EXPECT_EQ(metrics.find(secret), std::string::npos) << "in the metrics";
  }
}

void leave_while_a_token_is_fetched(Stage& stage, ScriptedUpstream& tokens) {
  stage.count(1);
  RawClient leaver = stage.gateway().client();
  ASSERT_TRUE(leaver.send(chat()));
  ASSERT_TRUE(tokens.await_requests(1));
  leaver.close();
}

TEST(Credentials, get_one_token_for_a_hundred_requests_at_once_over_several_workers) {
  Stage stage;
  const RsaKey key;
  auto& tokens = stage.upstream(Script().read_request().wait_for("go").send(token_answer(account_canary)).again());
  auto& provider = stage.upstream(always(response(200, gemini_answer)));
  stage.open_with(with_providers(account_provider(provider.port(), tokens.port()), cloud_model, 4),
                  {{"ACCOUNT", account_file(key)}});
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(stage.gateway().client());
    stage.count(1);
    ASSERT_TRUE(clients.back().send(chat()));
  }
  ASSERT_TRUE(tokens.await_requests(1));
  EXPECT_EQ(stage.gateway().await_metric("sluice_requests_in_flight", 100), 100);
  EXPECT_EQ(provider.requests(), 0u) << "nobody is called without a token";
  tokens.signal("go");
  for (RawClient& client : clients) {
    const Answer answer = client.read_answer();
    stage.received(answer);
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  EXPECT_EQ(tokens.requests(), 1u);
  ASSERT_EQ(provider.requests(), 100u);
  for (const SeenRequest& request : provider.seen()) {
    EXPECT_EQ(request.field("authorization"), "Bearer " + std::string(account_canary));
    EXPECT_EQ(request.target(), "/v1/projects/p/locations/l/publishers/google/models/real-model:generateContent");
    EXPECT_FALSE(request.field("x-goog-api-key"));
  }
  const std::string form = tokens.seen().at(0).body;
  const credential::testing::Statement statement(form.substr(form.find("assertion=") + 10));
  EXPECT_TRUE(key.verifies(statement.message, statement.signature));
  EXPECT_EQ(statement.claims.value("aud", ""), "http://127.0.0.1:" + std::to_string(tokens.port()) + "/token");
  expect_silence(stage, {std::string(account_canary), "PRIVATE KEY", statement.signature});
  clients.clear();
  stage.settle();
}

TEST(Credentials, let_another_target_answer_when_no_token_can_be_had) {
  Stage stage;
  auto& tokens =
      stage.upstream(always(response(401, R"({"error":"invalid_client","error_description":"canary-description"})")));
  auto& provider = stage.upstream(always(completion("never")));
  auto& other = stage.upstream(always(completion("instead")));
  stage.open_with(with_providers(client_provider("base_url: " + url(provider.port()) +
                                                 ", token_url: " + url(tokens.port(), "/token")) +
                                     "  p2: {kind: openai-compatible, base_url: " + url(other.port(), "/v1") + "}\n",
                                 cloud_model + ", {provider: p2, model: real-model}"),
                  client_variables);
  for (int i = 0; i < 3; ++i) expect_words(stage.ask(chat()), "instead");
  EXPECT_EQ(tokens.requests(), 1u) << "a refused client is not tried again at once";
  EXPECT_EQ(provider.requests(), 0u);
  EXPECT_NE(stage.gateway().log_text().find("a credential could not be renewed provider=cloud reason=the token server "
                                            "answered 401 (invalid_client)"),
            std::string::npos)
      << stage.gateway().log_text();
  expect_silence(stage, {std::string(client_secret), "canary-description"});
  stage.settle();
}

TEST(Credentials, that_are_missing_are_the_gateways_trouble_and_not_the_callers) {
  const RefusingPort tokens;
  Stage stage;
  auto& provider = stage.upstream(always(completion("never")));
  stage.open_with(with_providers(client_provider("base_url: " + url(provider.port()) +
                                                 ", token_url: " + url(tokens.port(), "/token")),
                                 cloud_model),
                  client_variables);
  expect_error(stage.ask(chat()), 502, "upstream_auth");
  const Answer again = stage.ask(chat());
  expect_error(again, 502, "upstream_auth");
  EXPECT_EQ(provider.requests(), 0u);
  stage.settle();
}

TEST(Credentials, are_renewed_although_the_caller_who_caused_it_left) {
  Stage stage;
  auto& tokens = stage.upstream(Script().read_request().wait_for("go").send(token_answer("t1")).again());
  auto& provider = stage.upstream(always(completion("fine")));
  stage.open_with(with_providers(client_provider("base_url: " + url(provider.port()) +
                                                 ", token_url: " + url(tokens.port(), "/token")),
                                 cloud_model),
                  client_variables);
  stage.count(2);
  RawClient leaver = stage.gateway().client();
  ASSERT_TRUE(leaver.send(chat()));
  ASSERT_TRUE(tokens.await_requests(1));
  RawClient stayer = stage.gateway().client();
  ASSERT_TRUE(stayer.send(chat()));
  EXPECT_EQ(stage.gateway().await_metric("sluice_requests_in_flight", 2), 2);
  leaver.close();
  EXPECT_EQ(stage.gateway().await_metric("sluice_requests_in_flight", 1), 1);
  tokens.signal("go");
  expect_words(stayer.read_answer(), "fine");
  stayer.close();
  EXPECT_EQ(tokens.requests(), 1u);
  stage.settle();
}

TEST(Credentials, that_are_still_fetched_when_the_caller_leaves_cost_the_caller_nothing) {
  Stage stage;
  auto& tokens = stage.upstream(Script().read_request().hang());
  auto& provider = stage.upstream(always(completion("never")));
  stage.open_with(with_providers(client_provider("base_url: " + url(provider.port()) +
                                                 ", token_url: " + url(tokens.port(), "/token")),
                                 cloud_model) +
                      "prices: {real-model: {input: 1, output: 10}}\n",
                  client_variables);
  leave_while_a_token_is_fetched(stage, tokens);
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["status"], 499) << lines[0].dump();
  EXPECT_EQ(lines[0].value("cost_nano_usd", 0), 0) << "the provider has nothing of the request";
  EXPECT_EQ(provider.requests(), 0u);
}

TEST(Credentials, of_a_token_server_that_hangs_do_not_keep_the_daemon_from_ending) {
  Stage stage;
  auto& tokens = stage.upstream(Script().read_request().hang());
  stage.open_with(
      with_providers(client_provider("base_url: \"https://127.0.0.1:1\", token_url: " + url(tokens.port(), "/token")),
                     cloud_model),
      client_variables);
  leave_while_a_token_is_fetched(stage, tokens);
  EXPECT_EQ(stage.lines().size(), 1u);
  stage.gateway().stop();
  EXPECT_TRUE(tokens.await_left(0));
  stage.ended();
  stage.settle();
}

TEST(Credentials, of_a_client_are_sent_in_a_form_over_tls_and_shown_as_a_bearer_token) {
  Stage stage;
  Authority authority;
  const KeyPair pair = authority.issue();
  const UpstreamTls tls{pair.certificate, pair.key};
  auto& tokens = stage.upstream({always(token_answer("entra-token"))}, {.tls = tls});
  auto& provider = stage.upstream({always(completion("fine"))}, {.tls = tls});
  const auto https = [](std::uint16_t port, const std::string& path) {
    return "\"https://127.0.0.1:" + std::to_string(port) + path + "\"";
  };
  stage.open_with(with_providers(client_provider("tls: {ca: \"" + authority.file() +
                                                 "\"}, base_url: " + https(provider.port(), "/openai/v1") +
                                                 ", token_url: " + https(tokens.port(), "/t/oauth2/v2.0/token")),
                                 cloud_model),
                  client_variables);
  expect_words(stage.ask(chat()), "fine");
  const SeenRequest asked = tokens.seen().at(0);
  EXPECT_EQ(asked.target(), "/t/oauth2/v2.0/token");
  EXPECT_EQ(asked.field("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(asked.body, "grant_type=client_credentials&client_id=c-1&client_secret=" + std::string(client_secret) +
                            "&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default");
  const SeenRequest seen = provider.seen().at(0);
  EXPECT_EQ(seen.field("authorization"), "Bearer entra-token");
  EXPECT_FALSE(seen.field("api-key"));
  EXPECT_EQ(seen.target(), "/openai/v1/chat/completions");
  EXPECT_EQ(seen.head.find(client_secret), std::string::npos);
  expect_silence(stage, {std::string(client_secret), "entra-token"});
  stage.settle();
}

TEST(Credentials, survive_a_reload_that_does_not_change_them) {
  Stage stage;
  auto& tokens = stage.upstream(always(token_answer("t1")));
  auto& provider = stage.upstream(always(completion("fine")));
  const std::string yaml = with_providers(
      client_provider("base_url: " + url(provider.port()) + ", token_url: " + url(tokens.port(), "/token")),
      cloud_model);
  auto& gateway = stage.open_with(yaml, client_variables);
  expect_words(stage.ask(chat()), "fine");
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml, client_variables)));
  expect_words(stage.ask(chat()), "fine");
  EXPECT_EQ(tokens.requests(), 1u);
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml, {{"CLIENT_SECRET", "another"}})));
  const auto asked_again = [&] {
    expect_words(stage.ask(chat()), "fine");
    return tokens.requests() == 2;
  };
  EXPECT_TRUE(eventually(asked_again));
  EXPECT_NE(tokens.seen().back().body.find("client_secret=another"), std::string::npos);
  stage.settle();
}

std::string signing_provider(std::uint16_t port, const std::string& more = "") {
  return "  cloud: {kind: bedrock, region: eu-west-1, base_url: " + url(port) + more + "}\n";
}

TEST(Signatures, verify_for_requests_in_the_providers_own_dialect_and_translated) {
  Stage stage;
  auto& provider = stage.upstream(always(response(200, converse_answer)));
  stage.open_with(
      with_providers(signing_provider(provider.port(), ", access_key_id: AKIDTEST, secret_access_key: \"${S}\""),
                     "{provider: cloud, model: \"anthropic.claude-3:0/x+y\"}"),
      {{"S", std::string(signing_secret)}});
  EXPECT_EQ(stage.ask(chat()).status, 200);
  const std::string own = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
  EXPECT_EQ(stage.ask(post("/model/m/converse", own, bearer() + "x-amz-date: 20200101T000000Z\r\n")).status, 200);
  ASSERT_EQ(provider.requests(), 2u);
  for (const SeenRequest& request : provider.seen()) {
    EXPECT_EQ(request.target(), "/model/anthropic.claude-3%3A0%2Fx%2By/converse");
    EXPECT_EQ(signature_trouble(request, "AKIDTEST", signing_secret, "eu-west-1", "bedrock"), "");
    EXPECT_NE(signature_trouble(request, "AKIDTEST", "another", "eu-west-1", "bedrock"), "");
    SeenRequest changed = request;
    changed.body += " ";
    EXPECT_NE(signature_trouble(changed, "AKIDTEST", signing_secret, "eu-west-1", "bedrock"), "");
    EXPECT_FALSE(request.field("x-amz-security-token"));
  }
  EXPECT_EQ(provider.seen().at(1).body, own);
  expect_silence(stage, {std::string(signing_secret), "Signature="});
  stage.settle();
}

TEST(Signatures, are_made_with_the_keys_of_the_machines_role) {
  Stage stage;
  const std::string keys = R"({"Code":"Success","AccessKeyId":"ASIAROLE","SecretAccessKey":")" +
                           std::string(signing_secret) + R"(","Token":")" + std::string(session_canary) +
                           R"(","Expiration":"2999-01-01T00:00:00Z"})";
  Script script;
  script.read_request().send(response(200, "session-7"));
  script.read_request().send(response(200, "house-role"));
  auto& metadata = stage.upstream(script.read_request().send(response(200, keys)).again());
  auto& provider = stage.upstream(always(response(200, converse_answer)));
  stage.open_with(with_providers(signing_provider(provider.port()), cloud_model),
                  {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:" + std::to_string(metadata.port())}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(stage.ask(chat()).status, 200);
  const std::vector<SeenRequest> asked = metadata.seen();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_TRUE(asked[0].head.starts_with("PUT /latest/api/token HTTP/1.1\r\n")) << asked[0].head;
  EXPECT_EQ(asked[1].target(), "/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(asked[2].target(), "/latest/meta-data/iam/security-credentials/house-role");
  EXPECT_EQ(asked[2].field("x-aws-ec2-metadata-token"), "session-7");
  for (const SeenRequest& request : provider.seen()) {
    EXPECT_EQ(request.field("x-amz-security-token"), session_canary);
    EXPECT_EQ(signature_trouble(request, "ASIAROLE", signing_secret, "eu-west-1", "bedrock"), "");
  }
  expect_silence(stage, {std::string(signing_secret), std::string(session_canary)});
  stage.settle();
}

TEST(Signatures, are_made_with_the_keys_of_a_container) {
  Stage stage;
  const std::string keys = R"({"AccessKeyId":"ASIAPOD","SecretAccessKey":")" + std::string(signing_secret) +
                           R"(","Token":"pod","Expiration":"2999-01-01T00:00:00Z"})";
  auto& server = stage.upstream(always(response(200, keys)));
  auto& provider = stage.upstream(always(response(200, converse_answer)));
  stage.open_with(
      with_providers(signing_provider(provider.port()), cloud_model),
      {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:" + std::to_string(server.port()) + "/v1/keys?a=b"},
       {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-authorization"}});
  EXPECT_EQ(stage.ask(chat()).status, 200);
  EXPECT_EQ(server.seen().at(0).target(), "/v1/keys?a=b");
  EXPECT_EQ(server.seen().at(0).field("authorization"), "pod-authorization");
  EXPECT_EQ(signature_trouble(provider.seen().at(0), "ASIAPOD", signing_secret, "eu-west-1", "bedrock"), "");
  stage.settle();
}

}  // namespace
}  // namespace sluice::test
