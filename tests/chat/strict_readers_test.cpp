#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/exchanges.hpp"

// What readers that were made from a dialect's official schema rely on; schemas_test.py checks it on all exchanges.
namespace sluice::chat {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::IsEmpty;

Response answer(std::vector<Part> parts = {{Text{"Hi", {}, {}}, {}}}) {
  Response response;
  response.id = "r";
  response.model = "m";
  response.created = 7;
  response.choices.push_back({std::move(parts), {Finish::stop, {}, {}}, {}});
  return response;
}

json told(const Dialect& dialect, const Response& response, Dropped& dropped) {
  std::string out;
  dialect.codec()->encode_response(response, {}, out, dropped);
  return json::parse(out);
}

json told(const Dialect& dialect, const Response& response) {
  Dropped dropped;
  return told(dialect, response, dropped);
}

std::string streamed(const Dialect& dialect, const Response& response, Dropped& dropped) {
  const auto encoder = dialect.codec()->stream_encoder({});
  std::string out;
  for (const Event& event : unfold(response)) encoder->encode(event, out);
  dropped = encoder->dropped();
  return out;
}

json sent(const Dialect& dialect, const Request& request, Dropped& dropped) {
  const auto rendered = dialect.codec()->encode_request(request, {});
  EXPECT_TRUE(rendered);
  dropped = rendered->dropped;
  return json::parse(rendered->body);
}

Request asking(std::vector<Message> messages) {
  Request request;
  request.model = "m";
  request.dialect = "another";
  request.messages = std::move(messages);
  return request;
}

Message said(Role role, Part part) { return {role, {std::move(part)}, {}}; }

TEST(ServiceTiers, of_others_are_named_and_left_out_of_answers) {
  Response response = answer();
  response.service_tier = "on_demand";
  for (const Dialect* const dialect : {&openai_responses(), &anthropic_messages(), &bedrock_converse(), &gemini()}) {
    Dropped dropped;
    EXPECT_EQ(told(*dialect, response, dropped).dump().find("on_demand"), std::string::npos) << dialect->name();
    EXPECT_THAT(dropped, Contains("service_tier")) << dialect->name();
    EXPECT_EQ(streamed(*dialect, response, dropped).find("on_demand"), std::string::npos) << dialect->name();
    EXPECT_THAT(dropped, Contains("service_tier")) << dialect->name();
  }
  response.service_tier = "default";
  EXPECT_EQ(told(openai_responses(), response)["service_tier"], "default");
  EXPECT_EQ(told(anthropic_messages(), response)["usage"]["service_tier"], "standard");
  EXPECT_EQ(told(bedrock_converse(), response)["serviceTier"]["type"], "default");
  EXPECT_EQ(told(gemini(), response)["usageMetadata"]["serviceTier"], "standard");
}

TEST(ServiceTiers, of_others_are_named_and_left_out_of_requests) {
  Request request = asking({said(Role::user, {Text{"Hi", {}, {}}, {}})});
  request.service_tier = "on_demand";
  for (const Dialect* const dialect : {&openai_responses(), &bedrock_converse()}) {
    Dropped dropped;
    EXPECT_EQ(sent(*dialect, request, dropped).dump().find("on_demand"), std::string::npos) << dialect->name();
    EXPECT_THAT(dropped, Contains("service_tier")) << dialect->name();
  }
}

TEST(BedrockConverseAnswers, always_have_counts_and_metrics) {
  const json body = told(bedrock_converse(), answer());
  EXPECT_EQ(body["usage"], json::parse(R"({"inputTokens":0,"outputTokens":0,"totalTokens":0})"));
  EXPECT_EQ(body["metrics"]["latencyMs"], 0);
  // Zeros that stand for nothing are nothing to whoever keeps the books.
  const auto again = bedrock_converse().codec()->decode_response(body.dump());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->usage);
  Dropped dropped;
  const auto folded = fold(events_of(*bedrock_converse().codec(), streamed(bedrock_converse(), answer(), dropped)));
  ASSERT_TRUE(folded);
  EXPECT_FALSE(folded->usage);
}

TEST(OpenAiResponsesAnswers, have_annotations_of_their_own_dialect_or_the_chat_dialect_alone) {
  const RawJson citations{R"([{"type":"TEXT_CONTENT","text":"Hi"},{"type":"file","file":{"hash":"x"}},)"
                          R"({"type":"url_citation","url_citation":{"url":"https://a.example"}}])"};
  Dropped dropped;
  const json body = told(openai_responses(), answer({{Text{"Hi", {}, citations}, {}}}), dropped);
  EXPECT_EQ(
      body["output"][0]["content"][0]["annotations"],
      json::parse(R"([{"type":"url_citation","url":"https://a.example","start_index":0,"end_index":0,"title":""}])"));
  EXPECT_THAT(dropped, Contains("messages.annotations"));
}

// Found by openai_chat_fuzz: an empty list was written once and gone the next time.
TEST(OpenAiChatAnswers, have_no_list_of_annotations_where_none_can_be_said) {
  const RawJson citations{R"([{"type":"char_location","cited_text":"x"}])"};
  Dropped dropped;
  const json body = told(openai_chat(), answer({{Text{"Hi", {}, citations}, {}}}), dropped);
  EXPECT_FALSE(body["choices"][0]["message"].contains("annotations")) << body;
  EXPECT_THAT(dropped, Contains("messages.annotations"));
}

TEST(OpenAiResponsesRequests, say_what_a_model_said_so_that_everybody_takes_it) {
  Media image;
  image.url = "https://a.example/a.png";
  Dropped dropped;
  const json body =
      sent(openai_responses(), asking({said(Role::assistant, {Text{"Hi", {}, {}}, {}}), said(Role::user, {image, {}})}),
           dropped);
  EXPECT_EQ(body["input"][0]["content"], "Hi");
  EXPECT_EQ(body["input"][1]["content"][0]["detail"], "auto");
  const auto again = openai_responses().codec()->decode_request(body.dump(), "m", false);
  ASSERT_TRUE(again);
  EXPECT_EQ(std::get<Text>(again->messages[0].parts[0].what).text, "Hi");
  EXPECT_TRUE(std::get<Media>(again->messages[1].parts[0].what).detail.empty());
}

TEST(CustomTools, have_their_grammar_where_each_dialect_looks_for_it) {
  const std::string nested = R"({"type":"grammar","grammar":{"definition":"a: \"b\"","syntax":"lark"}})";
  const std::string flat = R"({"type":"grammar","definition":"a: \"b\"","syntax":"lark"})";
  const auto chat = openai_chat().codec()->decode_request(
      R"({"model":"m","messages":[],"tools":[{"type":"custom","custom":{"name":"c","format":)" + nested + "}}]}", "m",
      false);
  const auto responses = openai_responses().codec()->decode_request(
      R"({"model":"m","input":"a","tools":[{"type":"custom","name":"c","format":)" + flat + "}]}", "m", false);
  ASSERT_TRUE(chat && responses);
  Dropped dropped;
  for (const Request& request : {*chat, *responses}) {
    EXPECT_EQ(sent(openai_chat(), request, dropped)["tools"][0]["custom"]["format"], json::parse(nested));
    EXPECT_EQ(sent(openai_responses(), request, dropped)["tools"][0]["format"], json::parse(flat));
  }
}

TEST(Answers, of_dialects_without_pictures_and_results_name_them) {
  Media image;
  image.media_type = "image/png";
  image.data = "iVBORw0KGgo=";
  ToolResult result;
  result.call_id = "c";
  Dropped dropped;
  EXPECT_THAT(told(cohere_v2(), answer({{image, {}}}), dropped)["message"]["content"], IsEmpty());
  EXPECT_THAT(dropped, Contains("messages.image_url"));
  EXPECT_THAT(told(anthropic_messages(), answer({{result, {}}}), dropped)["content"], IsEmpty());
  EXPECT_THAT(dropped, Contains("messages.tool"));
}

TEST(Logprobs, have_all_members_whoever_said_them) {
  const auto said = ollama().codec()->decode_response(
      R"({"model":"m","message":{"content":"é"},"done":true,"logprobs":[{"token":"é","logprob":-1,)"
      "\n"
      R"("top_logprobs":[{"token":"é","logprob":-1}]},{"token":"!","logprob":-2,"bytes":[33]}]})");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->choices[0].logprobs.bytes.find('\n'), std::string::npos);
  EXPECT_EQ(json::parse(said->choices[0].logprobs.bytes), json::parse(R"([{"token":"é","logprob":-1,"bytes":[195,169],
              "top_logprobs":[{"token":"é","logprob":-1,"bytes":[195,169]}]},
              {"token":"!","logprob":-2,"bytes":[33],"top_logprobs":[]}])"));
  const auto other = gemini().codec()->decode_response(
      R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","logprobsResult":
        {"chosenCandidates":[{"token":"a","logProbability":-0.5}]}}]})");
  ASSERT_TRUE(other);
  EXPECT_EQ(json::parse(other->choices[0].logprobs.bytes)[0]["bytes"], json::parse("[97]"));
}

}  // namespace
}  // namespace sluice::chat
