// Callers of /api/chat, /api/generate, /api/tags and /api/version, as docs promise them: bytes where the provider
// speaks their dialect, translation where it does not.
#include "gateway/stage.hpp"

namespace sluice::test::native_callers_test {
namespace {

using nlohmann::json;

constexpr std::string_view other_key = "sk-other-canary-77aa42";

const std::string first_line =
    R"({"model":"pebble","created_at":"2026-01-01T00:00:00.5Z","message":{"role":"assistant","content":"Go"},"done":false})"
    "\n";
const std::string last_line =
    R"({"model":"pebble","created_at":"2026-01-01T00:00:01Z","message":{"role":"assistant","content":""},)"
    R"("done":true,"done_reason":"stop","total_duration":5,"prompt_eval_count":26,"eval_count":3})"
    "\n";

std::string line_stream(const std::vector<std::string>& pieces, std::string_view end = last_chunk) {
  std::string bytes = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const std::string& piece : pieces) bytes += chunk(piece);
  return bytes += end;
}

std::vector<json> lines_in(const std::string& body) {
  std::vector<json> lines;
  std::istringstream rest(body);
  for (std::string line; std::getline(rest, line);) lines.push_back(json::parse(line, nullptr, false));
  return lines;
}

class NativeCallers : public ::testing::Test {
 protected:
  void TearDown() override { stage_.settle(); }

  // The model `m`, called `pebble` at a server of one's own, and `chat-only` at a server of another dialect.
  void open(Script script) {
    upstream_ = &stage_.upstream(std::move(script));
    const std::string url = "\"http://127.0.0.1:" + std::to_string(upstream_->port()) + "/v1\"";
    stage_.open_with(
        "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n  "
        "own: {kind: ollama, base_url: " +
        url + "}\n  other: {kind: openai-compatible, base_url: " + url +
        "}\nmodels:\n  m: {targets: [{provider: own, model: pebble}], retry: {attempts: 1}}\n"
        "  chat-only: {targets: [{provider: other, model: stone}], retry: {attempts: 1}}\n"
        "  \"wild-*\": {targets: [{provider: own}]}\nkeys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n"
        "  - {name: few, secret: \"${OTHER_KEY}\", models: [chat-only]}\n");
  }
  Answer ask(const std::string& path, const std::string& body) { return stage_.ask(post(path, body, bearer())); }
  SeenRequest last_seen() const { return upstream_->seen().back(); }

  Stage stage_;
  ScriptedUpstream* upstream_ = nullptr;
};

TEST_F(NativeCallers, get_the_bytes_of_a_provider_that_speaks_their_dialect) {
  open(always(line_stream({first_line + last_line.substr(0, 20), last_line.substr(20)})));
  const Answer answer = ask("/api/chat", R"({"messages": [], "model":"m", "keep_alive":"5m"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.field("content-type"), "application/x-ndjson");
  EXPECT_EQ(answer.body, first_line + last_line);
  EXPECT_EQ(last_seen().target(), "/api/chat");
  EXPECT_EQ(last_seen().body, R"({"messages": [], "model":"pebble", "keep_alive":"5m"})");
  EXPECT_EQ(stage_.gateway().await_metric("sluice_tokens_total", 29, {"model=\"m\""}), 29);
}

TEST_F(NativeCallers, may_have_their_answer_in_one_piece) {
  open(always(response(200, last_line)));
  for (const std::string& path : {std::string("/api/chat"), std::string("/api/generate")}) {
    const Answer answer = ask(path, R"({"model":"m","stream":false})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, last_line);
    EXPECT_EQ(last_seen().target(), path);
  }
}

TEST_F(NativeCallers, and_callers_of_the_usual_dialect_meet_at_one_provider) {
  open(always(completion("fine")));
  expect_words(stage_.ask(chat()), "fine");
  EXPECT_EQ(last_seen().target(), "/v1/chat/completions");
  EXPECT_EQ(last_seen().body, chat_body("pebble"));
}

TEST_F(NativeCallers, see_that_a_stream_broke) {
  open(always(line_stream({first_line})));
  const Answer answer = ask("/api/chat", R"({"model":"m","messages":[]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.whole());
  ASSERT_TRUE(answer.body.starts_with(first_line));
  EXPECT_TRUE(json::parse(answer.body.substr(first_line.size())).contains("error")) << answer.body;
}

TEST_F(NativeCallers, get_the_providers_own_failure_and_nothing_after_it) {
  const std::string failure = "{\"error\":\"the runner stopped\"}\n";
  open(always(line_stream({first_line, failure})));
  const Answer answer = ask("/api/chat", R"({"model":"m","messages":[]})");
  EXPECT_FALSE(answer.whole());
  EXPECT_EQ(answer.body, first_line + failure);
}

TEST_F(NativeCallers, hear_of_a_failure_at_the_beginning_as_a_status) {
  open(always(line_stream({"{\"error\":\"server busy, please try again\"}\n"})));
  const Answer answer = ask("/api/chat", R"({"model":"m","messages":[]})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(json::parse(answer.body)["error"].is_string()) << answer.body;
}

TEST_F(NativeCallers, reach_other_dialects_with_messages) {
  open(always(streamed({delta_event("Go"), delta_event("ne.")})));
  const Answer answer = ask("/api/chat", R"({"model":"chat-only","messages":[{"role":"user","content":"Go."}],
    "options":{"num_predict":5,"num_ctx":4096}})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.field("content-type"), "application/x-ndjson");
  EXPECT_EQ(answer.field("x-sluice-dropped"), "options.num_ctx");
  std::string words;
  const auto lines = lines_in(answer.body);
  for (const json& line : lines) {
    words += line["message"]["content"].get<std::string>();
    EXPECT_EQ(line["done"], &line == &lines.back()) << line;
  }
  EXPECT_EQ(words, "Gone.");
  const auto sent = json::parse(last_seen().body);
  EXPECT_EQ(sent["stream"], true);
  EXPECT_EQ(sent["max_completion_tokens"], 5);
}

TEST_F(NativeCallers, reach_other_dialects_with_a_prompt) {
  Script script;
  script.read_request().decide([](const SeenRequest& request) {
    const bool stream = json::parse(request.body).value("stream", false);
    Script answer;
    answer.send(stream ? streamed({delta_event("Go"), delta_event("ne.")}) : completion("Gone."));
    return answer;
  });
  script.again();
  open(script);
  for (const bool stream : {true, false}) {
    SCOPED_TRACE(stream ? "streamed" : "whole");
    json body{{"model", "chat-only"}, {"prompt", "Go."}, {"system", "Be brief."}};
    if (!stream) body["stream"] = false;
    const Answer answer = ask("/api/generate", body.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.whole());
    std::string words;
    const auto lines = lines_in(answer.body);
    for (const json& line : lines) words += line.at("response").get<std::string>();
    EXPECT_EQ(words, "Gone.");
    EXPECT_EQ(lines.back()["done"], true);
    EXPECT_EQ(lines.size() > 1, stream);
    EXPECT_EQ(last_seen().target(), "/v1/chat/completions") << "a conversation, not a completion";
    const auto sent = json::parse(last_seen().body);
    EXPECT_EQ(sent.contains("stream_options"), stream) << "servers take it with streams only";
    EXPECT_EQ(sent["messages"], json::parse(R"([{"role":"system","content":"Be brief."},
                                                {"role":"user","content":"Go."}])"));
  }
}

TEST_F(NativeCallers, find_the_models_their_key_may_use) {
  open(always(completion("fine")));
  const Answer all = stage_.ask(get("/api/tags", bearer()));
  EXPECT_EQ(all.status, 200);
  const auto models = json::parse(all.body)["models"];
  ASSERT_EQ(models.size(), 2u) << "patterns are no models";
  for (const json& model : models) {
    EXPECT_EQ(model["name"], model["model"]);
    EXPECT_TRUE(model["modified_at"].is_string());
    EXPECT_TRUE(model["size"].is_number_integer());
    EXPECT_TRUE(model["digest"].is_string());
    EXPECT_TRUE(model["details"].is_object());
  }
  const auto few = json::parse(stage_.ask(get("/api/tags", bearer(other_key))).body)["models"];
  ASSERT_EQ(few.size(), 1u);
  EXPECT_EQ(few[0]["name"], "chat-only");
}

TEST_F(NativeCallers, are_told_our_version) {
  open(always(completion("fine")));
  const Answer answer = stage_.ask(get("/api/version", bearer()));
  EXPECT_EQ(answer.status, 200);
  const auto version = json::parse(answer.body);
  EXPECT_EQ(version.size(), 1u);
  EXPECT_FALSE(version["version"].get<std::string>().empty());
}

TEST_F(NativeCallers, hear_of_refusals_in_their_words) {
  open(always(completion("fine")));
  const std::vector<std::pair<std::string, int>> cases{
      {get("/api/tags"), 401},
      {get("/api/version"), 401},
      {get("/api/chat", bearer()), 405},
      {post("/api/tags", "{}", bearer()), 405},
      {post("/api/chat", R"({"model":"nobody"})", bearer()), 404},
      {post("/api/chat", R"({"model":"m"})", bearer(other_key)), 403},
      {post("/api/generate", R"({"model":"chat-only","prompt":3})", bearer()), 400},
      {post("/api/chat", R"({"model":"m","stream":"no"})", bearer()), 400}};
  for (const auto& [request, status] : cases) {
    const Answer answer = stage_.ask(request);
    EXPECT_EQ(answer.status, status) << request;
    const auto body = json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(body.is_object() && body.contains("error")) << answer.body;
    EXPECT_EQ(body.size(), 1u);
    EXPECT_TRUE(body["error"].is_string()) << answer.body;
  }
  EXPECT_EQ(upstream_->requests(), 0u);
}

}  // namespace
}  // namespace sluice::test::native_callers_test
