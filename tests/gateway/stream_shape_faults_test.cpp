// Rows 27 and 28: streams that are no proper streams, or say what makes no sense.
#include "gateway/stream_pieces.hpp"

namespace sluice::test::stream_shape_faults_test {
namespace {

using Kind = chat::EventSense::Kind;

struct Odd {
  const char* name;
  std::string bytes;
};

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string times(const std::string& text, std::size_t many) {
  std::string out;
  out.reserve(text.size() * many);
  for (std::size_t i = 0; i < many; ++i) out += text;
  return out;
}

const std::string delta_open = R"(data: {"choices":[{"index":0,"delta":{"content":")";
const std::string delta_close = "\"}}]}\n\n";

// What may stand between the events of a stream and means nothing to a reader who goes by the standard.
std::vector<Odd> harmless() {
  return {
      {"a line without a colon", "nonsense\n\n"},
      {"data without a colon", "data\n\n"},
      {"data without anything", "data:\n\n"},
      {"fields that nobody knows", "x-odd: 1\n id: 2\nretry: soon\nid: 7\n\n"},
      {"a comment", ": note\n\n"},
      {"comments only", times(": note\n", 1'000) + "\n"},
      {"blank lines", times("\n", 1'000)},
      {"a comment with bytes of no text", std::string(": \xff\xfe\x00\x80\n\n", 8)},
      {"blank lines of other systems", "\r\n\r\n: x\r\n\r\n"},
  };
}

// Events whose data is nothing that the dialect knows.
std::vector<Odd> senseless() {
  return {
      {"a NUL", delta_open + "a" + std::string(1, '\0') + "b" + delta_close},
      {"invalid utf-8", delta_open + "\xff\xc0\xaf\xed\xa0\x80" + delta_close},
      {"a cut utf-8 sequence", delta_open + "\xe2\x82" + delta_close},
      {"data lines that are no JSON", times("data: x\n", 1'000) + "\n"},
      {"an open object", "data: {\n\n"},
      {"an open array", "data: [1,2\n\n"},
      {"text behind an object", "data: {}{}\n\n"},
      {"no quotes", "data: {choices:[]}\n\n"},
      {"a text without its end", delta_open + "\n\n"},
      {"a number that is none", "data: {\"choices\":[{\"index\":0x1}]}\n\n"},
      {"a hundred thousand brackets", "data: " + std::string(100'000, '[') + "\n\n"},
  };
}

// Valid JSON whose members are of types that they never have.
std::vector<Odd> of_wrong_types() {
  return {
      {"null", "data: null\n\n"},
      {"a number", "data: 5\n\n"},
      {"a text", "data: \"text\"\n\n"},
      {"an array", "data: [{\"choices\":[]}]\n\n"},
      {"choices as a text", "data: {\"choices\":\"no\"}\n\n"},
      {"choices as an object", "data: {\"choices\":{\"0\":{}}}\n\n"},
      {"choices that are numbers", "data: {\"choices\":[5,null,\"x\"]}\n\n"},
      {"a delta as a list", "data: {\"choices\":[{\"index\":0,\"delta\":[]}]}\n\n"},
      {"an index as a text", "data: {\"choices\":[{\"index\":\"zero\",\"delta\":{\"content\":5}}]}\n\n"},
      {"an index beyond all", "data: {\"choices\":[{\"index\":18446744073709551616,\"delta\":{}}]}\n\n"},
      {"calls as a number", "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":7}}]}\n\n"},
      {"usage as a list", "data: {\"choices\":[],\"usage\":[1,2]}\n\n"},
      {"usage as a text", "data: {\"choices\":[],\"usage\":\"much\"}\n\n"},
      {"counts as texts", "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":\"3\",\"completion_tokens\":\"5\"}}\n\n"},
      {"counts as objects", "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":{},\"completion_tokens\":[]}}\n\n"},
      {"an error as a number", "data: {\"error\":5}\n\n"},
  };
}

std::string counted_request(std::string_view path, std::size_t number) {
  return post(path,
              R"({"model":"m","max_tokens":9,"stream":true,"stream_options":{"include_usage":true},"messages":)"
              R"([{"role":"user","content":")" +
                  std::to_string(number) + R"("}]})",
              bearer());
}

std::string rest_of(std::size_t number) { return "rest of " + std::to_string(number); }

// One connection per odd thing, each in the middle of a stream that is in order otherwise and was seen to begin.
ScriptedUpstream& open_odd(Stage& stage, const std::vector<Odd>& odd) {
  std::vector<Script> scripts;
  for (std::size_t i = 0; i < odd.size(); ++i) {
    Script script;
    script.read_request().send(stream_head() + chunk(delta_event("one"))).wait_for(rest_of(i));
    script.send(chunk(odd[i].bytes + delta_event("two") + std::string(done_event)) + std::string(last_chunk)).close();
    scripts.push_back(script);
  }
  auto& upstream = stage.upstream(std::move(scripts));
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}", .provider = "breaker: {failures: 1000}"});
  return upstream;
}

Answer ask_odd(Stage& stage, ScriptedUpstream& upstream, std::string_view path, std::size_t number) {
  RawClient client = stage.gateway().client();
  stage.count(1);
  EXPECT_TRUE(client.send(counted_request(path, number)));
  Answer answer = client.read_head();
  EXPECT_TRUE(client.read_until(answer, "\"one\"")) << answer.head << answer.body;
  upstream.signal(rest_of(number));
  client.read_rest(answer, Patience(60'000));
  stage.received(answer);
  return answer;
}

// Byte for byte, and counted among those who did not say what they took.
void passes_unchanged(Stage& stage, const std::vector<Odd>& odd) {
  auto& upstream = open_odd(stage, odd);
  for (std::size_t i = 0; i < odd.size(); ++i) {
    SCOPED_TRACE(odd[i].name);
    const Answer answer = ask_odd(stage, upstream, "/v1/chat/completions", i);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.whole());
    const std::string expected = delta_event("one") + odd[i].bytes + delta_event("two") + std::string(done_event);
    EXPECT_TRUE(answer.body == expected) << answer.body.substr(0, 1'000);
  }
  const auto many = static_cast<double>(odd.size());
  EXPECT_EQ(stage.gateway().await_metric("sluice_usage_missing_total", many, {"provider=\"p1\""}), many);
  EXPECT_EQ(stage.gateway().metric("sluice_tokens_total", {"model=\"m\""}), 0);
  EXPECT_EQ(stage.gateway().metric("sluice_upstream_attempts_total", {"outcome=\"ok\""}), many);
}

void row_27_odd_lines_pass_unchanged(Stage& stage) { passes_unchanged(stage, harmless()); }

void row_27_a_thousand_data_lines_are_one_event(Stage& stage) {
  const std::string text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\ndata: \"x\"}}]\n";
  passes_unchanged(stage,
                   {{"long", text + times("data:\n", 1'000) + "data: }\n\n"},
                    {"with other fields", text + times("event: x\nid: 5\ndata:  \n: x\n", 1'000) + "data: }\n\n"}});
}

void row_27_a_line_of_7_mib_passes_unchanged(Stage& stage) {
  passes_unchanged(stage, {{"data", delta_open + std::string(7 * mebibyte, 'x') + delta_close},
                           {"a comment", ":" + std::string(7 * mebibyte, 'x') + "\n\n"}});
}

// The limit is 8 MiB for one event, however many lines it has.
void row_27_a_line_of_10_mib_ends_the_stream(Stage& stage) {
  const std::vector<Odd> odd{{"data", delta_open + times(std::string(mebibyte, 'x'), 10) + delta_close},
                             {"a comment", ":" + times(std::string(mebibyte, 'x'), 10) + "\n\n"},
                             {"data lines", times("data: x\n", 10 * mebibyte / 8) + "\n"}};
  for (const char* const path : {"/v1/chat/completions", "/v1/messages"}) {
    auto& upstream = open_odd(stage, odd);
    for (std::size_t i = 0; i < odd.size(); ++i) {
      SCOPED_TRACE(std::string(path) + " " + odd[i].name);
      const Answer answer = ask_odd(stage, upstream, path, i);
      EXPECT_LT(answer.body.size(), mebibyte);
      expect_visible_break(path == std::string_view("/v1/messages") ? chat::anthropic_messages() : chat::openai_chat(),
                           answer);
    }
  }
}

void row_27_comments_alone_are_no_answer(Stage& stage) {
  auto& bad = stage.upstream(always(stream_head() + chunk(times(": waiting\n\n", 1'000)) + std::string(last_chunk)));
  auto& good = stage.upstream(always(streamed({delta_event("other")})));
  auto& gateway = stage.open({bad.port(), good.port()});
  expect_stream(stage.ask(chat_stream()), delta_event("other") + std::string(done_event));
  ASSERT_TRUE(
      gateway.daemon().reload(GatewayUnderTest::read(configuration({bad.port()}, {.model = "retry: {attempts: 1}"}))));
  expect_error(stage.ask(chat_stream()), 502, "upstream_error");
}

void row_27_odd_lines_mean_nothing_in_a_translation(Stage& stage) {
  const std::vector<Odd> odd = harmless();
  auto& upstream = open_odd(stage, odd);
  for (std::size_t i = 0; i < odd.size(); ++i) {
    SCOPED_TRACE(odd[i].name);
    const Answer answer = ask_odd(stage, upstream, "/v1/messages", i);
    EXPECT_TRUE(answer.whole()) << answer.body;
    const std::vector<Piece> pieces = pieces_of(chat::anthropic_messages(), answer.body);
    ASSERT_FALSE(pieces.empty());
    EXPECT_EQ(pieces.back().kind, Kind::end) << answer.body;
    EXPECT_NE(answer.body.find("\"one\""), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find("\"two\""), std::string::npos) << answer.body;
  }
}

void row_28_what_is_no_json_passes_unchanged(Stage& stage) { passes_unchanged(stage, senseless()); }
void row_28_wrong_types_pass_unchanged(Stage& stage) { passes_unchanged(stage, of_wrong_types()); }

void row_28_what_is_no_json_ends_a_translation(Stage& stage) {
  const std::vector<Odd> odd = senseless();
  auto& upstream = open_odd(stage, odd);
  for (std::size_t i = 0; i < odd.size(); ++i) {
    SCOPED_TRACE(odd[i].name);
    const Answer answer = ask_odd(stage, upstream, "/v1/messages", i);
    EXPECT_NE(answer.body.find("\"one\""), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.find("\"two\""), std::string::npos) << answer.body;
    expect_visible_break(chat::anthropic_messages(), answer);
  }
}

// Skipped or refused, as the codec sees fit; but what comes out is whole or visibly broken, and JSON in every event.
void row_28_wrong_types_never_spoil_a_translation(Stage& stage) {
  const std::vector<Odd> odd = of_wrong_types();
  auto& upstream = open_odd(stage, odd);
  for (std::size_t i = 0; i < odd.size(); ++i) {
    SCOPED_TRACE(odd[i].name);
    const Answer answer = ask_odd(stage, upstream, "/v1/messages", i);
    EXPECT_EQ(answer.status, 200);
    const std::vector<Piece> pieces = pieces_of(chat::anthropic_messages(), answer.body);
    ASSERT_FALSE(pieces.empty());
    EXPECT_EQ(pieces.back().kind, answer.whole() ? Kind::end : Kind::error) << answer.body;
    for (const Piece& piece : pieces) {
      const std::size_t data = piece.bytes.find("data: ");
      if (data == std::string::npos) continue;
      EXPECT_TRUE(nlohmann::json::accept(piece.bytes.substr(data + 6))) << piece.bytes;
    }
  }
}

void row_28_a_whole_answer_of_wrong_types_passes_unchanged(Stage& stage) {
  const std::vector<std::string> bodies{R"({"choices":"no","usage":{"prompt_tokens":"3"}})",
                                        R"({"choices":[5],"usage":[]})",
                                        R"({"usage":{"prompt_tokens":-3}})",
                                        R"([])",
                                        R"("text")",
                                        R"({"usage":null,"choices":{}})"};
  Script script;
  for (const std::string& body : bodies) script.read_request().send(response(200, body));
  auto& upstream = stage.upstream(script.hang());
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  for (const std::string& body : bodies) {
    const Answer answer = stage.ask(chat());
    EXPECT_EQ(answer.status, 200) << body;
    EXPECT_EQ(answer.body, body);
  }
  const auto many = static_cast<double>(bodies.size());
  EXPECT_EQ(stage.gateway().await_metric("sluice_usage_missing_total", many), many);
}

constexpr Row rows[] = {
    {"row_27_odd_lines_pass_unchanged", row_27_odd_lines_pass_unchanged},
    {"row_27_a_thousand_data_lines_are_one_event", row_27_a_thousand_data_lines_are_one_event},
    {"row_27_a_line_of_7_mib_passes_unchanged", row_27_a_line_of_7_mib_passes_unchanged},
    {"row_27_a_line_of_10_mib_ends_the_stream", row_27_a_line_of_10_mib_ends_the_stream},
    {"row_27_comments_alone_are_no_answer", row_27_comments_alone_are_no_answer},
    {"row_27_odd_lines_mean_nothing_in_a_translation", row_27_odd_lines_mean_nothing_in_a_translation},
    {"row_28_what_is_no_json_passes_unchanged", row_28_what_is_no_json_passes_unchanged},
    {"row_28_wrong_types_pass_unchanged", row_28_wrong_types_pass_unchanged},
    {"row_28_what_is_no_json_ends_a_translation", row_28_what_is_no_json_ends_a_translation},
    {"row_28_wrong_types_never_spoil_a_translation", row_28_wrong_types_never_spoil_a_translation},
    {"row_28_a_whole_answer_of_wrong_types_passes_unchanged", row_28_a_whole_answer_of_wrong_types_passes_unchanged},
};
INSTANTIATE_TEST_SUITE_P(stream_shape_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::stream_shape_faults_test
