// What an answer costs, inside the answer, for callers who want it there.
#include "gateway/routed.hpp"

namespace sluice::test::usage_cost_test {
namespace {

constexpr std::string_view usage = R"("usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100})";
constexpr std::string_view with_cost =
    R"("usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"cost":0.002})";
const std::string asks_for_cost = "x-sluice-usage-cost: 1\r\n";

std::string whole_answer(std::string_view told) {
  return R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
         R"("message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}],)" +
         std::string(told) + "}";
}

std::string finish_event() {
  return "data: "
         "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":"
         "0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
}

std::string usage_event(std::string_view told) {
  return R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],)" +
         std::string(told) + "}\n\n";
}

Script streaming() {
  Script script;
  script.read_request().send(stream_head()).send(chunk(delta_event("fine")) + chunk(finish_event()));
  script.send(chunk(usage_event(usage)) + chunk(done_event) + std::string(last_chunk));
  return script;
}

std::string streamed_request() {
  return R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)"
         R"("messages":[{"role":"user","content":"hi"}]})";
}

class UsageCost : public Routed {
 protected:
  // A model of one dollar per million tokens of a prompt and ten of an answer.
  void open_priced(const Script& script, const std::string& prices = "prices: {m: {input: 1, output: 10}}\n") {
    provider("one", script);
    open("  m: {targets: [{provider: one}]}\n", prices);
  }
  Answer ask_at(const std::string& path, const std::string& body, const std::string& fields) {
    return stage_.ask(post(path, body, bearer() + fields));
  }
};

TEST_F(UsageCost, is_in_a_whole_answer_and_nothing_else_is_changed) {
  open_priced(always(response(200, whole_answer(usage))));
  EXPECT_EQ(ask("m", asks_for_cost).body, whole_answer(with_cost));
  EXPECT_EQ(ask("m", "x-sluice-usage-cost: 0\r\n").body, whole_answer(usage));
  EXPECT_EQ(ask("m").body, whole_answer(usage));
}

TEST_F(UsageCost, is_in_the_last_words_of_a_stream) {
  open_priced(streaming());
  const Answer answer = ask_at("/v1/chat/completions", streamed_request(), asks_for_cost);
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.body, delta_event("fine") + finish_event() + usage_event(with_cost) + std::string(done_event));
}

TEST_F(UsageCost, is_in_no_stream_whose_caller_wants_no_usage) {
  open_priced(streaming());
  const Answer answer = stage_.ask(chat_stream(asks_for_cost));
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.body.find("cost"), std::string::npos) << answer.body;
}

TEST_F(UsageCost, is_told_in_other_dialects_too) {
  open_priced(always(response(200, whole_answer(usage))));
  const Answer answer = ask_at(
      "/v1/messages", R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})", asks_for_cost);
  EXPECT_NE(answer.body.find(R"(,"cost":0.002})"), std::string::npos) << answer.body;
  EXPECT_EQ(nlohmann::json::parse(answer.body)["usage"]["cost"], 0.002);
}

TEST_F(UsageCost, is_told_in_streams_of_other_dialects) {
  open_priced(streaming());
  const std::string message =
      R"({"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]})";
  const Answer answer = ask_at("/v1/messages", message, asks_for_cost);
  EXPECT_TRUE(answer.whole());
  EXPECT_NE(answer.body.find(R"("output_tokens":100,"cost":0.002})"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("message_stop"), std::string::npos);
}

TEST_F(UsageCost, that_nobody_knows_is_not_told) {
  open_priced(always(response(200, whole_answer(usage))), "");
  EXPECT_EQ(ask("m", asks_for_cost).body, whole_answer(usage));
}

TEST_F(UsageCost, of_a_provider_that_tells_its_own_is_left_alone) {
  const std::string own = whole_answer(R"("usage":{"prompt_tokens":1000,"completion_tokens":100,"cost":0.5})");
  open_priced(always(response(200, own)));
  EXPECT_EQ(ask("m", asks_for_cost).body, own);
}

}  // namespace
}  // namespace sluice::test::usage_cost_test
