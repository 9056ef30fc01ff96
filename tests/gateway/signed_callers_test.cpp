// Callers who sign their requests in AWS's way instead of showing their key, as docs promise them.
#include <array>
#include <chrono>

#include <sluice/base/digest.hpp>
#include <sluice/credential/aws.hpp>

#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

constexpr std::string_view path = "/model/m/converse";
const std::string question = R"({"messages":[{"role":"user","content":[{"text":"Go."}]}],"unheard_of":[ 1.0 ]})";
const std::string converse_answer =
    R"({"metrics":{"latencyMs":5},"output":{"message":{"content":[{"text":"fine"}],"role":"assistant"}},)"
    R"("stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}})";

std::string hex_of(std::string_view body) {
  std::string out;
  for (const std::uint8_t byte : sha256(body)) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// How a request is signed.
struct Signing {
  std::string id = "app";
  std::string secret = std::string(caller_key);
  bool tells_hash = false;  // in x-amz-content-sha256
  std::chrono::seconds late{0};
  std::string token = "";
  std::string method = "POST";
};

// The lines of a signature for what post() and get() send.
std::string signature(std::string_view target, std::string_view body, const Signing& how = {}) {
  const std::string hash = hex_of(body);
  std::vector<credential::SignedField> fields{{"host", "localhost"}};
  if (how.method == "POST") fields.push_back({"content-type", "application/json"});
  if (how.tells_hash) fields.push_back({"x-amz-content-sha256", hash});
  std::string lines = how.tells_hash ? "x-amz-content-sha256: " + hash + "\r\n" : "";
  const credential::AwsKeys keys{how.id, Secret(how.secret), Secret(how.token)};
  credential::append_aws_signature({how.method, target, fields, sha256(body)}, keys, {"eu-west-1", "bedrock"},
                                   std::chrono::system_clock::now() + how.late, lines);
  return lines;
}

std::string signed_post(std::string_view body, const Signing& how = {}) {
  return post(path, body, signature(path, body, how));
}

class SignedCallers : public ::testing::Test {
 protected:
  // The model `m`, at a provider that speaks the callers' dialect.
  void SetUp() override {
    stage_.open_with(
        "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n"
        "  far: {kind: openai-compatible, dialect: bedrock_converse, api_key: \"${PROVIDER_KEY}\", "
        "base_url: \"http://127.0.0.1:" +
        std::to_string(upstream_->port()) +
        "\"}\nmodels:\n  m: {targets: [{provider: far, model: real}]}\n"
        "  other: {targets: [{provider: far, model: real}]}\nkeys:\n"
        "  - {name: app, secret: \"${CALLER_KEY}\", models: [m]}\n");
  }
  void TearDown() override { stage_.settle(); }
  Answer ask(const std::string& request) { return stage_.ask(request); }

  void expect_refused(const Answer& answer, std::string_view word = "") {
    EXPECT_EQ(answer.status, 401) << answer.body;
    EXPECT_NE(answer.body.find("UnrecognizedClientException"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find(word), std::string::npos) << answer.body;
    const Json line = stage_.lines().back();
    EXPECT_EQ(line["error"], "invalid_api_key");
    EXPECT_TRUE(line["key"].is_null()) << line.dump();
  }

  Stage stage_;
  ScriptedUpstream* upstream_ = &stage_.upstream(always(response(200, converse_answer)));
};

TEST_F(SignedCallers, are_known_by_their_key_s_name_and_secret) {
  for (const bool tells_hash : {false, true}) {
    const Answer answer = ask(signed_post(question, {.tells_hash = tells_hash}));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, converse_answer);
    EXPECT_EQ(stage_.lines().back()["key"], "app");
  }
  for (const SeenRequest& seen : upstream_->seen()) {
    EXPECT_EQ(seen.body, question);
    EXPECT_EQ(seen.field("authorization"), "Bearer " + std::string(provider_key));
    EXPECT_EQ(seen.head.find("x-amz-"), std::string::npos) << seen.head;
    EXPECT_EQ(seen.head.find("AWS4"), std::string::npos) << seen.head;
  }
  const std::string other = "/model/other/converse";
  EXPECT_EQ(ask(post(other, question, signature(other, question))).status, 403) << "their key's list holds";
}

TEST_F(SignedCallers, may_sign_whatever_has_a_key) {
  const std::string list = "/v1/models?limit=5";
  const Answer answer = ask(get(list, signature(list, "", {.method = "GET"})));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body)["data"].size(), 1u);
  expect_error(ask(get(list, signature(list, "", {.secret = "wrong", .method = "GET"}))), 401, "invalid_api_key");
}

TEST_F(SignedCallers, are_refused_in_the_same_words_whatever_does_not_fit) {
  std::string words;
  for (const bool tells_hash : {false, true}) {
    for (const Signing& how : {Signing{.secret = "sk-wrong"}, Signing{.id = "nobody"}, Signing{.id = "App"},
                               Signing{.id = "nobody", .secret = "sk-wrong"}, Signing{.secret = ""}}) {
      Signing signing = how;
      signing.tells_hash = tells_hash;
      const Answer answer = ask(signed_post(question, signing));
      expect_refused(answer, "signature does not match");
      if (words.empty()) words = answer.body;
      EXPECT_EQ(answer.body, words);
    }
  }
  EXPECT_EQ(upstream_->requests(), 0u);
}

TEST_F(SignedCallers, cannot_change_what_they_signed) {
  const std::string other = R"({"messages":[{"role":"user","content":[{"text":"Oh."}]}],"unheard_of":[ 1.0 ]})";
  expect_refused(ask(post(path, other, signature(path, question))), "does not match");
  expect_refused(ask(post(path, other, signature(path, question, {.tells_hash = true}))), "body");
  expect_refused(ask(post("/model/m2/converse", question, signature(path, question))), "does not match");
  expect_refused(ask(post(path, question, signature("/model/m/converse-stream", question))), "does not match");
  expect_refused(ask(post(path, question, signature(path, question) + "x-amz-target: t\r\n")), "must cover");
  EXPECT_EQ(upstream_->requests(), 0u);
}

TEST_F(SignedCallers, must_have_the_right_time_and_no_session) {
  EXPECT_EQ(ask(signed_post(question, {.late = std::chrono::minutes(14)})).status, 200);
  EXPECT_EQ(ask(signed_post(question, {.late = std::chrono::minutes(-14)})).status, 200);
  expect_refused(ask(signed_post(question, {.late = std::chrono::minutes(16)})), "15 minutes");
  expect_refused(ask(signed_post(question, {.late = std::chrono::minutes(-16)})), "15 minutes");
  expect_refused(ask(signed_post(question, {.token = "a-token"})), "session token");
}

TEST_F(SignedCallers, show_no_second_key) {
  const std::string twice = signature(path, question) + "x-api-key: " + std::string(caller_key) + "\r\n";
  EXPECT_EQ(ask(post(path, question, twice)).status, 400);
  EXPECT_EQ(ask(post(path, question, signature(path, question) + bearer())).status, 400);
}

// A body that nobody is known to have sent yet is not waited for when the head already decides.
TEST_F(SignedCallers, are_not_asked_for_a_body_that_cannot_help_them) {
  const auto head = [](const std::string& lines, std::size_t length) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" + lines +
           "expect: 100-continue\r\ncontent-length: " + std::to_string(length) + "\r\n\r\n";
  };
  expect_refused(ask(head(signature(path, question, {.secret = "sk-wrong", .tells_hash = true}), 100)), "not match");
  expect_refused(ask(head(signature(path, question, {.late = std::chrono::hours(1)}), 100)), "15 minutes");
  const std::size_t much = 8 * 1024 * 1024 + 1;
  for (const char* const id : {"app", "nobody"}) {
    const Answer answer = ask(head(signature(path, question, {.id = id}), much));
    EXPECT_EQ(answer.status, 413) << answer.body;
    EXPECT_NE(answer.body.find("x-amz-content-sha256"), std::string::npos);
  }
  std::string chunked = "POST " + std::string(path) +
                        " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
                        signature(path, question) + "transfer-encoding: chunked\r\n\r\n";
  EXPECT_EQ(ask(chunked).status, 413);
}

TEST_F(SignedCallers, may_send_much_when_they_say_its_hash) {
  const std::string body = R"({"messages":[],"unheard_of":")" + std::string(9 * 1024 * 1024, 'x') + "\"}";
  EXPECT_EQ(ask(signed_post(body, {.tells_hash = true})).status, 200);
  EXPECT_EQ(upstream_->seen().back().body.size(), body.size());
}

TEST_F(SignedCallers, need_no_signature_where_nobody_needs_a_key) {
  stage_.open_with(
      "auth: none\nserver: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\n"
      "providers:\n  far: {kind: openai-compatible, dialect: bedrock_converse, api_key: "
      "\"${PROVIDER_KEY}\", base_url: \"http://127.0.0.1:" +
      std::to_string(upstream_->port()) + "\"}\nmodels:\n  m: {targets: [{provider: far}]}\n");
  EXPECT_EQ(ask(signed_post(question, {.id = "anybody", .secret = "anything"})).status, 200);
}

}  // namespace
}  // namespace sluice::test
