#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/openai_chat/parts.hpp"

namespace sluice::chat::openai::errors_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  int status;
  std::string_view body;
  Fault fault;
  std::string_view code;
  bool retryable;
  Outcome outcome;
};

void expect(const Case& c) {
  const Error error = decode_failure(c.status, c.body);
  const std::string what = std::to_string(c.status) + " " + std::string(c.body);
  EXPECT_EQ(error.fault(), c.fault) << what;
  const bool callers = c.outcome == Outcome::client_error && c.fault != Fault::upstream_failed;
  EXPECT_EQ(error.blame(), callers ? Blame::client : Blame::upstream) << what;
  EXPECT_EQ(error.code(), c.code) << what;
  EXPECT_EQ(error.retryable(), c.retryable) << what;
  EXPECT_EQ(error.outcome(), c.outcome) << what;
}

constexpr Fault failed = Fault::upstream_failed;

TEST(OpenAiErrors, are_told_apart_by_status) {
  expect({429, "", Fault::rate_limited, "rate_limit_exceeded", true, Outcome::rate_limited});
  expect({429, R"({"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}})", Fault::rate_limited,
          "rate_limit_exceeded", true, Outcome::rate_limited});
  expect({429, R"({"error":{"message":"m","type":"insufficient_quota","code":null}})", Fault::rate_limited,
          "insufficient_quota", true, Outcome::rate_limited});
  expect({429, R"({"error":{"message":"m","type":"t","code":"insufficient_quota"}})", Fault::rate_limited,
          "insufficient_quota", true, Outcome::rate_limited});
  expect({402, R"({"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}})",
          Fault::rate_limited, "insufficient_quota", true, Outcome::rate_limited});
  for (const int status : {500, 501, 502, 520, 599}) {
    expect({status, "<html>gone</html>", failed, "upstream_error", true, Outcome::server_error});
  }
  for (const int status : {498, 503, 529}) {
    expect({status, "<html>full</html>", Fault::unavailable, "upstream_error", true, Outcome::server_error});
  }
  expect({503, R"({"error":{"code":503,"message":"Loading","type":"unavailable_error"}})", Fault::unavailable,
          "upstream_error", true, Outcome::server_error});
  for (const int status : {408, 504}) {
    expect({status, "", Fault::upstream_timeout, "upstream_timeout", true, Outcome::timeout});
  }
  for (const int status : {401, 403})
    expect({status, R"({"detail":"no"})", failed, "upstream_auth", true, Outcome::client_error});
  for (const int status : {400, 405, 409, 415, 422, 499}) {
    expect({status, R"({"error":{"message":"m","code":null}})", Fault::bad_request, "invalid_request", false,
            Outcome::client_error});
  }
  expect({301, "", failed, "upstream_error", false, Outcome::client_error});
  expect({404, R"({"error":{"message":"m","code":null}})", Fault::not_found, "not_found", true, Outcome::client_error});
  expect({413, R"({"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}})", Fault::too_large,
          "request_too_large", false, Outcome::client_error});
}

TEST(OpenAiErrors, of_a_prompt_that_is_too_long_are_known_by_code_or_words) {
  for (const std::string_view body :
       {R"({"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}})",
        R"({"error":{"message":"This model's maximum context length is 8192 tokens.","code":null}})",
        R"({"error":{"code":400,"message":"m","type":"exceed_context_size_error"}})"}) {
    expect({400, body, Fault::bad_request, "context_length_exceeded", false, Outcome::client_error});
  }
}

TEST(OpenAiErrors, of_the_gateways_key_are_seen_behind_other_statuses) {
  expect({400, R"({"error":{"message":"m","type":"invalid_request_error","code":"invalid_api_key"}})", failed,
          "upstream_auth", true, Outcome::client_error});
  expect({404, R"({"error":{"message":"m","type":"authentication_error"}})", failed, "upstream_auth", true,
          Outcome::client_error});
}

TEST(OpenAiErrors, inside_a_stream_are_told_apart_by_their_code_and_type) {
  const Case server{200, "", failed, "upstream_error", true, Outcome::server_error};
  const Case busy{200, "", Fault::unavailable, "upstream_error", true, Outcome::server_error};
  const Case rate{200, "", Fault::rate_limited, "rate_limit_exceeded", true, Outcome::rate_limited};
  const Case quota{200, "", Fault::rate_limited, "insufficient_quota", true, Outcome::rate_limited};
  const Case key{200, "", failed, "upstream_auth", true, Outcome::client_error};
  const Case late{200, "", Fault::upstream_timeout, "upstream_timeout", true, Outcome::timeout};
  const Case refusal{200, "", Fault::bad_request, "invalid_request", false, Outcome::client_error};
  const Case overflow{200, "", Fault::bad_request, "context_length_exceeded", false, Outcome::client_error};
  const std::vector<std::pair<std::string_view, Case>> cases{
      {"", server},
      {"not json", server},
      {"[]", server},
      {R"({"error":{}})", server},
      {R"({"error":"dark"})", server},
      {R"({"error":{"type":"server_error","code":null}})", server},
      {R"({"error":{"type":"overloaded_error"}})", busy},
      {R"({"error":{"code":"engine_overloaded"}})", busy},
      {R"({"error":"Overloaded"})", busy},
      {R"({"error":{"code":502}})", server},
      {R"({"error":{"code":"503"}})", busy},
      {R"({"error":{"code":429}})", rate},
      {R"({"error":{"code":"429"}})", rate},
      {R"({"error":{"code":"rate_limit_exceeded","type":"requests"}})", rate},
      {R"({"error":{"type":"rate_limit_error"}})", rate},
      {R"({"error":{"code":"RateLimitReached"}})", rate},
      {R"({"object":"error","message":"m","type":"rate_limited","code":"1300"})", rate},
      {R"({"error":{"code":402}})", quota},
      {R"({"error":{"code":"insufficient_quota"}})", quota},
      {R"({"error":{"code":null,"type":"insufficient_quota"}})", quota},
      {R"({"error":{"code":401}})", key},
      {R"({"error":{"type":"authentication_error"}})", key},
      {R"({"error":{"code":408}})", late},
      {R"({"error":{"type":"timeout"}})", late},
      {R"({"error":{"code":400}})", refusal},
      {R"({"error":{"code":"tool_use_failed","status_code":400}})", refusal},
      {R"({"error":{"code":"whatever","status_code":422}})", refusal},
      {R"({"error":{"code":"context_length_exceeded"}})", overflow},
      {R"({"error":{"type":"invalid_request_error"}})", refusal},
      {R"({"error":{"code":7,"type":"odd"}})", server},
      {R"({"error":{"code":200}})", server},
      {R"({"error":{"code":-429}})", server},
      {R"({"error":{"code":{"a":1},"type":[1]}})", server},
  };
  for (const auto& [body, expected] : cases) {
    Case c = expected;
    c.body = body;
    expect(c);
  }
}

TEST(OpenAiErrors, repeat_the_providers_words_only_where_they_help) {
  const std::string_view body = R"({"error":{"message":"Too deep.\nDive less.","type":"x","code":null}})";
  for (const int status : {200, 400, 404, 408, 413, 422, 429}) {
    EXPECT_THAT(decode_failure(status, body).message(), HasSubstr("Too deep. Dive less.")) << status;
  }
  for (const int status : {302, 401, 402, 403, 500, 503}) {
    EXPECT_THAT(decode_failure(status, body).message(), Not(HasSubstr("deep"))) << status;
    EXPECT_FALSE(decode_failure(status, body).message().empty()) << status;
  }
}

TEST(OpenAiErrors, find_the_providers_words_wherever_they_are) {
  for (const std::string_view body : {R"({"error":{"message":"WORDS"}})", R"({"error":"WORDS","code":"x"})",
                                      R"({"message":"WORDS","object":"error"})", R"({"detail":"WORDS"})",
                                      "\n{ \"error\" : {\"message\" : \"\\u0057ORDS\"} }\n"}) {
    EXPECT_THAT(decode_failure(422, body).message(), HasSubstr("WORDS")) << body;
  }
  for (const std::string_view body : {R"({"message":{"detail":[]}})", R"({"detail":[{"loc":["body"]}]})", "WORDS",
                                      R"({"error":{"message":7}})", ""}) {
    EXPECT_EQ(decode_failure(422, body).message(), "The provider refused the request.") << body;
  }
}

TEST(OpenAiErrors, read_lists_of_complaints) {
  constexpr std::string_view list = R"([{"loc":["body","messages",0],"msg":"no","type":"x"},{"msg":"nor this"}])";
  for (const std::string& body :
       {R"({"detail":)" + std::string(list) + "}",
        R"({"object":"error","message":{"detail":)" + std::string(list) + R"(},"code":"1"})"}) {
    EXPECT_EQ(decode_failure(422, body).message(), "The provider refused the request: body.messages.0: no; nor this");
  }
}

TEST(OpenAiErrors, know_what_the_server_behind_somebody_says) {
  for (const std::string_view raw :
       {R"("prompt is too long: 9 tokens > 8 maximum")",
        R"("{\"type\":\"error\",\"error\":{\"message\":\"prompt is too long: 9 tokens > 8 maximum\"}}")"}) {
    const std::string body = R"({"error":{"message":"Provider returned error","code":400,"metadata":{"raw":)" +
                             std::string(raw) + R"(,"provider_name":"x"}}})";
    const Error error = decode_failure(400, body);
    EXPECT_EQ(error.code(), "context_length_exceeded") << body;
    EXPECT_THAT(error.message(), HasSubstr("Provider returned error: prompt is too long: 9 tokens"));
  }
  EXPECT_EQ(decode_failure(400, R"({"error":{"message":"a","metadata":{"raw":7}}})").message(),
            "The provider refused the request: a");
}

TEST(OpenAiErrors, never_show_what_looks_like_a_credential) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"Incorrect key: sk-proj-Ab12_Cd34-Ef56, sorry", "Incorrect key: ***, sorry"},
      {"(sk-abcd1234)", "(***)"},
      {"header was 'Authorization: Bearer abc.def-ghi' there", "header was 'Authorization: Bearer ***' there"},
      {"bearer x", "Bearer ***"},
      {"key gsk_abcdef0123456789", "key ***"},
      {"key AIzaSyA-12345678", "key ***"},
      {"0123456789abcdef0123456789abcdef is wrong", "*** is wrong"},
      {"sk-12*****************9xyz", "***"},
      {"a task-list and risk-free sk- sk-a words", "a task-list and risk-free sk- sk-a words"},
      {"model meta-llama/llama-4-scout-17b-16e-instruct-20251024",
       "model meta-llama/llama-4-scout-17b-16e-instruct-20251024"},
  };
  for (const auto& [words, shown] : cases) {
    const std::string body = nlohmann::json{{"error", {{"message", words}}}}.dump();
    EXPECT_EQ(decode_failure(400, body).message(), "The provider refused the request: " + shown);
  }
}

TEST(OpenAiErrors, cut_long_words_between_characters) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string words(shift, 'x');
    for (int i = 0; i < 4000; ++i) words += "\xF0\x9F\x8C\x8A";
    const std::string body = nlohmann::json{{"error", {{"message", words}}}}.dump();
    const std::string message = decode_failure(400, body).message();
    EXPECT_LE(message.size(), 560U);
    EXPECT_GE(message.size(), 540U);
    EXPECT_NO_THROW(nlohmann::json(message).dump()) << "cut inside of a character";
  }
  const std::string key_at_the_cut = std::string(500, 'x') + " sk-" + std::string(100, 'k');
  const std::string body = nlohmann::json{{"error", {{"message", key_at_the_cut}}}}.dump();
  EXPECT_THAT(decode_failure(400, body).message(), Not(HasSubstr("sk-k")));
}

std::string encoded(const Error& error) {
  std::string out;
  encode_failure(error, out);
  return out;
}

TEST(OpenAiErrors, are_written_with_all_four_members) {
  EXPECT_EQ(
      encoded(Error(Fault::not_found, Blame::client, "model_not_found", "No \"x\"\n").with_param("model")),
      R"({"error":{"message":"No \"x\"\n","type":"invalid_request_error","param":"model","code":"model_not_found"}})");
  EXPECT_EQ(encoded(Error(Fault::internal, Blame::gateway, "", "m")),
            R"({"error":{"message":"m","type":"server_error","param":null,"code":null}})");
}

TEST(OpenAiErrors, are_written_with_the_type_of_their_fault) {
  struct Row {
    Fault fault;
    std::string_view code;
    std::string_view type;
  };
  const std::vector<Row> rows{
      {Fault::bad_request, "", "invalid_request_error"},
      {Fault::unauthenticated, "invalid_api_key", "invalid_request_error"},
      {Fault::forbidden, "model_not_allowed", "invalid_request_error"},
      {Fault::not_found, "model_not_found", "invalid_request_error"},
      {Fault::method_not_allowed, "", "invalid_request_error"},
      {Fault::request_timeout, "", "invalid_request_error"},
      {Fault::too_large, "request_too_large", "invalid_request_error"},
      {Fault::unsupported, "", "invalid_request_error"},
      {Fault::rate_limited, "rate_limit_exceeded", "requests"},
      {Fault::rate_limited, "insufficient_quota", "insufficient_quota"},
      {Fault::rate_limited, "budget_exceeded", "insufficient_quota"},
      {Fault::rate_limited, "no_healthy_deployment", "server_error"},
      {Fault::internal, "", "server_error"},
      {Fault::upstream_failed, "upstream_error", "server_error"},
      {Fault::unavailable, "service_unavailable", "server_error"},
      {Fault::upstream_timeout, "upstream_timeout", "server_error"},
  };
  for (const Row& row : rows) {
    const auto object = nlohmann::json::parse(encoded(Error(row.fault, Blame::gateway, row.code, "m")));
    EXPECT_EQ(object["error"]["type"], row.type) << row.code << " " << status_of(row.fault);
  }
}

TEST(OpenAiErrors, survive_bytes_that_are_no_text) {
  EXPECT_TRUE(nlohmann::json::accept(encoded(Error(Fault::bad_request, Blame::client, "", "\xFF\xC0\x01"))));
}

}  // namespace
}  // namespace sluice::chat::openai::errors_test
