#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>
#include <sluice/chat/operation.hpp>

namespace sluice::chat {
namespace {

// A second turn, as a client of each dialect sends it when the first was answered by a provider of another: with proofs
// of thoughts, of a call and of a text, and ids, all of our making.
struct Abroad {
  std::string_view dialect;
  std::string_view body;
  std::vector<std::string_view> marks;  // none of these may reach a provider
  std::string_view kept;                // and this must
};

const std::vector<Abroad>& second_turns() {
  static const std::vector<Abroad> turns{
      {"anthropic_messages",
       R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[
         {"type":"thinking","thinking":"t","signature":"sluice:google-gemini-v1:abc"},
         {"type":"redacted_thinking","data":"sluice:+call:{\"id\":\"c1\",\"signature\":\"s\"}"},
         {"type":"tool_use","id":"c1","name":"f","input":{}}]},
         {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r"}]}]})",
       {"sluice", "abc"},
       R"("id":"c1")"},
      {"anthropic_messages",
       R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[
         {"type":"thinking","thinking":"t","signature":""},{"type":"text","text":"a"}]},{"role":"user","content":"r"}]})",
       {"signature"},
       R"("a")"},
      {"openai_responses",
       R"({"model":"m","input":[{"type":"message","role":"user","content":"q"},
         {"type":"reasoning","id":"rs_sluice_0_x","summary":[],"encrypted_content":"sluice:anthropic-claude-v1:abc"},
         {"type":"message","id":"msg_sluice_1_x","role":"assistant","content":[{"type":"output_text","text":"a"}]},
         {"type":"message","role":"user","content":"r"}]})",
       {"sluice", "abc"},
       R"("a")"},
      {"gemini",
       R"({"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[
         {"text":"t","thought":true,"thoughtSignature":"c2x1aWNlOmFudGhyb3BpYy1jbGF1ZGUtdjE6YWJj"},{"text":"a"}]},
         {"role":"user","parts":[{"text":"r"}]}]})",
       {"c2x1aWNl", "sluice"},
       R"("a")"},
      {"bedrock_converse",
       R"({"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[
         {"reasoningContent":{"reasoningText":{"text":"t","signature":"sluice:google-gemini-v1:abc"}}},{"text":"a"},
         {"reasoningContent":{"reasoningText":{"text":"","signature":"sluice:previous:xyz"}}}]},
         {"role":"user","content":[{"text":"r"}]}]})",
       {"sluice", "abc", "xyz"},
       R"("a")"},
      {"cohere_v2",
       R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":[
         {"type":"thinking","thinking":"t","signature":"sluice:anthropic-claude-v1:abc"},{"type":"text","text":"a"}]},
         {"role":"user","content":"r"}]})",
       {"signature", "sluice"},
       R"("a")"},
      {"ollama",
       R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","thinking":"t",
         "thinking_proofs":[{"from":0,"bytes":1,"proof":"sluice:anthropic-claude-v1:abc"}]},
         {"role":"user","content":"r"}]})",
       {"thinking_proofs", "sluice"},
       R"("a")"}};
  return turns;
}

TEST(ForeignMarks, keep_a_request_from_going_on_as_it_is) {
  for (const Abroad& turn : second_turns()) {
    const Dialect& dialect = *dialect_named(turn.dialect);
    EXPECT_TRUE(must_rewrite(dialect, Task::chat, turn.body, false, {})) << turn.body;
  }
}

TEST(ForeignMarks, reach_no_provider_of_the_callers_own_dialect) {
  for (const Abroad& turn : second_turns()) {
    SCOPED_TRACE(turn.body);
    const Codec& codec = *dialect_named(turn.dialect)->codec();
    const auto request = codec.decode_request(turn.body, "m", false);
    ASSERT_TRUE(request) << request.error().message();
    const auto written = codec.encode_request(*request, {});
    ASSERT_TRUE(written) << written.error().message();
    for (const std::string_view mark : turn.marks) {
      EXPECT_EQ(written->body.find(mark), std::string::npos) << mark << " in " << written->body;
    }
    EXPECT_NE(written->body.find(turn.kept), std::string::npos) << written->body;
    EXPECT_FALSE(written->dropped.empty()) << "what is left out is named: " << written->body;
  }
}

TEST(ForeignMarks, are_found_in_no_conversation_that_stayed_at_home) {
  const std::vector<std::pair<std::string_view, std::string_view>> bodies{
      {"openai_chat", R"({"messages":[{"role":"user","content":"sluice: _sluice_"}]})"},
      {"anthropic_messages",
       R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"ErUB"}]}]})"},
      {"openai_responses", R"({"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"}]})"},
      {"gemini", R"({"contents":[{"parts":[{"thoughtSignature":"CiQB"}]}]})"},
      {"cohere_v2", R"({"tools":[{"function":{"parameters":{"properties":{"signature":{"type":"string"}}}}}]})"}};
  for (const auto& [name, body] : bodies) {
    EXPECT_FALSE(must_rewrite(*dialect_named(name), Task::chat, body, false, {})) << body;
  }
}

}  // namespace
}  // namespace sluice::chat
