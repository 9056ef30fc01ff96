// Between a caller and a provider of the same dialect: what the caller's client library counts on.
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

class OwnDialect : public ::testing::Test {
 protected:
  // A gateway whose model m tries providers of that dialect in turn, who have these answers.
  void open(const std::string& dialect, const std::vector<std::string>& answers) {
    std::string yaml = "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
    std::string targets;
    for (const std::string& answer : answers) {
      const std::string port = std::to_string(stage_.upstream(always(answer)).port());
      const std::string name = "p" + port;
      yaml += "  " + name + ": {kind: openai-compatible, dialect: " + dialect +
              ", base_url: \"http://127.0.0.1:" + port + "\"}\n";
      targets += (targets.empty() ? "{provider: " : ", {provider: ") + name + "}";
    }
    stage_.open_with(yaml + "models:\n  m: {targets: [" + targets +
                     "]}\nkeys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n");
  }
  Answer ask(const std::string& path, const std::string& body) {
    return stage_.ask("POST " + path + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + std::string(caller_key) +
                      "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + body);
  }
  void TearDown() override { stage_.settle(); }

  Stage stage_;
};

constexpr const char* contents = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
constexpr const char* bad_key =
    R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})";

TEST_F(OwnDialect, a_400_about_our_key_is_502_and_other_400s_pass_as_they_are) {
  open("gemini", {response(400, bad_key)});
  EXPECT_EQ(ask("/v1/models/m:generateContent", contents).status, 502);
  const std::string other = R"({"error" :{"code":400,"message":"no","status":"INVALID_ARGUMENT"}})";
  open("gemini", {response(400, other)});
  const Answer refused = ask("/v1beta/models/m:generateContent", contents);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, other);
}

TEST_F(OwnDialect, a_400_about_our_key_is_followed_by_the_next_target) {
  const std::string good = R"({"candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}]})";
  open("gemini", {response(400, bad_key), response(200, good)});
  const Answer answer = ask("/v1beta/models/m:generateContent", contents);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, good);
}

TEST_F(OwnDialect, the_type_of_an_error_reaches_the_caller_in_its_field) {
  open("bedrock_converse",
       {response(400, R"({"message":"no"})", "x-amzn-ErrorType: ValidationException:http://x/\r\n")});
  const Answer refused = ask("/model/m/converse", R"({"messages":[]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.field("x-amzn-errortype"), "ValidationException:http://x/");
}

TEST_F(OwnDialect, a_request_has_its_id_where_the_dialects_clients_look) {
  const std::string body = R"({"model":"m","max_tokens":1,"messages":[]})";
  for (const auto& [dialect, path, field] :
       {std::tuple<std::string, std::string, std::string>{"anthropic_messages", "/v1/messages", "request-id"},
        {"bedrock_converse", "/model/m/converse", "x-amzn-requestid"}}) {
    for (const int status : {200, 400, 500}) {
      open(dialect, {response(status, "{}")});
      const Answer answer = ask(path, body);
      EXPECT_FALSE(answer.field("x-request-id").empty());
      EXPECT_EQ(answer.field(field), answer.field("x-request-id")) << dialect << status;
    }
  }
}

}  // namespace
}  // namespace sluice::test
