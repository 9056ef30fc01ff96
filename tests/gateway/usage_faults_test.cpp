// Row 33: what providers say they counted, however oddly, is in the books exactly once.
#include "gateway/stage.hpp"

namespace sluice::test::usage_faults_test {
namespace {

// What sluice_tokens_total has, type by type; in all of them no token is counted twice.
struct Tokens {
  double input = 0;
  double output = 0;
  double cache_read = 0;
  double cache_write = 0;
  double reasoning = 0;
  bool operator==(const Tokens&) const = default;
};

Tokens operator-(const Tokens& left, const Tokens& right) {
  return {left.input - right.input, left.output - right.output, left.cache_read - right.cache_read,
          left.cache_write - right.cache_write, left.reasoning - right.reasoning};
}

void PrintTo(const Tokens& tokens, std::ostream* out) {
  *out << "input " << tokens.input << ", output " << tokens.output << ", cache_read " << tokens.cache_read
       << ", cache_write " << tokens.cache_write << ", reasoning " << tokens.reasoning;
}

Tokens counted(const GatewayUnderTest& gateway) {
  const auto of = [&gateway](const std::string& type) {
    return gateway.metric("sluice_tokens_total", {"type=\"" + type + "\""});
  };
  return {of("input"), of("output"), of("cache_read"), of("cache_write"), of("reasoning")};
}

struct Case {
  const char* name;
  std::string stream;  // what the provider sends
  Tokens tokens;
  bool missing = false;  // it did not say
};

// The request's last word says which case is asked for.
Script answering(const std::vector<Case>& cases) {
  Script script;
  script.read_request().decide([cases](const SeenRequest& request) {
    const std::size_t mark = request.body.find("case-");
    const std::size_t number = mark == std::string::npos ? cases.size() : std::stoul(request.body.substr(mark + 5));
    Script answer;
    if (number >= cases.size()) return answer.close();
    return answer.send(stream_head() + chunk(cases[number].stream) + std::string(last_chunk));
  });
  return script.again();
}

std::string asking(std::string_view path, std::size_t number) {
  const std::string words = "case-" + std::to_string(number);
  const std::string tail = R"(,"model":"m","stream":true})";
  const std::string messages = R"("messages":[{"role":"user","content":")" + words + R"("}])";
  if (path == "/v1/responses") return post(path, R"({"input":")" + words + "\"" + tail, bearer());
  if (path == "/v1/messages") return post(path, "{\"max_tokens\":9," + messages + tail, bearer());
  if (path == "/v1/chat/completions") {
    return post(path, R"({"stream_options":{"include_usage":true},)" + messages + tail, bearer());
  }
  return post(path, R"({"contents":[{"role":"user","parts":[{"text":")" + words + "\"}]}]}", bearer());
}

// Every case on one gateway, whose books are looked at after each.
void counts_exactly(Stage& stage, const std::string& dialect, std::string_view path, const std::vector<Case>& cases) {
  auto& upstream = stage.upstream(answering(cases));
  auto& gateway = stage.open({upstream.port()}, {.model = "retry: {attempts: 1}", .provider = "dialect: " + dialect});
  Tokens before;
  double missing = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name);
    const Answer answer = stage.ask(asking(path, i));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.whole()) << answer.body;
    const auto lines = stage.lines();  // written after the books
    ASSERT_EQ(lines.size(), i + 1);
    const Tokens now = counted(gateway);
    EXPECT_EQ(now - before, cases[i].tokens);
    before = now;
    missing += cases[i].missing ? 1 : 0;
    EXPECT_EQ(gateway.metric("sluice_usage_missing_total"), missing);
    EXPECT_EQ(lines[i]["input_tokens"].is_null(), cases[i].missing) << lines[i].dump();
    missing = gateway.metric("sluice_usage_missing_total");
  }
}

std::string chat_end(const std::string& usage) { return "data: {\"choices\":[],\"usage\":" + usage + "}\n\n"; }

std::string chat_delta(const std::string& usage) {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}],\"usage\":" + usage + "}\n\n";
}

// The same for callers of the dialect and of another one.
std::vector<Case> chat_cases() {
  const std::string one = delta_event("one");
  const std::string done =
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" + std::string(done_event);
  const std::string plain = R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})";
  const std::string detailed =
      R"({"prompt_tokens":10,"completion_tokens":8,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":6},)"
      R"("completion_tokens_details":{"reasoning_tokens":3}})";
  const auto pair = [](const std::string& input, const std::string& output) {
    return R"({"prompt_tokens":)" + input + R"(,"completion_tokens":)" + output + "}";
  };
  return {
      {"missing", one + done, {}, true},
      {"null", one + chat_delta("null") + done, {}, true},
      {"null in the last event", one + chat_end("null") + done, {}, true},
      {"once", one + chat_end(plain) + done, {10, 5}},
      {"with details", one + chat_end(detailed) + done, {4, 5, 6, 0, 3}},
      {"twice the same", one + chat_end(plain) + chat_end(plain) + done, {10, 5}},
      {"twice, the second larger", one + chat_end(pair("10", "1")) + chat_end(plain) + done, {10, 5}},
      {"twice, the second smaller", one + chat_end(pair("10", "9")) + chat_end(plain) + done, {10, 5}},
      {"in every event", chat_delta(pair("10", "1")) + chat_delta(pair("10", "2")) + chat_end(plain) + done, {10, 5}},
      {"before the last delta", chat_delta(plain) + one + done, {10, 5}},
      {"alone before the last delta", one + chat_end(plain) + one + done, {10, 5}},
      {"details that come late", one + chat_end(pair("10", "8")) + chat_end(detailed) + done, {4, 5, 6, 0, 3}},
      {"details that go away", one + chat_end(detailed) + chat_end(pair("10", "8")) + done, {10, 8}},
      {"all of the prompt cached at last",
       one + chat_end(plain) +
           chat_end(R"({"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":10}})") +
           done,
       {0, 5, 10}},
      {"all of the answer thought at last",
       one + chat_end(plain) +
           chat_end(
               R"({"prompt_tokens":10,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":5}})") +
           done,
       {10, 0, 0, 0, 5}},
      {"negative", one + chat_end(pair("-10", "5")) + done, {}, true},
      {"2^63", one + chat_end(pair("9223372036854775808", "5")) + done, {}, true},
      {"2^64 and more", one + chat_end(pair("10", "18446744073709551621")) + done, {}, true},
      {"whole floats", one + chat_end(pair("10.0", "5e0")) + done, {10, 5}},
      {"broken floats", one + chat_end(pair("10", "2.5")) + done, {}, true},
      {"texts", one + chat_end(pair("\"10\"", "\"5\"")) + done, {}, true},
      {"good, then negative", one + chat_end(plain) + chat_end(pair("-1", "-1")) + done, {10, 5}},
      {"negative, then good", one + chat_end(pair("-1", "-1")) + chat_end(plain) + done, {10, 5}},
  };
}

void row_33_counts_of_chat_streams(Stage& stage) {
  std::vector<Case> cases = chat_cases();
  // JSON that a translation refuses to read, and a relay need not.
  cases.push_back(
      {"beyond every number",
       delta_event("one") + chat_end(R"({"prompt_tokens":1e999,"completion_tokens":5})") + std::string(done_event),
       {},
       true});
  counts_exactly(stage, "openai_chat", "/v1/chat/completions", cases);
}

void row_33_counts_of_chat_streams_in_translation(Stage& stage) {
  counts_exactly(stage, "openai_chat", "/v1/messages", chat_cases());
}

std::string message_event(const std::string& type, const std::string& members) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + (members.empty() ? "" : ",") + members + "}\n\n";
}

std::string message_start(const std::string& usage) {
  return message_event("message_start",
                       R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"x","content":[],)"
                       R"("stop_reason":null,"stop_sequence":null,"usage":)" +
                           usage + "}");
}

std::string message_end(const std::string& usage) {
  return message_event("content_block_start", R"("index":0,"content_block":{"type":"text","text":""})") +
         message_event("content_block_delta", R"("index":0,"delta":{"type":"text_delta","text":"one"})") +
         message_event("content_block_stop", R"("index":0)") +
         message_event("message_delta", R"("delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":)" + usage) +
         message_event("message_stop", "");
}

// The prompt is counted in the first event and the answer in the last, which may repeat, correct or leave out.
std::vector<Case> message_cases() {
  const std::string cached =
      R"({"input_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":6,"output_tokens":1})";
  const std::string plain = R"({"input_tokens":10,"output_tokens":1})";
  const std::string output = R"({"output_tokens":5})";
  return {
      {"missing", message_start("null") + message_end("null"), {}, true},
      {"zeros",
       message_start(R"({"input_tokens":0,"output_tokens":0})") + message_end(R"({"output_tokens":0})"),
       {},
       true},
      {"start and delta", message_start(plain) + message_end(output), {10, 5}},
      {"with caches", message_start(cached) + message_end(output), {4, 5, 6, 3}},
      {"the delta repeats everything",
       message_start(cached) +
           message_end(
               R"({"input_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":6,"output_tokens":5})"),
       {4, 5, 6, 3}},
      {"the delta repeats the input alone",
       message_start(cached) + message_end(R"({"input_tokens":4,"output_tokens":5})"),
       {4, 5, 6, 3}},
      {"the delta has nulls",
       message_start(cached) + message_end(R"({"input_tokens":null,"cache_read_input_tokens":null,"output_tokens":5})"),
       {4, 5, 6, 3}},
      {"the delta has zeros",
       message_start(cached) +
           message_end(
               R"({"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5})"),
       {4, 5, 6, 3}},
      {"the start has zeros",
       message_start(R"({"input_tokens":0,"output_tokens":0})") +
           message_end(R"({"input_tokens":10,"output_tokens":5})"),
       {10, 5}},
      {"the start counts the whole prompt, the delta what of it was cached",
       message_start(plain) + message_end(R"({"input_tokens":4,"cache_read_input_tokens":6,"output_tokens":5})"),
       {4, 5, 6}},
      {"the start counts the whole prompt, and all of it was cached",
       message_start(plain) + message_end(R"({"input_tokens":0,"cache_read_input_tokens":10,"output_tokens":5})"),
       {0, 5, 10}},
      {"all of the answer was thought",
       message_start(plain) + message_end(R"({"output_tokens":5,"output_tokens_details":{"thinking_tokens":5}})"),
       {10, 0, 0, 0, 5}},
      {"two deltas",
       message_start(plain) + message_event("message_delta", R"("delta":{},"usage":{"output_tokens":3})") +
           message_end(output),
       {10, 5}},
      {"whole floats",
       message_start(R"({"input_tokens":10.0,"output_tokens":1})") + message_end(R"({"output_tokens":5e0})"),
       {10, 5}},
  };
}

void row_33_counts_of_message_streams(Stage& stage) {
  counts_exactly(stage, "anthropic_messages", "/v1/messages", message_cases());
}

void row_33_counts_of_message_streams_in_translation(Stage& stage) {
  counts_exactly(stage, "anthropic_messages", "/v1/chat/completions", message_cases());
}

// Counts that cannot be: none of them is in the books, and what else was said may be.
void row_33_impossible_counts_of_message_streams(Stage& stage) {
  for (const char* const path : {"/v1/messages", "/v1/chat/completions"}) {
    std::vector<Case> cases;
    for (const char* const count : {"-5", "9223372036854775808", "18446744073709551621", "1e999", "2.5", "\"5\""}) {
      const std::string usage = "{\"output_tokens\":" + std::string(count) + "}";
      cases.push_back({count, message_start(R"({"input_tokens":10,"output_tokens":1})") + message_end(usage), {}});
    }
    auto& upstream = stage.upstream(answering(cases));
    auto& gateway =
        stage.open({upstream.port()}, {.model = "retry: {attempts: 1}", .provider = "dialect: anthropic_messages"});
    Tokens before;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE(std::string(path) + " " + cases[i].name);
      const Answer answer = stage.ask(asking(path, i));
      EXPECT_TRUE(answer.whole()) << answer.body;
      ASSERT_EQ(stage.lines().size(), i + 1);
      const Tokens told = counted(gateway) - before;
      before = counted(gateway);
      EXPECT_TRUE(told == Tokens{} || told == (Tokens{10, 1})) << ::testing::PrintToString(told);
    }
  }
}

std::string responses_event(const std::string& type, const std::string& usage) {
  return "event: " + type + "\ndata: {\"type\":\"" + type +
         R"(","response":{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"x",)"
         R"("output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":)"
         R"([{"type":"output_text","text":"one","annotations":[]}]}],"usage":)" +
         usage + "}}\n\n";
}

std::vector<Case> responses_cases() {
  const auto ended = [](const std::string& usage) {
    return responses_event("response.created", "null") + responses_event("response.completed", usage);
  };
  const std::string plain = R"({"input_tokens":10,"output_tokens":5,"total_tokens":15})";
  return {
      {"null", ended("null"), {}, true},
      {"once", ended(plain), {10, 5}},
      {"with details",
       ended(R"({"input_tokens":10,"input_tokens_details":{"cached_tokens":6},"output_tokens":8,)"
             R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":18})"),
       {4, 5, 6, 0, 3}},
      {"in an earlier event too", responses_event("response.in_progress", plain) + ended(plain), {10, 5}},
      {"of an answer that was cut", responses_event("response.incomplete", plain), {10, 5}},
      {"negative", ended(R"({"input_tokens":-10,"output_tokens":5})"), {}, true},
      {"2^63", ended(R"({"input_tokens":9223372036854775808,"output_tokens":5})"), {}, true},
      {"whole floats", ended(R"({"input_tokens":10.0,"output_tokens":5.0})"), {10, 5}},
      {"broken floats", ended(R"({"input_tokens":10,"output_tokens":2.5})"), {}, true},
  };
}

void row_33_counts_of_responses_streams(Stage& stage) {
  counts_exactly(stage, "openai_responses", "/v1/responses", responses_cases());
}

std::string gemini_event(const std::string& members) {
  return "data: {\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"x\"}]}" + members +
         "}\n\n";
}

std::vector<Case> gemini_cases() {
  const auto said = [](const std::string& usage) { return gemini_event("}],\"usageMetadata\":" + usage); };
  const auto ended = [](const std::string& usage) {
    return gemini_event(",\"finishReason\":\"STOP\"}],\"usageMetadata\":" + usage);
  };
  const std::string plain = R"({"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15})";
  return {
      {"missing", gemini_event(",\"finishReason\":\"STOP\"}]"), {}, true},
      {"null", said("null") + ended("null"), {}, true},
      {"once", ended(plain), {10, 5}},
      {"in every event", said(R"({"promptTokenCount":10,"candidatesTokenCount":2})") + ended(plain), {10, 5}},
      {"the answer counted at the end only", said(R"({"promptTokenCount":10})") + ended(plain), {10, 5}},
      {"before the last event only", said(plain) + ended("null"), {10, 5}},
      {"all of the prompt cached at last",
       said(plain) + ended(R"({"promptTokenCount":10,"cachedContentTokenCount":10,"candidatesTokenCount":5})"),
       {0, 5, 10}},
      {"with thoughts",
       ended(R"({"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3})"),
       {10, 5, 0, 0, 3}},
      {"negative", ended(R"({"promptTokenCount":-10,"candidatesTokenCount":5})"), {}, true},
      {"2^63", ended(R"({"promptTokenCount":9223372036854775808})"), {}, true},
      {"broken floats", ended(R"({"promptTokenCount":10,"candidatesTokenCount":2.5})"), {}, true},
  };
}

void row_33_counts_of_gemini_streams(Stage& stage) {
  counts_exactly(stage, "gemini", "/v1beta/models/m:streamGenerateContent?alt=sse", gemini_cases());
}

constexpr Row rows[] = {
    {"row_33_counts_of_chat_streams", row_33_counts_of_chat_streams},
    {"row_33_counts_of_chat_streams_in_translation", row_33_counts_of_chat_streams_in_translation},
    {"row_33_counts_of_message_streams", row_33_counts_of_message_streams},
    {"row_33_counts_of_message_streams_in_translation", row_33_counts_of_message_streams_in_translation},
    {"row_33_impossible_counts_of_message_streams", row_33_impossible_counts_of_message_streams},
    {"row_33_counts_of_responses_streams", row_33_counts_of_responses_streams},
    {"row_33_counts_of_gemini_streams", row_33_counts_of_gemini_streams},
};
INSTANTIATE_TEST_SUITE_P(usage_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::usage_faults_test
