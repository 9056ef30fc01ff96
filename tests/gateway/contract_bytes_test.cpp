// What passes through unchanged, what is added, and what is taken away, in both directions.
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using namespace std::string_literals;

class Bytes : public ::testing::Test {
 protected:
  void open(ScriptedUpstream& upstream) {
    upstream_ = &upstream;
    stage_.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  }
  // What the provider received when that body was sent.
  std::string forwarded(const std::string& body, const std::string& path = "/v1/chat/completions") {
    const std::size_t before = upstream_->requests();
    EXPECT_EQ(stage_.ask(post(path, body, bearer())).status, 200) << body;
    const auto seen = upstream_->seen();
    return seen.size() == before + 1 ? seen.back().body : "(nothing)";
  }
  void TearDown() override { stage_.settle(); }

  Stage stage_;
  ScriptedUpstream* upstream_ = nullptr;
};

TEST_F(Bytes, only_the_model_s_value_changes_upstream) {
  open(stage_.upstream(always(completion("fine"))));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"model":"m"})", R"({"model":"real-model"})"},
      {"  {\r\n\t\"messages\" : [ ] ,\"model\"\t:\n \"m\" , \"z\":1.0e+2}\n ",
       "  {\r\n\t\"messages\" : [ ] ,\"model\"\t:\n \"real-model\" , \"z\":1.0e+2}\n "},
      {R"({"mod\u0065l":"m","x":"m"})", R"({"mod\u0065l":"real-model","x":"m"})"},
      {R"({"model":"\u006d"})", R"({"model":"real-model"})"},
      {R"({"x":{"model":"m"},"y":["model","m"],"model":"m"})",
       R"({"x":{"model":"m"},"y":["model","m"],"model":"real-model"})"},
      {R"({"model":"m","big":123456789012345678901234567890,"f":0.10,"neg":-0,"s":"\u00e9\/\ud83d\ude00"})",
       R"({"model":"real-model","big":123456789012345678901234567890,"f":0.10,"neg":-0,"s":"\u00e9\/\ud83d\ude00"})"},
      {R"({"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1,"a":2,"z":3}}}],"model":"m"})",
       R"({"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1,"a":2,"z":3}}}],"model":"real-model"})"},
      {R"({"model":"m","stream":false,"unknown_member":null,"":0})",
       R"({"model":"real-model","stream":false,"unknown_member":null,"":0})"},
  };
  for (const auto& [sent, received] : cases) EXPECT_EQ(forwarded(sent), received);
}

TEST_F(Bytes, a_chunked_request_is_framed_anew) {
  open(stage_.upstream(always(completion("fine"))));
  const std::string body = chat_body();
  const Answer answer = stage_.ask("POST /v1/chat/completions HTTP/1.1\r\nhost: elsewhere.example\r\n" + bearer() +
                                   "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n" +
                                   chunk(body.substr(0, 7)) + chunk(body.substr(7)) + "0\r\nx-trailer: 1\r\n\r\n");
  expect_words(answer, "fine");
  const auto seen = upstream_->seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].field("content-length"), std::to_string(chat_body("real-model").size()));
  EXPECT_FALSE(seen[0].field("transfer-encoding"));
  EXPECT_FALSE(seen[0].field("x-trailer"));
  EXPECT_EQ(seen[0].field("host"), "127.0.0.1:" + std::to_string(upstream_->port()));
}

TEST_F(Bytes, every_endpoint_reaches_its_own_with_and_without_v1) {
  open(stage_.upstream(always(completion("fine"))));
  for (const std::string path : {"/chat/completions", "/completions", "/embeddings", "/rerank", "/moderations",
                                 "/images/generations", "/audio/speech"}) {
    for (const std::string prefix : {"", "/v1"}) {
      SCOPED_TRACE(prefix + path);
      EXPECT_EQ(forwarded(R"({"model":"m","input":"x","prompt":"x"})", prefix + path),
                R"({"model":"real-model","input":"x","prompt":"x"})");
      EXPECT_EQ(upstream_->seen().back().target(), "/v1" + path);
      EXPECT_TRUE(upstream_->seen().back().head.starts_with("POST "));
    }
  }
}

TEST_F(Bytes, sound_is_passed_on_as_it_comes_and_never_looks_whole_when_it_was_cut) {
  const std::string sound = "ID3\0\xFF\xFB one, two"s;  // with bytes that no text has
  const std::string head = "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n";
  const std::string whole = head + chunk(sound) + chunk(sound) + std::string(last_chunk);
  open(stage_.upstream({Script().read_request().send(whole).read_request().send(head + chunk(sound)).close()}));
  const std::string request = post("/v1/audio/speech", R"({"model":"m","input":"one, two","voice":"v"})", bearer());
  const Answer answer = stage_.ask(request);
  EXPECT_EQ(answer.field("content-type"), "audio/mpeg");
  EXPECT_EQ(answer.body, sound + sound);
  EXPECT_TRUE(answer.whole());
  const Answer cut = stage_.ask(request);
  EXPECT_EQ(cut.status, 200);
  EXPECT_FALSE(cut.whole());
}

const std::string usage_event =
    "data: "
    "{\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5,\"total_tokens\":8}}\n\n";

TEST_F(Bytes, usage_is_asked_for_and_hidden_unless_the_caller_asked) {
  open(stage_.upstream(always(streamed({delta_event("one"), usage_event}))));
  const std::string hidden = delta_event("one") + std::string(done_event);
  const std::string shown = delta_event("one") + usage_event + std::string(done_event);
  struct Case {
    std::string member;    // of the caller's body
    std::string expected;  // value of stream_options upstream
    bool visible;
  };
  const std::vector<Case> cases = {
      {"", R"({"include_usage":true})", false},
      {R"(,"stream_options":null)", R"({"include_usage":true})", false},
      {R"(,"stream_options":{})", R"({"include_usage":true})", false},
      {R"(,"stream_options": { } )", R"({"include_usage":true})", false},
      {R"(,"stream_options":{"include_obfuscation":false})", R"({"include_usage":true,"include_obfuscation":false})",
       false},
      {R"(,"stream_options":{"include_usage":false})", R"({"include_usage":true})", false},
      {R"(,"stream_options":{"a":[1,2],"include_usage" : false , "b":{}})",
       R"({"a":[1,2],"include_usage":true,"b":{}})", false},
      {R"(,"stream_options":{"include_usage":true})", R"({"include_usage":true})", true},
      {R"(,"stream_options":{"x":1,"include_usage":true})", R"({"x":1,"include_usage":true})", true},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.member);
    const std::string before = R"({"odd" : 1e2,"model":"m","stream":true)";
    const Answer answer = stage_.ask(post("/v1/chat/completions", before + one.member + "}", bearer()));
    expect_stream(answer, one.visible ? shown : hidden);
    const std::string sent = upstream_->seen().back().body;
    EXPECT_TRUE(sent.starts_with(R"({"odd" : 1e2,"model":"real-model","stream":true)")) << sent;
    const auto json = nlohmann::json::parse(sent, nullptr, false);
    ASSERT_TRUE(json.is_object()) << sent;
    EXPECT_EQ(json["stream_options"], nlohmann::json::parse(one.expected)) << sent;
    EXPECT_EQ(sent.find("stream_options"), sent.rfind("stream_options")) << "twice: " << sent;
    EXPECT_EQ(sent.find("include_usage"), sent.rfind("include_usage")) << "twice: " << sent;
    if (one.visible) {
      EXPECT_EQ(sent, R"({"odd" : 1e2,"model":"real-model","stream":true)" + one.member + "}");
    }
  }
  for (const auto& line : stage_.lines()) {
    EXPECT_EQ(line["input_tokens"], 3);
    EXPECT_EQ(line["output_tokens"], 5);
    EXPECT_EQ(line["stream"], true);
    EXPECT_EQ(line["cut"], false);
  }
}

TEST_F(Bytes, nothing_is_injected_where_it_does_not_belong) {
  open(stage_.upstream(always(completion("fine"))));
  EXPECT_EQ(forwarded(R"({"model":"m","stream":false})"), R"({"model":"real-model","stream":false})");
  EXPECT_EQ(forwarded(R"({"model":"m","stream":null})"), R"({"model":"real-model","stream":null})");
  EXPECT_EQ(forwarded(R"({"model":"m","input":"x","stream":true})", "/v1/embeddings"),
            R"({"model":"real-model","input":"x","stream":true})");
}

TEST_F(Bytes, only_events_with_usage_and_no_choices_are_hidden) {
  const std::string null_usage = "data: {\"choices\":[],\"usage\":null}\n\n";
  const std::string with_choices = "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1}}\n\n";
  const std::string without_choices = "data: {\"usage\":{\"prompt_tokens\":1}}\n\n";
  const std::string filter = "data: {\"choices\":[],\"prompt_filter_results\":[{}]}\n\n";
  const std::vector<std::string> kept = {filter, null_usage, with_choices, without_choices};
  std::vector<std::string> events = kept;
  events.push_back(usage_event);
  open(stage_.upstream(always(streamed(events))));
  expect_stream(stage_.ask(chat_stream()),
                filter + null_usage + with_choices + without_choices + std::string(done_event));
}

TEST_F(Bytes, an_answer_is_relayed_as_it_is) {
  const std::string odd =
      " {\n\t\"model\": \"real-model\", \"new_member\" : [1e2, 1.50, \"\\u00e9\"], \"choices\" : [ ] }\r\n";
  open(stage_.upstream(always(response(200, odd))));
  const Answer answer = stage_.ask(chat());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, odd);
}

TEST_F(Bytes, only_listed_fields_reach_the_provider) {
  open(stage_.upstream(always(completion("fine"))));
  const std::string fields =
      "openai-beta: assistants=v2\r\nidempotency-key: once-1\r\naccept: application/json\r\n"
      "cookie: a=b\r\nx-forwarded-for: 10.0.0.1\r\nx-forwarded-host: h\r\nforwarded: for=x\r\nvia: 1.1 x\r\nx-real-ip: "
      "10.0.0.1\r\n"
      "x-sluice-tags: a=b\r\nx-sluice-session: s\r\nproxy-authorization: Basic x\r\nte: trailers\r\nx-custom: 1\r\n"
      "openai-organization: org\r\nx-amz-date: now\r\nupgrade: h2c\r\nkeep-alive: timeout=5\r\naccept-encoding: gzip, "
      "br\r\n"
      "expect: 100-continue\r\n";
  expect_words(stage_.ask(chat(fields)), "fine");
  const SeenRequest request = upstream_->seen().back();
  EXPECT_EQ(request.field("content-type"), "application/json");
  EXPECT_EQ(request.field("openai-beta"), "assistants=v2");
  EXPECT_EQ(request.field("idempotency-key"), "once-1");
  for (const char* const name : {"cookie", "x-forwarded-for", "x-forwarded-host", "forwarded", "via", "x-real-ip",
                                 "x-sluice-tags", "x-sluice-session", "proxy-authorization", "te", "x-custom",
                                 "openai-organization", "x-amz-date", "upgrade", "keep-alive", "expect"}) {
    EXPECT_FALSE(request.field(name)) << name;
  }
}

TEST_F(Bytes, a_field_named_by_connection_goes_no_further) {
  open(stage_.upstream(always(completion("fine"))));
  expect_words(stage_.ask(chat("connection: keep-alive, OpenAI-Beta\r\nopenai-beta: assistants=v2\r\n")), "fine");
  EXPECT_FALSE(upstream_->seen().back().field("openai-beta"));
}

TEST_F(Bytes, only_listed_fields_reach_the_client) {
  open(stage_.upstream(always(response(
      200, completion_json("fine"),
      "set-cookie: a=b\r\nserver: cloudflare\r\nalt-svc: h3\r\nstrict-transport-security: x\r\nopenai-organization: "
      "org\r\n"
      "cf-ray: 1\r\nx-ratelimit-remaining-requests: 7\r\nx-request-id: upstream-1\r\nx-sluice-provider: liar\r\n"
      "x-sluice-attempts: 99\r\nkeep-alive: timeout=5\r\ncontent-type: application/json; charset=utf-8\r\n"))));
  const Answer answer = stage_.ask(chat());
  expect_words(answer, "fine");
  EXPECT_EQ(answer.field("content-type"), "application/json; charset=utf-8");
  for (const char* const name : {"set-cookie", "alt-svc", "strict-transport-security", "openai-organization", "cf-ray",
                                 "x-ratelimit-remaining-requests", "keep-alive"}) {
    EXPECT_FALSE(answer.has(name)) << name;
  }
  EXPECT_NE(answer.field("server"), "cloudflare");
  EXPECT_NE(answer.field("x-request-id"), "upstream-1");
  EXPECT_EQ(answer.field("x-sluice-provider"), "p1");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
}

TEST_F(Bytes, a_stream_has_the_fields_that_keep_it_flowing) {
  open(stage_.upstream(always(streamed({delta_event("one")}))));
  const Answer answer = stage_.ask(chat_stream());
  expect_stream(answer, delta_event("one") + std::string(done_event));
  EXPECT_NE(answer.field("cache-control").find("no-cache"), std::string::npos);
  EXPECT_EQ(answer.field("x-accel-buffering"), "no");
  EXPECT_EQ(answer.field("x-sluice-provider"), "p1");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
  EXPECT_TRUE(answer.has("x-sluice-model"));
  EXPECT_NE(answer.field("server-timing").find("sluice;dur="), std::string::npos);
}

TEST_F(Bytes, events_are_relayed_one_by_one_as_they_come) {
  Script script;
  script.read_request().send(stream_head());
  for (int i = 0; i < 20; ++i) {
    script.send(chunk(delta_event("e" + std::to_string(i)))).wait_for("seen " + std::to_string(i));
  }
  script.send(chunk(done_event) + std::string(last_chunk)).again();
  open(stage_.upstream(script));
  RawClient client = stage_.gateway().client();
  stage_.count(1);
  client.send(chat_stream());
  Answer answer = client.read_head();
  for (int i = 0; i < 20; ++i) {
    const Moment before = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.read_until(answer, delta_event("e" + std::to_string(i)))) << "event " << i << " was held back";
    EXPECT_LT(microseconds_since(before), 1'000'000);
    upstream_->signal("seen " + std::to_string(i));
  }
  client.read_rest(answer);
  EXPECT_TRUE(answer.whole());
}

}  // namespace
}  // namespace sluice::test
