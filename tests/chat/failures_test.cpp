#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>

// What the failures of all dialects have in common, whatever their words.
namespace sluice::chat {
namespace {

struct Report {
  const Dialect& dialect;
  int status;
  std::string_view body;
};

std::string told(const Report& report) {
  return std::string(report.dialect.name()) + ' ' + std::to_string(report.status) + ' ' + std::string(report.body);
}

TEST(Failures, of_content_that_is_not_allowed_have_a_code_of_their_own) {
  const std::vector<Report> reports{
      {openai_chat(), 400,
       R"({"error":{"message":"The response was filtered due to the prompt triggering our content management policy.","type":null,"param":"prompt","code":"content_filter","status":400}})"},
      {openai_chat(), 400,
       R"({"error":{"message":"Rejected by our safety system.","type":"image_generation_user_error","code":"moderation_blocked"}})"},
      {openai_chat(), 400, R"({"error":{"message":"m","code":"content_policy_violation","type":"t"}})"},
      {openai_chat(), 400,
       R"({"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","code":"invalid_prompt"}})"},
      {openai_chat(), 403, R"({"error":{"code":403,"message":"Your input was flagged for violence."}})"},
      {openai_chat(), 403, R"({"code":"c","error":"Content violates usage guidelines."})"},
      {openai_chat(), 200, R"({"error":{"message":"m","code":"content_filter"}})"},
      {openai_responses(), 400, R"({"error":{"message":"m","code":"content_filter"}})"},
      {openai_responses(), 200,
       R"({"type":"response.failed","response":{"error":{"code":"invalid_prompt","message":"It was flagged as unsafe."}}})"},
      {anthropic_messages(), 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}})"},
      {gemini(), 400,
       R"({"error":{"code":400,"status":"INVALID_ARGUMENT","message":"The prompt was blocked: PROHIBITED_CONTENT"}})"},
      {bedrock_converse(), 400, R"({"message":"The generated text has been blocked by our content filters."})"},
      {cohere_v2(), 498, R"({"message":"blocked"})"},
      {cohere_v2(), 400, R"({"message":"This request was flagged for unsafe or sensitive content."})"},
      {ollama(), 400, R"({"error":"this violates the content policy"})"},
  };
  for (const Report& report : reports) {
    const Error error = report.dialect.decode_error(report.status, report.body);
    EXPECT_EQ(error.code(), "content_policy_violation") << told(report);
    EXPECT_EQ(error.fault(), Fault::bad_request) << told(report);
    EXPECT_EQ(error.blame(), Blame::client) << told(report);
    EXPECT_FALSE(error.retryable()) << told(report);
    EXPECT_EQ(error.outcome(), Outcome::client_error) << told(report);
  }
}

// In the words of servers of one dialect, as they were recorded or reported.
TEST(Failures, of_prompts_that_are_too_long_are_known_in_many_words) {
  const std::vector<std::pair<int, std::string>> reports{
      {400,
       R"({"error":{"message":"The total length of all messages is too long.","type":"too_many_prompt_tokens","code":400}})"},
      {400,
       R"({"code":"c","error":"This model's maximum prompt length is 131072 but the request contains 200000 tokens."})"},
      {400,
       R"({"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}})"},
      {400, R"({"error":{"message":"Range of input length should be [1, 30720]","code":"invalid_parameter_error"}})"},
      {400, R"({"error":{"message":"Prompt exceeds max length","code":"1261"}})"},
      {413, R"({"error":{"message":"Request body too large for m model.","code":"tokens_limit_reached"}})"}};
  for (const auto& [status, body] : reports) {
    EXPECT_EQ(openai_chat().decode_error(status, body).code(), "context_length_exceeded") << body;
  }
  EXPECT_EQ(openai_chat().decode_error(413, R"({"error":{"message":"too large"}})").code(), "request_too_large");
}

TEST(Failures, of_models_that_are_unknown_may_come_with_any_refusal) {
  const Error error = openai_chat().decode_error(
      400, R"({"error":{"message":"The requested model 'x' does not exist.","code":"model_not_found"}})");
  EXPECT_EQ(error.code(), "model_not_found");
  EXPECT_TRUE(error.retryable());
}

TEST(Failures, say_in_words_how_long_to_wait) {
  const auto wait = [](const std::string& words) {
    const Error error =
        openai_chat().decode_error(429, R"({"error":{"message":")" + words + R"(","code":"rate_limit_exceeded"}})");
    return error.retry_after() ? error.retry_after()->count() : -1;
  };
  EXPECT_EQ(wait("Rate limit reached. Please try again in 6.7s."), 6700);
  EXPECT_EQ(wait("Please try again in 644ms. Visit us."), 644);
  EXPECT_EQ(wait("Try again in 1m0.36s"), 60000) << "a minute at most";
  EXPECT_EQ(wait("Please retry after 9 seconds."), 9000);
  EXPECT_EQ(wait("Please retry after a while."), -1);
  EXPECT_EQ(wait("Slow down."), -1);
}

TEST(Failures, of_content_do_not_hide_others) {
  for (const Dialect* const dialect : dialects()) {
    EXPECT_EQ(dialect->decode_error(401, R"({"message":"m","error":{"message":"bad key"}})").code(), "upstream_auth");
    EXPECT_NE(dialect->decode_error(500, R"({"message":"the content filter broke"})").code(),
              "content_policy_violation");
  }
  EXPECT_EQ(openai_chat().decode_error(403, R"({"error":{"message":"Your account was flagged."}})").code(),
            "upstream_auth");
  EXPECT_EQ(openai_chat().decode_error(400, R"({"error":{"message":"bad temperature"}})").code(), "invalid_request");
}

TEST(Failures, of_servers_that_have_too_much_to_do_say_so) {
  std::vector<Report> reports{
      {openai_chat(), 200, R"({"error":{"message":"m","type":"overloaded_error"}})"},
      {openai_chat(), 200, R"({"error":{"message":"m","code":"server_is_overloaded"}})"},
      {openai_chat(), 500, R"({"error":{"message":"m","type":"overloaded_error"}})"},
      {openai_responses(), 200, R"({"type":"error","code":"server_is_overloaded","message":"m"})"},
      {anthropic_messages(), 200, R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})"},
      {anthropic_messages(), 500, R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})"},
      {gemini(), 200, R"({"error":{"code":503,"status":"UNAVAILABLE","message":"The model is overloaded."}})"},
      {bedrock_converse(), 200, R"({"message":"m","originalStatusCode":503})"},
      {cohere_v2(), 200, R"({"delta":{"finish_reason":"ERROR","error":"the model is overloaded"}})"},
      {ollama(), 200, R"({"error":"server busy, please try again"})"},
  };
  for (const Dialect* const dialect : dialects()) {
    reports.push_back({*dialect, 503, ""});
    reports.push_back({*dialect, 529, ""});
  }
  for (const Report& report : reports) {
    const Error error = report.dialect.decode_error(report.status, report.body);
    EXPECT_EQ(error.fault(), Fault::unavailable) << told(report);
    EXPECT_EQ(error.outcome(), Outcome::server_error) << told(report);
    EXPECT_TRUE(error.retryable()) << told(report);
  }
}

TEST(Failures, of_a_model_that_is_unknown_are_no_others) {
  struct Case {
    Report report;
    std::string_view code;
  };
  const std::vector<Case> cases{
      {{openai_chat(), 404, R"({"error":{"message":"The model `x` does not exist","code":"model_not_found"}})"},
       "model_not_found"},
      {{openai_chat(), 404, R"({"error":{"message":"No such thing","code":"DeploymentNotFound"}})"}, "model_not_found"},
      {{openai_chat(), 404, R"({"error":{"message":"Unknown request URL","code":"unknown_url"}})"}, "not_found"},
      {{openai_responses(), 404, R"({"error":{"message":"Response 'resp_1' not found.","code":null}})"}, "not_found"},
      {{anthropic_messages(), 404, R"({"error":{"type":"not_found_error","message":"model: x"}})"}, "model_not_found"},
      {{anthropic_messages(), 404, R"({"error":{"type":"not_found_error","message":"File not found: f"}})"},
       "not_found"},
      {{gemini(), 404, R"({"error":{"status":"NOT_FOUND","message":"models/x is not found"}})"}, "model_not_found"},
      {{gemini(), 404, R"({"error":{"status":"NOT_FOUND","message":"CachedContent not found"}})"}, "not_found"},
      {{bedrock_converse(), 404, R"({"message":"Could not resolve the model"})"}, "model_not_found"},
      {{cohere_v2(), 404, R"({"message":"dataset not found"})"}, "not_found"},
      {{ollama(), 404, R"({"error":"model 'x' not found"})"}, "model_not_found"},
      {{ollama(), 404, "404 page not found"}, "model_not_found"},
  };
  for (const Case& c : cases) {
    const Error error = c.report.dialect.decode_error(c.report.status, c.report.body);
    EXPECT_EQ(error.code(), c.code) << told(c.report);
    EXPECT_EQ(error.fault(), Fault::not_found) << told(c.report);
    EXPECT_TRUE(error.retryable()) << told(c.report);
  }
}

}  // namespace
}  // namespace sluice::chat
