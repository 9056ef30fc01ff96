// The doors through which others serve the dialect: envelopes around requests, wrapping around streams.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <sluice/chat/door.hpp>
#include <sluice/http/event_stream.hpp>

#include "chat/base64.hpp"
#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;

const Door& raw_predict() { return *door_named(anthropic_messages(), "raw_predict"); }
const Door& invoke_model() { return *door_named(anthropic_messages(), "invoke_model"); }

std::string enveloped(const Door& door, const Letter& letter) {
  std::string added = "from before";
  std::string whole;
  const http::Slices slices = door.envelop(letter, added);
  for (const std::string_view piece : slices.pieces()) whole += piece;
  return whole;
}
std::string enveloped(const Door& door, std::string_view body) {
  return enveloped(door, {Task::chat, body, R"("far")"});
}

std::string path(const Door& door, const Asked& asked) {
  std::string out = "/base";
  door.append_path(asked, out);
  return out;
}

// ---- Doors

TEST(Doors, are_found_by_their_own_name_and_only_at_their_dialect) {
  for (const Door* door : anthropic_messages().doors()) EXPECT_EQ(door_named(anthropic_messages(), door->name()), door);
  EXPECT_EQ(anthropic_messages().doors().size(), 2u);
  for (const char* name : {"", "invoke", "INVOKE_MODEL"}) EXPECT_EQ(door_named(anthropic_messages(), name), nullptr);
  EXPECT_EQ(door_named(gemini(), "raw_predict"), nullptr);
}

TEST(Doors, put_the_model_into_the_path_where_it_cannot_be_mistaken) {
  const std::string model = "arn:aws:x/claude-3.5@1?a";
  EXPECT_EQ(path(raw_predict(), {Task::chat, model, false}),
            "/base/models/arn%3Aaws%3Ax%2Fclaude-3.5@1%3Fa:rawPredict");
  EXPECT_EQ(path(raw_predict(), {Task::chat, "m", true}), "/base/models/m:streamRawPredict");
  EXPECT_EQ(path(raw_predict(), {Task::count, "m", {}}), "/base/models/count-tokens:rawPredict");
  EXPECT_EQ(path(invoke_model(), {Task::chat, model, false}), "/base/model/arn%3Aaws%3Ax%2Fclaude-3.5%401%3Fa/invoke");
  EXPECT_EQ(path(invoke_model(), {Task::chat, "m", true}), "/base/model/m/invoke-with-response-stream");
}

TEST(Doors, say_what_they_serve) {
  EXPECT_TRUE(raw_predict().serves(Task::count));
  EXPECT_FALSE(invoke_model().serves(Task::count));
  for (const Door* door : anthropic_messages().doors()) {
    EXPECT_TRUE(door->serves(Task::chat));
    EXPECT_FALSE(door->serves(Task::embedding));
  }
}

// ---- Envelopes

TEST(Envelopes, take_members_out_and_leave_all_other_bytes) {
  struct Case {
    const char* body;
    const char* predicted;
    const char* invoked;
  };
  const std::string v = R"("anthropic_version":"vertex-2023-10-16")";
  const std::string b = R"("anthropic_version":"bedrock-2023-05-31")";
  const std::vector<Case> cases{
      {R"({"model":"m","messages":[]})", R"({V,"messages":[]})", R"({V,"messages":[]})"},
      {R"({"messages":[],"model":"m"})", R"({V,"messages":[]})", R"({V,"messages":[]})"},
      {R"({"a":1,"model":"m","z":1.50})", R"({V,"a":1,"z":1.50})", R"({V,"a":1,"z":1.50})"},
      {R"({"model":"m"})", R"({V})", R"({V})"},
      {R"({})", R"({V})", R"({V})"},
      {R"({"model":"m","stream":true})", R"({V,"stream":true})", R"({V})"},
      {R"({"stream":true,"model":"m"})", R"({V,"stream":true})", R"({V})"},
      {R"({"stream":false,"x":{"model":"in"},"model":"m"})", R"({V,"stream":false,"x":{"model":"in"}})",
       R"({V,"x":{"model":"in"}})"},
      {R"({"anthropic_version":"2023-06-01","stream":true,"model":"m","k":[]})", R"({V,"stream":true,"k":[]})",
       R"({V,"k":[]})"},
      {R"({"k":"\"model\":","model":"m","anthropic_version":null,"stream":null})",
       R"({V,"k":"\"model\":","stream":null})", R"({V,"k":"\"model\":"})"},
      {" {\n  \"model\" :\t\"m\" ,\n  \"k\" : 1 ,\r\n \"stream\": true\n}\n",
       " {V\n   ,\n  \"k\" : 1 ,\r\n \"stream\": true\n}\n", " {V\n   ,\n  \"k\" : 1 \n}\n"},
      {R"({"mod\u0065l":"m","\u0073tream":true,"k":"é"})", R"({V,"\u0073tream":true,"k":"é"})", R"({V,"k":"é"})"},
  };
  const auto filled = [](std::string text, const std::string& version) {
    return text.replace(text.find('V'), 1, version);
  };
  for (const Case& one : cases) {
    EXPECT_EQ(enveloped(raw_predict(), one.body), filled(one.predicted, v)) << one.body;
    EXPECT_EQ(enveloped(invoke_model(), one.body), filled(one.invoked, b)) << one.body;
  }
}

TEST(Envelopes, keep_the_model_where_it_is_to_be_counted_for) {
  const std::string body = R"({"k":1,"model" : "m","messages":[]})";
  EXPECT_EQ(enveloped(raw_predict(), {Task::count, body, R"("far")"}),
            R"({"anthropic_version":"vertex-2023-10-16","k":1,"model" : "far","messages":[]})");
  EXPECT_EQ(enveloped(raw_predict(), {Task::count, body}),
            R"({"anthropic_version":"vertex-2023-10-16","k":1,"model" : "m","messages":[]})");
}

TEST(Envelopes, repeat_the_field_of_betas_where_fields_do_not_pass) {
  const std::vector<http::Field> fields{{"Anthropic-Beta", "tools-1 , ,\"odd\""},
                                        {"accept", "x"},
                                        {"anthropic-beta", "more-2"},
                                        {"anthropic-version", "2023-06-01"}};
  const std::string body = R"({"model":"m","k":1})";
  EXPECT_EQ(enveloped(invoke_model(), {Task::chat, body, {}, fields}),
            R"({"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["tools-1","\"odd\"","more-2"],"k":1})");
  EXPECT_EQ(enveloped(raw_predict(), {Task::chat, body, {}, fields}),
            R"({"anthropic_version":"vertex-2023-10-16","k":1})");
  EXPECT_TRUE(raw_predict().takes_along("Anthropic-Beta"));
  EXPECT_FALSE(invoke_model().takes_along("Anthropic-Beta"));
}

TEST(Envelopes, leave_a_list_of_betas_that_the_caller_wrote) {
  const std::vector<http::Field> fields{{"anthropic-beta", "more-2"}};
  EXPECT_EQ(enveloped(invoke_model(), {Task::chat, R"({"model":"m","anthropic_beta":["mine"]})", {}, fields}),
            R"({"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["mine"]})");
}

TEST(Envelopes, have_no_member_that_could_be_read_twice) {
  std::string scratch;
  for (const char* twice : {R"("anthropic_version":"a","anthropic_version":"b")", R"("Anthropic_Version":"a")",
                            R"("anthropic_beta":[],"anthropic_beta":["x"])"}) {
    const std::string body = R"({"model":"m",)" + std::string(twice) + "}" + std::string(64, ' ');
    EXPECT_FALSE(anthropic_messages().outline({Task::chat}, body, scratch)) << twice;
  }
}

// ---- Wrapping

std::string frame(std::string_view payload, std::string_view name = "chunk", std::string_view type = "event") {
  std::string out;
  http::append_frame(out,
                     {{type == "event" ? ":event-type" : ":exception-type", name},
                      {":content-type", "application/json"},
                      {":message-type", type}},
                     payload);
  return out;
}
std::string wrapped(std::string_view event) { return frame(R"({"bytes":")" + to_base64(event) + R"(","p":"abc"})"); }

const std::vector<std::string> events{
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"far","content":[],)"
    R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Gr\u00fc\u00dfe"}})",
    R"({"type":"content_block_stop","index":0})",
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}})",
    R"({"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":11}})"};

std::string whole_stream() {
  std::string stream;
  for (const std::string& event : events) stream += wrapped(event);
  return stream;
}

TEST(Wrapping, comes_off_and_leaves_the_events_own_bytes) {
  std::string expected;
  for (const std::string& event : events) {
    expected += "event: " + json::parse(event)["type"].get<std::string>() + "\ndata: " + event + "\n\n";
  }
  const std::string stream = whole_stream();
  std::string out;
  const auto done = invoke_model().unwrap(stream, out);
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, stream.size());
  EXPECT_EQ(out, expected);
}

TEST(Wrapping, comes_off_wherever_the_stream_is_cut) {
  const std::string stream = whole_stream();
  std::string expected;
  ASSERT_TRUE(invoke_model().unwrap(stream, expected));
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    std::string out;
    const auto first = invoke_model().unwrap(std::string_view(stream).substr(0, cut), out);
    ASSERT_TRUE(first) << cut;
    ASSERT_LE(*first, cut);
    ASSERT_TRUE(invoke_model().unwrap(std::string_view(stream).substr(*first), out)) << cut;
    ASSERT_EQ(out, expected) << cut;
  }
}

TEST(Wrapping, leaves_out_what_is_no_event) {
  std::string out;
  const std::string stream = frame("{}", "news") + frame("not json", "news") + frame(R"({"p":"abc"})") + wrapped("{}");
  EXPECT_TRUE(invoke_model().unwrap(stream, out));
  EXPECT_EQ(out, "data: {}\n\n");
}

TEST(Wrapping, cannot_smuggle_an_event_into_another) {
  std::string out;
  ASSERT_TRUE(invoke_model().unwrap(wrapped("{\"type\":\"a\\nevent: error\",\n\r\n\"k\":1}"), out));
  EXPECT_TRUE(out.starts_with("data: {")) << out;
  EXPECT_EQ(out.find('\n'), out.size() - 2) << out;
}

TEST(Wrapping, ends_with_the_failure_that_a_frame_tells) {
  const std::string before = wrapped(events[0]);
  const auto failing = [&](std::string_view name, std::string_view payload) {
    std::string out;
    const auto done = invoke_model().unwrap(before + frame(payload, name, "exception") + wrapped(events[1]), out);
    EXPECT_FALSE(done) << name;
    EXPECT_TRUE(out.starts_with("event: message_start")) << "what came before is there";
    EXPECT_EQ(out.find("content_block"), std::string::npos) << "and nothing from behind it";
    return done ? Error(Fault::internal, Blame::gateway, "", "") : done.error();
  };
  EXPECT_EQ(failing("throttlingException", R"({"message":"Too many tokens"})").fault(), Fault::rate_limited);
  EXPECT_EQ(failing("serviceUnavailableException", "{}").fault(), Fault::unavailable);
  EXPECT_EQ(failing("modelTimeoutException", "{}").fault(), Fault::upstream_timeout);
  EXPECT_EQ(failing("validationException", R"({"message":"Input is too long for it"})").code(),
            "context_length_exceeded");
  EXPECT_EQ(failing("modelStreamErrorException", "{}").fault(), Fault::upstream_failed);
}

TEST(Wrapping, that_is_damaged_is_an_error) {
  std::string damaged = wrapped(events[0]);
  damaged[damaged.size() / 2] ^= 1;
  for (const std::string& stream : {damaged, std::string("event: message_start\ndata: {}\n\n"), frame("[]"),
                                    frame(R"({"bytes":7})"), frame(R"({"bytes":"***="})"), wrapped("no json")}) {
    std::string out;
    const auto done = invoke_model().unwrap(stream, out);
    if (stream == frame("[]")) continue;  // brings nothing
    EXPECT_FALSE(done) << stream;
    EXPECT_EQ(out, "");
  }
}

// ---- Failures

TEST(DoorFailures, in_the_dialects_words_are_known_as_such) {
  for (const Door* door : anthropic_messages().doors()) {
    const std::string own =
        R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}})";
    EXPECT_TRUE(door->is_own_failure(own));
    EXPECT_EQ(door->decode_error(400, own).code(), "context_length_exceeded");
    for (const char* other : {"", "{}", R"({"message":"no"})", R"([{"error":{"code":404,"message":"no"}}])",
                              R"({"type":"error"})", "<html>"}) {
      EXPECT_FALSE(door->is_own_failure(other)) << other;
    }
  }
}

TEST(DoorFailures, of_who_stands_in_the_door_are_understood) {
  EXPECT_EQ(invoke_model().decode_error(400, R"({"message":"The provided model identifier is invalid."})").fault(),
            Fault::not_found);
  EXPECT_EQ(invoke_model().decode_error(403, R"({"message":"no"})").code(), "upstream_auth");
  EXPECT_EQ(invoke_model().decode_error(429, R"({"message":"Too many requests"})").fault(), Fault::rate_limited);
  EXPECT_TRUE(invoke_model().decode_error(424, R"({"message":"model failed"})").retryable());
  const std::string quota =
      R"([{"error":{"code":429,"message":"Quota exceeded for x","status":"RESOURCE_EXHAUSTED"}}])";
  EXPECT_EQ(raw_predict().decode_error(429, quota).code(), "rate_limit_exceeded");
  const Error missing = raw_predict().decode_error(404, R"([{"error":{"code":404,"message":"not found: far"}}])");
  EXPECT_EQ(missing.fault(), Fault::not_found);
  EXPECT_NE(missing.message().find("not found: far"), std::string::npos) << missing.message();
}

// ---- Recorded

TEST(DoorRecordings, are_streams_and_answers_of_the_dialect) {
  const auto is_wanted = [](const Exchange& exchange) {
    return exchange.is_good() && (exchange.name.find("invoke_anthropic") != std::string::npos ||
                                  exchange.name.find("unicode_stream") != std::string::npos);
  };
  for (const Exchange& exchange : recorded("bedrock_invoke", is_wanted)) {
    SCOPED_TRACE(exchange.name);
    Result<Response> response = [&]() -> Result<Response> {
      if (!exchange.is_stream()) return anthropic_messages().codec()->decode_response(exchange.response);
      std::string stream;
      const auto done = invoke_model().unwrap(exchange.response, stream);
      if (!done) return done.error();
      EXPECT_EQ(*done, exchange.response.size());
      return fold(events_of(*anthropic_messages().codec(), stream));
    }();
    ASSERT_TRUE(response) << response.error().message();
    ASSERT_EQ(response->choices.size(), 1u);
    EXPECT_FALSE(response->choices[0].parts.empty());
    EXPECT_TRUE(response->usage);
    EXPECT_EQ(response->choices[0].ending.finish == Finish::tool_calls,
              exchange.name.find("tools") != std::string::npos);
    // What was sent there is what the envelope makes of a request.
    const json sent = json::parse(exchange.request);
    json written = sent;
    written.erase("anthropic_version");
    written["model"] = "m";
    written["stream"] = exchange.is_stream();
    EXPECT_EQ(json::parse(enveloped(invoke_model(), {Task::chat, written.dump()})), sent);
  }
}

}  // namespace
}  // namespace sluice::chat
