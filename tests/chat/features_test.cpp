#include "chat/features.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

// What each dialect's words mean to those who choose a target.
namespace sluice::chat {
namespace {

struct Case {
  std::string_view body;
  std::string_view expected;
  Task task = Task::chat;
};

void expect(const Dialect& dialect, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(told(features_of(dialect, c.body, c.task)), c.expected) << dialect.name() << ' ' << c.body;
  }
}

TEST(Features, of_openai_chat) {
  expect(
      openai_chat(),
      {{R"({"model":"m","messages":[{"role":"user","content":"hello"}]})", "text 5"},
       {R"({"messages":[{"role":"system","content":"be"},{"role":"user","content":[{"type":"text","text":"a\nb\u00e9"}]}]})",
        "text 7"},
       {R"({"messages":[],"tools":[{"type":"function","function":{"name":"f"}}]})", "text 45, tools"},
       {R"({"messages":[],"tools":[]})", "text 2"},
       {R"({"messages":[],"functions":[{"name":"f"}]})", "text 14, tools"},
       {R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
           {"type":"image_url","image_url":{"url":"https://x.example/"}}]}]})",
        "text 0, images 2"},
       {R"({"messages":[{"role":"user","content":[{"type":"image\u005furl","image_url":{"url":"u"}}]}]})",
        "text 0, images 1"},
       {R"({"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"AAAA"}},
           {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]})",
        "text 0, documents 1, audio 1"},
       {R"({"messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}})",
        "text 2, schema"},
       {R"({"messages":[],"response_format":{"type":"json_object"}})", "text 0"},
       {R"({"messages":[{"role":"assistant","content":"hi","reasoning_content":"hm"}]})", "text 4"},
       {R"({"messages":[{"role":"assistant","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s"}]}]})",
        "text 2, bound"},
       {R"({"messages":[{"role":"assistant","reasoning_details":[{"type":"reasoning.encrypted","data":"AA"}]}]})",
        "text 0, bound"},
       {R"({"messages":[{"role":"assistant","reasoning_details":[{"text":"hm","signature":""}]}]})", "text 2"},
       {R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"},
           "extra_content":{"google":{"thought_signature":"s"}}}]},{"role":"tool","tool_call_id":"c","content":"ok"}]})",
        "text 10, bound"},
       {R"({"messages":[],"max_completion_tokens":7,"max_tokens":9})", "text 0, at most 7"},
       {R"({"messages":[],"max_tokens":9,"max_completion_tokens":7})", "text 0, at most 7"},
       {R"({"messages":[],"max_tokens":1e2})", "text 0, at most 100"},
       {R"({"messages":[],"max_tokens":-1})", "text 0"},
       {R"({"messages":[],"metadata":{"team":"a","n":3,"user":"x"},"user":"u\u0031"})", "text 0, team=a, user=u1"},
       {R"({"messages":[],"user":"u","safety_identifier":"s"})", "text 0, user=u"},
       {R"({"messages":[],"safety_identifier":"s"})", "text 0, user=s"},
       {R"({"prompt":"once upon","suffix":"end"})", "text 12", Task::completion},
       {R"({"prompt":["a","bc"]})", "text 3", Task::completion},
       {R"({"input":["ab","c"]})", "text 3", Task::embedding},
       {R"({"input":[[1,22],[3]]})", "text 4", Task::embedding},
       {R"({"query":"q","documents":["ab",{"text":"c"}]})", "text 15", Task::rerank},
       {R"({"input":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]})", "text 1, images 1",
        Task::moderation},
       {R"({"prompt":"a cat"})", "text 5", Task::image},
       {R"({"input":"say","instructions":"low"})", "text 6", Task::speech},
       {"--x\r\n", "text 0, audio 1", Task::transcription}});
}

TEST(Features, of_openai_responses) {
  expect(
      openai_responses(),
      {{R"({"input":"hello","instructions":"be"})", "text 7"},
       {R"({"input":[{"role":"user","content":[{"type":"input_text","text":"abc"}]}]})", "text 3"},
       {R"({"input":"","tools":[{"type":"function","name":"f"}]})", "text 32, tools"},
       {R"({"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AA"}]}]})",
        "text 0, images 1"},
       {R"({"input":[{"type":"function_call_output","output":[{"type":"input_image","image_url":"u"}]}]})",
        "text 0, images 1"},
       {R"({"input":[{"role":"user","content":[{"type":"input_file","file_data":"AA"}]}]})", "text 0, documents 1"},
       {R"({"input":"","text":{"format":{"type":"json_schema","name":"n","schema":{}}}})", "text 2, schema"},
       {R"({"input":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"x"}]})",
        "text 2, bound"},
       {R"({"input":[{"type":"reasoning","summary":[],"encrypted_content":null}]})", "text 0"},
       {R"({"input":[{"type":"item_reference","id":"i"}]})", "text 0, bound"},
       {R"({"input":"a","previous_response_id":"resp_1"})", "text 1, bound, after resp_1"},
       {R"({"input":"a","previous_response_id":null})", "text 1"},
       {R"({"input":"a","max_output_tokens":16})", "text 1, at most 16"},
       {R"({"input":"a","metadata":{"a":"b"},"user":"u"})", "text 1, a=b, user=u"},
       {R"({"input":"abc"})", "text 3", Task::count},
       {R"({"input":["ab","c"]})", "text 3", Task::embedding}});
}

TEST(Features, of_anthropic_messages) {
  expect(
      anthropic_messages(),
      {{R"({"messages":[{"role":"user","content":"hello"}],"max_tokens":5})", "text 5, at most 5"},
       {R"({"system":[{"type":"text","text":"be","cache_control":{"type":"ephemeral"}}],"messages":[]})", "text 2"},
       {R"({"messages":[],"tools":[{"name":"f","input_schema":{}}]})", "text 32, tools"},
       {R"({"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]})",
        "text 0, images 1"},
       {R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"url","url":"u"}},{"type":"text","text":"ok"}]}]}]})",
        "text 2, images 1"},
       {R"({"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA"}}]}]})",
        "text 0, documents 1"},
       {R"({"messages":[{"role":"user","content":[{"type":"document","title":"t","source":{"data":"abc","type":"text"}}]}]})",
        "text 4, documents 1"},
       {R"({"messages":[],"output_config":{"format":{"type":"json_schema","schema":{}}}})", "text 2, schema"},
       {R"({"messages":[],"output_format":{"type":"json_schema","schema":{}}})", "text 2, schema"},
       {R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"}]}]})",
        "text 2, bound"},
       {R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""}]}]})",
        "text 2"},
       {R"({"messages":[{"role":"assistant","content":[{"type":"redacted_thinking","data":"AA"}]}]})", "text 0, bound"},
       {R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]}]})",
        "text 8"},
       {R"({"messages":[],"metadata":{"user_id":"u"}})", "text 0, user=u"},
       {R"({"messages":[{"role":"user","content":"abc"}]})", "text 3", Task::count}});
}

TEST(Features, of_gemini) {
  expect(
      gemini(),
      {{R"({"contents":[{"role":"user","parts":[{"text":"hello"}]}]})", "text 5"},
       {R"({"contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{"text":"be"}]}})", "text 3"},
       {R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"f"}]}]})", "text 41, tools"},
       {R"({"contents":[{"parts":[{"inlineData":{"data":"AA","mimeType":"image/png"}}]}]})", "text 0, images 1"},
       {R"({"contents":[{"parts":[{"inlineData":{"data":"AA","mimeType":"IM\u0061GE/PNG"}}]}]})", "text 0, images 1"},
       {R"({"contents":[{"parts":[{"inline_data":{"mime_type":"audio/wav","data":"AA"}}]}]})", "text 0, audio 1"},
       {R"({"contents":[{"parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"u"}}]}]})",
        "text 0, documents 1"},
       {R"({"contents":[],"generationConfig":{"responseMimeType":"application/json","responseSchema":{}}})",
        "text 2, schema"},
       {R"({"contents":[],"generation_config":{"response_json_schema":{"type":"object"},"max_output_tokens":3}})",
        "text 17, schema, at most 3"},
       {R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"}]}]})",
        "text 3, bound"},
       {R"({"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}]})",
        "text 15"},
       {R"({"contents":[],"generationConfig":{"maxOutputTokens":9}})", "text 0, at most 9"},
       {R"({"contents":[],"labels":{"team":"a"}})", "text 0, team=a"},
       {R"({"contents":[],"cachedContent":"cachedContents/x"})", "text 0, bound"},
       {R"({"content":{"parts":[{"text":"abc"}]}})", "text 3", Task::embedding},
       {R"({"requests":[{"model":"m","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]})",
        "text 2", Task::embedding},
       {R"({"contents":[{"parts":[{"text":"abc"}]}]})", "text 3", Task::count},
       {R"({"generateContentRequest":{"contents":[{"parts":[{"text":"abc"}]}]}})", "text 3", Task::count}});
}

TEST(Features, of_bedrock_converse) {
  expect(
      bedrock_converse(),
      {{R"({"messages":[{"role":"user","content":[{"text":"hello"}]}]})", "text 5"},
       {R"({"system":[{"text":"be"},{"cachePoint":{"type":"default"}}],"messages":[]})", "text 2"},
       {R"({"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"f"}}]}})", "text 27, tools"},
       {R"({"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"AA"}}}]}]})",
        "text 0, images 1"},
       {R"({"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"d","source":{"bytes":"AA"}}}]}]})",
        "text 0, documents 1"},
       {R"({"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"text":"ok"},{"json":{}},{"image":{"format":"png"}}]}}]}]})",
        "text 4, images 1"},
       {R"({"messages":[],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{}"}}}}})",
        "text 2, schema"},
       {R"({"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}}]}]})",
        "text 2, bound"},
       {R"({"messages":[{"role":"assistant","content":[{"reasoningContent":{"redactedContent":"AA"}}]}]})",
        "text 0, bound"},
       {R"({"messages":[],"inferenceConfig":{"maxTokens":4}})", "text 0, at most 4"},
       {R"({"messages":[],"requestMetadata":{"team":"a"}})", "text 0, team=a"},
       {R"({"inputText":"abc"})", "text 3", Task::embedding},
       {R"({"texts":["ab","c"]})", "text 3", Task::embedding},
       {R"({"input":{"converse":{"messages":[{"role":"user","content":[{"text":"abc"}]}]}}})", "text 3", Task::count}});
}

TEST(Features, of_cohere_v2) {
  expect(cohere_v2(),
         {{R"({"messages":[{"role":"user","content":"hello"}]})", "text 5"},
          {R"({"messages":[{"role":"system","content":[{"type":"text","text":"be"}]}]})", "text 2"},
          {R"({"messages":[],"tools":[{"type":"function"}]})", "text 21, tools"},
          {R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]})",
           "text 0, images 1"},
          {R"({"messages":[],"documents":["abc",{"data":{}}]})", "text 14"},
          {R"({"messages":[],"response_format":{"type":"json_object","json_schema":{}}})", "text 2, schema"},
          {R"({"messages":[{"role":"assistant","tool_plan":"hm","content":[{"type":"thinking","thinking":"ah"}]}]})",
           "text 4"},
          {R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"s"}]}]})",
           "text 0, bound"},
          {R"({"messages":[],"max_tokens":4})", "text 0, at most 4"},
          {R"({"texts":["ab","c"]})", "text 3", Task::embedding},
          {R"({"inputs":[{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}}]}]})",
           "text 1, images 1", Task::embedding},
          {R"({"query":"q","documents":["ab"]})", "text 3", Task::rerank}});
}

TEST(Features, of_ollama) {
  expect(ollama(),
         {{R"({"messages":[{"role":"user","content":"hello"}]})", "text 5"},
          {R"({"messages":[{"role":"system","content":"be"},{"role":"user","content":"","images":["AA","BB"]}]})",
           "text 2, images 2"},
          {R"({"messages":[],"tools":[{"type":"function"}]})", "text 21, tools"},
          {R"({"messages":[],"format":{"type":"object"}})", "text 17, schema"},
          {R"({"messages":[],"format":"json"})", "text 0"},
          {R"({"messages":[{"role":"assistant","content":"a","thinking":"hm"}]})", "text 3"},
          {R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}]})",
           "text 8"},
          {R"({"messages":[],"options":{"num_predict":6}})", "text 0, at most 6"},
          {R"({"messages":[],"options":{"num_predict":-1}})", "text 0"},
          {R"({"prompt":"abc","system":"be","images":["AA"]})", "text 5, images 1", Task::completion},
          {R"({"input":["ab","c"]})", "text 3", Task::embedding}});
}

}  // namespace
}  // namespace sluice::chat
