// Between a caller and a provider of the same dialect: what the caller's client library counts on.
#include <sluice/chat/dialect.hpp>
#include <sluice/chat/events.hpp>
#include <sluice/http/event_stream.hpp>

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
      yaml.append("  ").append(name).append(": {kind: openai-compatible, dialect: ").append(dialect);
      yaml.append(", api_key: \"${PROVIDER_KEY}\", base_url: \"http://127.0.0.1:").append(port).append("\"}\n");
      targets.append(targets.empty() ? "{provider: " : ", {provider: ").append(name).append("}");
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

// Some report a failure with a status of success.
TEST_F(OwnDialect, an_error_with_a_good_status_is_a_failure_and_followed_by_the_next_target) {
  const std::string good = R"({"candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}]})";
  const std::string overloaded = R"({"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}})";
  for (const std::string& failure : {overloaded, std::string("<html>gone</html>"), std::string()}) {
    open("gemini", {response(200, failure), response(200, good)});
    EXPECT_EQ(ask("/v1beta/models/m:generateContent", contents).body, good) << failure;
    open("gemini", {response(200, failure)});
    EXPECT_GE(ask("/v1beta/models/m:generateContent", contents).status, 502) << failure;
  }
}

TEST_F(OwnDialect, our_key_does_not_reach_a_caller_inside_of_a_stream) {
  const std::string key(provider_key);
  const std::string said = R"(data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]})"
                           "\r\n\r\n";
  const std::string failure = "data: {\"error\":{\"code\":503,\"message\":\"bad " + key + "\"}}\r\n\r\n";
  open("gemini", {stream_head() + chunk(said) + chunk(failure) + std::string(last_chunk)});
  const Answer broken = ask("/v1beta/models/m:streamGenerateContent?alt=sse", contents);
  EXPECT_NE(broken.body.find("bad ***"), std::string::npos) << broken.body;
  EXPECT_EQ(broken.body.find(key), std::string::npos);
  const Answer array = ask("/v1beta/models/m:streamGenerateContent", contents);
  EXPECT_NE(array.body.find("bad ***"), std::string::npos) << array.body;
  EXPECT_EQ(array.body.find(key), std::string::npos);
  const Answer translated =
      ask("/v1/chat/completions", R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_NE(translated.body.find("bad ***"), std::string::npos) << translated.body;
  EXPECT_EQ(translated.body.find(key), std::string::npos);
  // As the first thing that is said, and as all there is.
  open("gemini", {stream_head() + chunk(failure) + std::string(last_chunk)});
  EXPECT_EQ(ask("/v1beta/models/m:streamGenerateContent?alt=sse", contents).body.find(key), std::string::npos);
  open("gemini", {response(200, "{\"error\":{\"code\":503,\"message\":\"bad " + key + "\"}}")});
  EXPECT_EQ(ask("/v1beta/models/m:generateContent", contents).body.find(key), std::string::npos);
}

// Frames have checksums: there an event of ours tells the rest.
TEST_F(OwnDialect, our_key_does_not_reach_a_caller_inside_of_a_frame) {
  const std::string key(provider_key);
  std::string frame;
  http::append_frame(frame,
                     {{":exception-type", "throttlingException"},
                      {":content-type", "application/json"},
                      {":message-type", "exception"}},
                     "{\"message\":\"bad " + key + "\"}");
  const auto encoder = chat::bedrock_converse().codec()->stream_encoder({});
  std::string begun;
  encoder->encode(chat::AnswerStart{}, begun);
  open("bedrock_converse",
       {"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n" +
        chunk(begun + frame) + std::string(last_chunk)});
  const Answer broken = ask("/model/m/converse-stream", R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})");
  EXPECT_EQ(broken.body.find(key), std::string::npos);
  EXPECT_NE(broken.body.find("xception"), std::string::npos) << "the caller hears why";
}

TEST_F(OwnDialect, our_key_does_not_reach_a_caller_in_the_refusal_that_quotes_it) {
  const std::string key(provider_key);
  const auto refusal = [](const std::string& shown) {
    return R"({"error":{"code":400,"message":"The project of )" + shown + " and of " + shown +
           R"( has no such model."}})";
  };
  for (const int status : {400, 404, 422, 500}) {
    SCOPED_TRACE(status);
    open("gemini", {response(status, refusal(key))});
    const Answer refused = ask("/v1/models/m:generateContent", contents);
    EXPECT_EQ(refused.body.find(key), std::string::npos) << refused.body;
    if (status < 500) {
      EXPECT_EQ(refused.body, refusal("***"));
    }
    const Answer translated =
        ask("/v1/chat/completions", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
    EXPECT_EQ(translated.body.find(key), std::string::npos) << translated.body;
  }
}

TEST_F(OwnDialect, bytes_that_are_no_frame_are_not_passed_on_and_the_caller_gets_a_frame_that_says_so) {
  chat::Response answer;
  answer.choices.emplace_back().parts.emplace_back(chat::Text{.text = "one"});
  const auto encoder = chat::bedrock_converse().codec()->stream_encoder({});
  std::string frames;
  for (const chat::Event& said : chat::unfold(answer)) {
    if (!std::holds_alternative<chat::AnswerEnd>(said)) encoder->encode(said, frames);
  }
  const std::string garbage = "this is no frame at all";
  open("bedrock_converse", {"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ncontent-length: " +
                            std::to_string(frames.size() + garbage.size()) + "\r\n\r\n" + frames + garbage});
  const Answer broken = ask("/model/m/converse-stream", R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})");
  EXPECT_FALSE(broken.whole());
  ASSERT_TRUE(broken.body.starts_with(frames));
  EXPECT_EQ(broken.body.find(garbage), std::string::npos);
  http::Frame last;
  ASSERT_EQ(http::read_frame(std::string_view(broken.body).substr(frames.size()), last), http::FrameStep::done);
  EXPECT_EQ(last.message_type, "exception");
  EXPECT_EQ(frames.size() + last.raw.size(), broken.body.size());
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
