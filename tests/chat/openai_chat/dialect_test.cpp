#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "chat/events.hpp"

namespace sluice::chat {
namespace {

using Kind = EventSense::Kind;

Result<Outline> outline_of(std::string_view body, std::string& scratch, Task task = Task::chat) {
  return openai_chat().outline({task}, body, scratch);
}

std::string_view cut(std::string_view body, Range range) { return body.substr(range.begin, range.end - range.begin); }

std::string joined(const http::Slices& slices) {
  std::string whole;
  for (const std::string_view piece : slices.pieces()) whole += piece;
  return whole;
}

TEST(OpenAiChatOutline, tells_model_and_stream) {
  const std::string body = fixture("request.json");
  std::string scratch;
  const auto outline = outline_of(body, scratch);
  ASSERT_TRUE(outline) << outline.error().message();
  EXPECT_EQ(outline->model, "gpt-sample");
  EXPECT_TRUE(outline->stream);
  EXPECT_EQ(cut(body, outline->model_value), R"("gpt-sample")");
  EXPECT_EQ(outline->stream_options, StreamOptions::other);
  EXPECT_EQ(body.substr(outline->object_end), "}\n");
  EXPECT_TRUE(scratch.empty());
}

TEST(OpenAiChatOutline, unescapes_the_model_into_the_scratch) {
  std::string scratch;
  const std::string_view body = R"({"mod\u0065l":"a\/b\u00e9"})";
  const auto outline = outline_of(body, scratch);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->model, "a/b\xC3\xA9");
  EXPECT_EQ(outline->model.data(), scratch.data());
  EXPECT_EQ(cut(body, outline->model_value), R"("a\/b\u00e9")");
}

TEST(OpenAiChatOutline, takes_stream_as_boolean_or_null) {
  const std::vector<std::pair<std::string_view, bool>> cases{{R"({"model":"m"})", false},
                                                             {R"({"model":"m","stream":null})", false},
                                                             {R"({"model":"m","stream":false})", false},
                                                             {R"({"stream":true,"model":"m"})", true}};
  std::string scratch;
  for (const auto& [body, stream] : cases) {
    const auto outline = outline_of(body, scratch);
    ASSERT_TRUE(outline) << body;
    EXPECT_EQ(outline->stream, stream) << body;
  }
}

TEST(OpenAiChatOutline, ignores_stream_in_embeddings) {
  std::string scratch;
  const auto outline = outline_of(fixture("request_embedding.json"), scratch, Task::embedding);
  ASSERT_TRUE(outline) << outline.error().message();
  EXPECT_FALSE(outline->stream);
  const auto streaming = outline_of(R"({"model":"m","stream":true,"stream_options":7})", scratch, Task::embedding);
  ASSERT_TRUE(streaming);
  EXPECT_FALSE(streaming->stream);
  EXPECT_EQ(streaming->stream_options, StreamOptions::absent);
}

struct Refusal {
  std::string body;
  std::string_view code;
  std::string_view param;
};

TEST(OpenAiChatOutline, refuses_what_it_cannot_understand) {
  const std::string long_model(257, 'm');
  const std::vector<Refusal> refusals{
      {"", "invalid_json", ""},
      {"{", "invalid_json", ""},
      {R"({"model":"m"} x)", "invalid_json", ""},
      {R"({"model":"m","a":1e999})", "invalid_json", ""},
      {"\xEF\xBB\xBF{\"model\":\"m\"}", "invalid_json", ""},
      {"{\"model\":\"\xFF\"}", "invalid_json", ""},
      {"[]", "invalid_json", ""},
      {R"("model")", "invalid_json", ""},
      {"null", "invalid_json", ""},
      {"{}", "", "model"},
      {R"({"a":{"model":"m"}})", "", "model"},
      {R"({"model":null})", "", "model"},
      {R"({"model":7})", "", "model"},
      {R"({"model":["m"]})", "", "model"},
      {R"({"model":""})", "", "model"},
      {R"({"model":"a\u0000b"})", "", "model"},
      {R"({"model":"a\nb"})", "", "model"},
      {"{\"model\":\"a\x7F\"}", "", "model"},
      {R"({"model":")" + long_model + "\"}", "", "model"},
      {R"({"model":"m","stream":"true"})", "", "stream"},
      {R"({"model":"m","stream":1})", "", "stream"},
      {R"({"model":"m","stream":{}})", "", "stream"},
      {R"({"model":"m","stream_options":{"include_usage":"yes"}})", "", "stream_options.include_usage"},
      {R"({"model":"m","stream_options":{"include_usage":true,"include\u005fusage":true}})", "",
       "stream_options.include_usage"},
  };
  for (const Refusal& refusal : refusals) {
    std::string scratch;
    const auto outline = outline_of(refusal.body, scratch);
    ASSERT_FALSE(outline) << refusal.body;
    const Error& error = outline.error();
    EXPECT_EQ(error.fault(), Fault::bad_request) << refusal.body;
    EXPECT_EQ(error.blame(), Blame::client) << refusal.body;
    EXPECT_EQ(error.code(), refusal.code) << refusal.body;
    EXPECT_EQ(error.param(), refusal.param) << refusal.body;
    EXPECT_FALSE(error.retryable()) << refusal.body;
    EXPECT_FALSE(error.message().empty()) << refusal.body;
  }
}

TEST(OpenAiChatOutline, accepts_a_model_of_256_bytes_however_it_is_spelled) {
  std::string scratch;
  EXPECT_TRUE(outline_of(R"({"model":")" + std::string(256, 'm') + "\"}", scratch));
  std::string escaped;
  for (int i = 0; i < 256; ++i) escaped += "\\u006d";
  EXPECT_TRUE(outline_of(R"({"model":")" + escaped + "\"}", scratch));
  EXPECT_FALSE(outline_of(R"({"model":")" + escaped + "m\"}", scratch));
}

TEST(OpenAiChatOutline, refuses_deciding_members_that_are_there_twice) {
  for (const std::string name :
       {"model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "messages", "prompt", "input",
        "tools", "tool_choice", "response_format", "user", "metadata", "store"}) {
    const std::string escaped =
        "\\u00" + std::string(1, "0123456789abcdef"[name[0] / 16]) + "0123456789abcdef"[name[0] % 16] + name.substr(1);
    for (const std::string& second : {name, escaped}) {
      const std::string value = name == "model" ? "\"m\"" : "null";
      std::string body = "{\"" + name + "\":" + value + ",\"" + second + "\":" + value;
      body += name == "model" ? "}" : ",\"model\":\"m\"}";
      std::string scratch;
      const auto outline = outline_of(body, scratch);
      ASSERT_FALSE(outline) << body;
      EXPECT_EQ(outline.error().fault(), Fault::bad_request);
      EXPECT_EQ(outline.error().param(), name) << body;
    }
  }
}

TEST(OpenAiChatOutline, refuses_a_deciding_member_in_another_case) {
  for (const char* const body :
       {R"({"model":"a","Model":"b"})", R"({"model":"a","MODEL":"b"})", R"({"Model":"b"})",
        R"({"model":"a","\u004dodel":"b"})", "{\"model\":\"a\",\"\xC5\xBFtream\":true}",
        R"({"model":"a","Stream":true})", R"({"model":"a","stream_options":{"Include_usage":true}})"}) {
    SCOPED_TRACE(body);
    std::string padded = std::string(body) + std::string(64, ' ');
    std::string scratch;
    const auto outline =
        openai_chat().outline({Task::chat}, std::string_view(padded).substr(0, std::string_view(body).size()), scratch);
    ASSERT_FALSE(outline);
    EXPECT_EQ(outline.error().fault(), Fault::bad_request);
  }
}

TEST(OpenAiChatOutline, lets_other_members_be_there_twice) {
  std::string scratch;
  EXPECT_TRUE(outline_of(R"({"seed":1,"seed":2,"model":"m","messages":[{"model":1,"model":2}]})", scratch));
}

struct Spliced {
  std::string_view body;
  StreamOptions how;
  std::string_view sent;
};

TEST(OpenAiChatRetarget, puts_include_usage_where_it_belongs) {
  const std::vector<Spliced> cases{
      {R"({"model":"m","stream":true})", StreamOptions::absent,
       R"({"model":"NEW","stream":true,"stream_options":{"include_usage":true}})"},
      {" {\"stream\":true, \"model\" : \"m\" } \n", StreamOptions::absent,
       " {\"stream\":true, \"model\" : \"NEW\" ,\"stream_options\":{\"include_usage\":true}} \n"},
      {R"({"model":"m","stream_options":null})", StreamOptions::null,
       R"({"model":"NEW","stream_options":{"include_usage":true}})"},
      {R"({"stream_options":null,"model":"m"})", StreamOptions::null,
       R"({"stream_options":{"include_usage":true},"model":"NEW"})"},
      {R"({"stream_options":{},"model":"m"})", StreamOptions::empty,
       R"({"stream_options":{"include_usage":true},"model":"NEW"})"},
      {R"({"model":"m","stream_options":{ }})", StreamOptions::empty,
       R"({"model":"NEW","stream_options":{"include_usage":true }})"},
      {R"({"model":"m","stream_options":{ "a":1}})", StreamOptions::other,
       R"({"model":"NEW","stream_options":{"include_usage":true, "a":1}})"},
      {R"({"stream_options":{"a":{"include_usage":true}},"model":"m"})", StreamOptions::other,
       R"({"stream_options":{"include_usage":true,"a":{"include_usage":true}},"model":"NEW"})"},
      {R"({"model":"m","stream_options":{"a":1,"include_usage" : false }})", StreamOptions::declined,
       R"({"model":"NEW","stream_options":{"a":1,"include_usage" : true }})"},
      {R"({"stream_options":{"include_usage":null},"model":"m"})", StreamOptions::declined,
       R"({"stream_options":{"include_usage":true},"model":"NEW"})"},
      {R"({"model":"m","stream_options":{"include_usage":true}})", StreamOptions::asked,
       R"({"model":"NEW","stream_options":{"include_usage":true}})"},
      {R"({"stream_options":"x","model":"m"})", StreamOptions::unusable, R"({"stream_options":"x","model":"NEW"})"},
      {R"({"stream_options":[],"model":"m"})", StreamOptions::unusable, R"({"stream_options":[],"model":"NEW"})"},
  };
  for (const Spliced& c : cases) {
    std::string scratch;
    const auto outline = outline_of(c.body, scratch);
    ASSERT_TRUE(outline) << c.body;
    EXPECT_EQ(outline->stream_options, c.how) << c.body;
    EXPECT_EQ(joined(openai_chat().retarget(c.body, *outline, R"("NEW")", true)), c.sent);
  }
}

TEST(OpenAiChatRetarget, changes_nothing_but_the_model_when_usage_is_not_asked_for) {
  const std::string_view body = R"( {"a":1,"model":"m","stream_options":{"include_usage":false}})";
  std::string scratch;
  const auto outline = outline_of(body, scratch);
  ASSERT_TRUE(outline);
  EXPECT_EQ(joined(openai_chat().retarget(body, *outline, R"("x\/y")", false)),
            R"( {"a":1,"model":"x\/y","stream_options":{"include_usage":false}})");
}

TEST(OpenAiChatRetarget, borrows_the_callers_bytes) {
  const std::string body = fixture("request.json");
  std::string scratch;
  const auto outline = outline_of(body, scratch);
  ASSERT_TRUE(outline);
  const auto slices = openai_chat().retarget(body, *outline, R"("x")", true);
  EXPECT_EQ(slices.pieces().front().data(), body.data());
  EXPECT_EQ(slices.pieces().back().data() + slices.pieces().back().size(), body.data() + body.size());
}

// Requests as different as chance makes them; the same every time.
class RandomRequest {
 public:
  explicit RandomRequest(unsigned seed) : random_(seed) {}

  std::string body() {
    std::vector<std::string> members{name("model") + gap() + ":" + gap() + pick({R"("m")", R"("a\u00e9")", R"("\"}")"}),
                                     name("messages") + ":" + pick({"[]", R"([{"content":"},\"model\":\"x\""}])"})};
    if (chance()) members.push_back(name("stream") + ":" + pick({"true", "false", "null"}));
    if (chance()) members.push_back(name("stream_options") + gap() + ":" + gap() + options());
    if (chance())
      members.push_back(R"("other")" + gap() + ":" + pick({"{}", "[1,{\"model\":2}]", "\"\\\\\"", "-1.5e3"}));
    std::shuffle(members.begin(), members.end(), random_);
    std::string body = gap() + "{";
    for (std::size_t i = 0; i < members.size(); ++i) body += (i == 0 ? "" : ",") + gap() + members[i] + gap();
    return body + "}" + gap();
  }

 private:
  bool chance() { return random_() % 2 == 0; }
  std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::string gap() { return pick({"", "", " ", "\n\t", "\r\n  "}); }
  std::string name(std::string text) {
    return pick({"\"" + text + "\"", "\"\\u00" + std::string(text[0] >= 'p' ? "7" : "6") +
                                         "0123456789abcdef"[text[0] % 16] + text.substr(1) + "\""});
  }
  std::string options() {
    const std::string usage = name("include_usage") + gap() + ":" + gap() + pick({"true", "false", "null"});
    return pick({"null", "{" + gap() + "}", "{" + gap() + usage + gap() + "}", "{\"a\":[{}]," + usage + "}",
                 "{" + usage + ",\"a\":{\"include_usage\":false}}", "{\"a\":\"include_usage\"}", "\"text\"", "[]"});
  }

  std::mt19937 random_;
};

TEST(OpenAiChatRetarget, leaves_every_other_byte_the_callers) {
  RandomRequest requests(7);
  for (int round = 0; round < 3000; ++round) {
    const std::string body = requests.body();
    std::string scratch;
    const auto outline = outline_of(body, scratch);
    ASSERT_TRUE(outline) << body << " " << outline.error().message();
    auto before = nlohmann::json::parse(body);
    EXPECT_EQ(outline->model, before["model"].get<std::string>());
    const std::string sent = joined(openai_chat().retarget(body, *outline, R"("target\/x")", true));
    auto after = nlohmann::json::parse(sent);
    EXPECT_EQ(after["model"], "target/x");
    auto& options = after["stream_options"];
    if (outline->stream_options == StreamOptions::unusable) {
      EXPECT_EQ(options, before["stream_options"]);
    } else {
      EXPECT_EQ(options["include_usage"], true) << sent;
      options.erase("include_usage");
      auto untouched = before.contains("stream_options") ? before["stream_options"] : nlohmann::json();
      if (untouched.is_null()) untouched = nlohmann::json::object();
      untouched.erase("include_usage");
      EXPECT_EQ(options, untouched) << sent;
    }
    before.erase("stream_options");
    before.erase("model");
    after.erase("stream_options");
    after.erase("model");
    EXPECT_EQ(before, after);

    // Every piece that is the caller's is a view into the body, in order and without overlap.
    std::size_t at = 0;
    std::size_t missing = body.size();
    const auto slices = openai_chat().retarget(body, *outline, R"("target\/x")", true);
    for (const std::string_view piece : slices.pieces()) {
      if (piece.data() < body.data() || piece.data() >= body.data() + body.size()) continue;
      EXPECT_GE(piece.data(), body.data() + at);
      at = static_cast<std::size_t>(piece.data() - body.data()) + piece.size();
      missing -= piece.size();
    }
    std::size_t replaced = outline->model_value.end - outline->model_value.begin;
    if (outline->stream_options == StreamOptions::null || outline->stream_options == StreamOptions::declined) {
      replaced += outline->stream_options_value.end - outline->stream_options_value.begin;
    }
    EXPECT_EQ(missing, replaced) << body;
  }
}

struct Sense {
  std::string_view data;
  Kind kind;
  bool has_usage;
};

TEST(OpenAiChatSense, tells_what_an_event_is) {
  const std::vector<Sense> cases{
      {"[DONE]", Kind::end, false},
      {" [DONE]\t", Kind::end, false},
      {"[DONE]x", Kind::content, false},
      {"[done]", Kind::content, false},
      {"", Kind::content, false},
      {"{}", Kind::content, false},
      {"not json \"usage\":{ \"error\":{", Kind::content, false},
      {R"({"choices":[{"delta":{"content":"[DONE]"}}]})", Kind::content, false},
      {R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})", Kind::usage_only, true},
      {R"({"usage":{"prompt_tokens":1,"completion_tokens":2},"choices":[ ]})", Kind::usage_only, true},
      {R"({"choices":[],"usage":{"prompt_tokens":-1}})", Kind::usage_only, false},
      {R"({"choices":[],"usage":{}})", Kind::usage_only, false},
      {R"({"choices":[],"usage":null})", Kind::content, false},
      {R"({"choices":[]})", Kind::content, false},
      {R"({"choices":[{}],"usage":{"prompt_tokens":1,"completion_tokens":2}})", Kind::content, true},
      {R"({"usage":{"prompt_tokens":1,"completion_tokens":2}})", Kind::content, true},
      {R"({"choices":null,"usage":{"prompt_tokens":1,"completion_tokens":2}})", Kind::content, true},
      {R"({"choices":[],"x_own":{"usage":{"prompt_tokens":1,"completion_tokens":2}}})", Kind::content, true},
      {R"({"choices":[],"x_own":{"usage":{"prompt_tokens":9}},"usage":{"prompt_tokens":1,"completion_tokens":2}})",
       Kind::usage_only, true},
      {R"({"choices":[],"own":{"usage":{"prompt_tokens":1,"completion_tokens":2}}})", Kind::content, false},
      {R"({"choices":[{"delta":{"usage":{"prompt_tokens":1}}}]})", Kind::content, false},
      {R"({"error":{"message":"m"}})", Kind::error, false},
      {R"({"error" : {}})", Kind::error, false},
      {R"({"error":"text"})", Kind::error, false},
      {R"({"error":""})", Kind::content, false},
      {R"({"error":null,"choices":[]})", Kind::content, false},
      {R"({"choices":[],"error":{"code":500},"usage":{"prompt_tokens":1,"completion_tokens":2}})", Kind::error, true},
      {R"({"choices":[{"error":{"message":"m"}}]})", Kind::content, false},
      {R"({"choices":[{"finish_reason":"error"}]})", Kind::content, false},
      {R"({"object":"error","message":"m"})", Kind::error, false},
      {R"({"object" : "error"})", Kind::error, false},
      {R"({"a":{"object":"error"}})", Kind::content, false},
      {R"({"object":"chat.completion.chunk","b":"error"})", Kind::content, false},
      {R"({"choices":[{"delta":{"content":"\"error\":{}, \"usage\":{}"}}]})", Kind::content, false},
      {R"({"error":{"message":"m"})", Kind::content, false},
  };
  for (const Sense& c : cases) {
    const EventSense sense = openai_chat().sense(event_of(c.data));
    EXPECT_EQ(sense.kind, c.kind) << c.data;
    EXPECT_EQ(sense.usage.has_value(), c.has_usage) << c.data;
    if (sense.usage) {
      EXPECT_EQ(counts_of(sense.usage), (std::vector<std::uint64_t>{1, 0, 0, 2, 0})) << c.data;
    }
  }
}

TEST(OpenAiChatSense, finds_the_usage_in_the_only_choice_and_an_end_without_a_mark) {
  const EventSense counted = openai_chat().sense(event_of(
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":10,"completion_tokens":5}}]})"));
  ASSERT_TRUE(counted.usage);
  EXPECT_EQ(counted.usage->all_output(), 5u);
  const EventSense ended = openai_chat().sense(event_of(
      R"({"object":"chat.completion.done","choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})"));
  EXPECT_EQ(ended.kind, EventSense::Kind::last);
}

// Not what stands beside them.
TEST(OpenAiChatSense, measures_the_answers_own_words) {
  const auto said = [](std::string_view data) { return openai_chat().sense(event_of(data)).said.value_or(999); };
  EXPECT_EQ(said(R"({"choices":[{"content_filter_results":{"hate":{"filtered":false}},"delta":{"content":"a\"bc"}}]})"),
            5u);
  EXPECT_EQ(said(R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]})"), 2u);
  EXPECT_EQ(said(R"({"choices":[{"delta":{"role":"assistant","content":null}}]})"), 0u);
  EXPECT_EQ(said("{}"), 2u) << "what is no chunk is taken whole";
}

TEST(OpenAiChatSense, believes_an_event_named_error) {
  for (const std::string_view data :
       {"", "broken", R"({"message":"m"})", R"({"error":{"a":1}})", R"({"usage":{"prompt_tokens":1}})"}) {
    EXPECT_EQ(openai_chat().sense(event_of(data, "error")).kind, Kind::error) << data;
  }
  EXPECT_EQ(openai_chat().sense(event_of("{}", "errors")).kind, Kind::content);
}

TEST(OpenAiChatSense, takes_an_event_without_data_for_content) {
  EXPECT_EQ(openai_chat().sense({.raw = ": x\n\n", .name = "error", .data = {}, .has_data = false}).kind,
            Kind::content);
}

TEST(OpenAiChatUsage, is_read_from_complete_answers) {
  const std::vector<std::pair<std::string, std::vector<std::uint64_t>>> cases{
      {fixture("answer.json"), {3, 16, 0, 6, 2}},
      {fixture("answer_without_usage.json"), {}},
      {fixture("answer_tools.json"), {70, 0, 0, 22, 0}},
      {fixture("answer_null_details.json"), {11, 0, 0, 5, 0}},
      {fixture("embeddings.json"), {4, 0, 0, 0, 0}},
      {R"({"x_own":{"usage":{"prompt_tokens":1,"completion_tokens":2}}})", {1, 0, 0, 2, 0}},
      {R"({"usage":{"prompt_tokens":1,"completion_tokens":2})", {}},
      {"", {}},
      {"\n\n {\"usage\" : {\"prompt_tokens\" : 1}}\n", {1, 0, 0, 0, 0}},
  };
  for (const auto& [body, counts] : cases) EXPECT_EQ(counts_of(openai_chat().usage_of(body)), counts) << body;
}

TEST(OpenAiChatBody, is_complete_only_as_a_whole) {
  const std::string body = fixture("answer.json");
  EXPECT_TRUE(is_json(body));
  EXPECT_TRUE(is_json("\n\n" + body));
  for (std::size_t size = 0; size < body.size() - 1; ++size) {
    EXPECT_FALSE(is_json(std::string_view(body).substr(0, size))) << size;
  }
  EXPECT_FALSE(is_json(body + body));
}

TEST(OpenAiChatErrors, go_into_a_stream_as_one_event) {
  std::string out = ": before\n";
  openai_chat().encode_error_event(Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "a\nb"), out);
  EXPECT_EQ(
      out,
      ": before\ndata: "
      "{\"error\":{\"message\":\"a\\nb\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_error\"}}\n\n");
  const auto senses = senses_of(out);
  ASSERT_EQ(senses.size(), 1U);
  EXPECT_EQ(senses[0].kind, Kind::error);
}

TEST(OpenAiChatErrors, are_decoded_and_encoded_through_the_dialect) {
  const Error error = openai_chat().decode_error(429, "");
  EXPECT_EQ(error.fault(), Fault::rate_limited);
  std::string out = "x";
  openai_chat().encode_error(error, out);
  EXPECT_EQ(out.substr(0, 11), R"(x{"error":{)");
}

}  // namespace
}  // namespace sluice::chat
