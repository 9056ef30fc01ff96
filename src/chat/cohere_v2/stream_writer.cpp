#include <map>
#include <utility>

#include "chat/cohere_v2/parts.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;
using json::Writer;

// A block that has begun.
struct Open {
  enum class Kind : std::uint8_t { content, plan, call };
  Kind kind = Kind::content;
  std::uint64_t index = 0;  // as the reader counts, contents and calls apart
  bool is_thinking = false;
  bool has_arguments = false;  // of a call
  Thinking proof{};            // of thinking, held back until the block ends
  std::string signature{};     // of anything else
};

class Encoder final : public StreamEncoder {
 public:
  void encode(const Event& event, std::string& out) override {
    if (ended_) return;
    std::visit([&](const auto& what) { take(what, out); }, event);
  }

  const Dropped& dropped() const override { return dropped_; }

 private:
  void take(const AnswerStart& start, std::string& out) {
    std::string data;
    Writer writer(data);
    writer.open_object().member("id", start.id).member("type", "message-start");
    writer.raw_member("delta",
                      R"({"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}})");
    writer.close_object();
    append("message-start", data, out);
  }

  void take(const BlockStart& start, std::string& out) {
    if (start.choice != 0) return drop(dropped_, "n");
    if (const auto* call = std::get_if<ToolCall>(&start.part.what)) return begin_call(start.block, *call, out);
    if (const auto* thinking = std::get_if<Thinking>(&start.part.what)) {
      return begin_thinking(start.block, *thinking, out);
    }
    const auto* text = std::get_if<Text>(&start.part.what);
    const auto* refusal = std::get_if<Refusal>(&start.part.what);
    if (text != nullptr || refusal != nullptr) {
      Open& open = open_[start.block];
      open.index = contents_++;
      say_content("content-start", open.index, R"({"type":"text","text":""})", out);
      const std::string& said = text != nullptr ? text->text : refusal->text;
      if (!said.empty()) say_member(open, "text", said, out);
      if (text != nullptr) open.signature = text->signature;
      if (text != nullptr && text->citations) say_citations(text->citations, out);
      return;
    }
    Dropped& dropped = dropped_;
    if (const auto* media = std::get_if<Media>(&start.part.what)) drop(dropped, name_of(media->kind));
    if (std::holds_alternative<ToolResult>(start.part.what)) drop(dropped, "messages.tool");
    if (const auto* opaque = std::get_if<Opaque>(&start.part.what)) write_opaque(*opaque, out);
  }

  void begin_call(std::size_t block, const ToolCall& call, std::string& out) {
    Open& open = open_[block];
    open.kind = Open::Kind::call;
    open.index = calls_++;
    open.signature = call.signature;
    open.has_arguments = !call.arguments.empty() || call.is_custom;
    std::string given;
    Writer writer(given);
    writer.open_object().member("id", call.id.empty() ? "call_" + std::to_string(block) : call.id);
    writer.member("type", "function").name("function").open_object();
    writer.member("name", call.name).member("arguments", call.arguments).close_object().close_object();
    say_call("tool-call-start", open.index, given, out);
  }

  void begin_thinking(std::size_t block, const Thinking& thinking, std::string& out) {
    Open& open = open_[block];
    open.is_thinking = true;
    open.proof = thinking;
    if (thinking.format == plan_format) {
      open.kind = Open::Kind::plan;
    } else {
      open.index = contents_++;
      say_content("content-start", open.index, R"({"type":"thinking","thinking":""})", out);
    }
    if (!thinking.text.empty()) say_text(open, thinking.text, out);
  }

  void take(const BlockDelta& delta, std::string& out) {
    const auto found = open_.find(delta.block);
    if (found == open_.end()) return;
    Open& open = found->second;
    if (!delta.signature.empty()) (open.is_thinking ? open.proof.signature : open.signature) = delta.signature;
    if (!delta.data.empty()) open.proof.data = delta.data;
    if (!delta.text.empty()) open.has_arguments = true;
    if (!delta.text.empty()) say_text(open, delta.text, out);
    if (delta.citations) say_citations(delta.citations, out);
  }

  void take(const BlockEnd& end, std::string& out) {
    const auto found = open_.find(end.block);
    if (found == open_.end()) return;
    const Open open = std::move(found->second);
    open_.erase(found);
    // Clients read the arguments of every call as JSON.
    if (open.kind == Open::Kind::call && !open.has_arguments) say_text(open, "{}", out);
    const std::string proof = open.is_thinking ? proof_for_caller(open.proof) : open.signature;
    if (open.kind == Open::Kind::plan) return;
    if (open.kind == Open::Kind::call) {
      const std::string given = with_proof("function", R"({"arguments":""})", proof);
      if (!proof.empty()) say_call("tool-call-delta", open.index, given, out);
      return say_end("tool-call-end", open.index, out);
    }
    const std::string given = with_proof(open.is_thinking ? "thinking" : "text", R"("")", proof);
    if (!proof.empty()) say_content("content-delta", open.index, given, out);
    say_end("content-end", open.index, out);
  }

  void take(const LogprobsSeen&, std::string&) { drop(dropped_, "logprobs"); }

  void take(const ChoiceEnd& end, std::string&) {
    if (end.choice != 0) return drop(dropped_, "n");
    reason_ = write_ending(end.ending);
    drop_ending(dropped_, end.ending);
  }

  void take(const UsageSeen& seen, std::string&) { usage_ = seen.usage; }
  void take(const Heartbeat&, std::string&) {}

  void take(const AnswerEnd&, std::string& out) {
    std::string data;
    Writer writer(data);
    writer.open_object().member("type", "message-end").name("delta").open_object().member("finish_reason", reason_);
    if (usage_) write_usage(writer.name("usage"), *usage_, {});
    writer.close_object().close_object();
    append("message-end", data, out);
    out += "data: [DONE]\n\n";
    ended_ = true;
  }

  void take(const AnswerFailed& failed, std::string& out) {
    encode_failure_event(failed.error, out);
    ended_ = true;
  }

  // A delta that adds nothing but the proof. Its readers count on the member that every delta has.
  static std::string with_proof(std::string_view member, std::string_view nothing, std::string_view proof) {
    std::string json;
    Writer(json).open_object().raw_member(member, nothing).member("signature", proof).close_object();
    return json;
  }

  static void append(std::string_view type, std::string_view data, std::string& out) {
    out += "event: ";
    out += type;
    out += "\ndata: ";
    // Line ends between the tokens of somebody else's JSON would end the line here.
    for (const char c : data) out += c == '\n' || c == '\r' ? ' ' : c;
    out += "\n\n";
  }

  // {"type":…,"index":…,"delta":{"message":{MEMBER:…}}}
  static void say(std::string_view type, std::uint64_t index, std::string_view member, std::string_view json,
                  std::string& out) {
    std::string data;
    Writer writer(data);
    writer.open_object().member("type", type).member("index", index).name("delta").open_object();
    writer.name("message").open_object().raw_member(member, json);
    writer.close_object().close_object().close_object();
    append(type, data, out);
  }

  static void say_content(std::string_view type, std::uint64_t index, std::string_view json, std::string& out) {
    say(type, index, "content", json, out);
  }

  static void say_call(std::string_view type, std::uint64_t index, std::string_view json, std::string& out) {
    say(type, index, "tool_calls", json, out);
  }

  static void say_end(std::string_view type, std::uint64_t index, std::string& out) {
    std::string data;
    Writer(data).open_object().member("type", type).member("index", index).close_object();
    append(type, data, out);
  }

  static void say_member(const Open& open, std::string_view member, std::string_view text, std::string& out) {
    std::string json;
    Writer(json).open_object().member(member, text).close_object();
    say_content("content-delta", open.index, json, out);
  }

  static void say_text(const Open& open, std::string_view text, std::string& out) {
    if (open.kind == Open::Kind::content) return say_member(open, open.is_thinking ? "thinking" : "text", text, out);
    std::string json;
    Writer writer(json);
    if (open.kind == Open::Kind::call) {
      writer.open_object().name("function").open_object().member("arguments", text).close_object().close_object();
      return say_call("tool-call-delta", open.index, json, out);
    }
    std::string data;
    Writer plan(data);
    plan.open_object().member("type", "tool-plan-delta").name("delta").open_object().name("message").open_object();
    plan.member("tool_plan", text).close_object().close_object().close_object();
    append("tool-plan-delta", data, out);
  }

  void say_citation(std::string_view citation, std::string& out) {
    say("citation-start", citations_, "citations", citation, out);
    say_end("citation-end", citations_++, out);
  }

  void say_citations(const RawJson& citations, std::string& out) {
    const json::Tree tree = json::Tree::read(citations.bytes);
    if (!are_own_citations(tree.root())) return drop(dropped_, "messages.annotations");
    for (const Value citation : tree.root()) say_citation(citation.raw(), out);
  }

  void write_opaque(const Opaque& opaque, std::string& out) {
    if (opaque.dialect == dialect_name && opaque.kind == "messages.annotations") {
      say_citation(opaque.json.bytes, out);
    } else {
      drop(dropped_, opaque.kind);
    }
  }

  std::map<std::size_t, Open> open_{};
  std::uint64_t contents_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t citations_ = 0;
  std::string reason_ = "COMPLETE";
  std::optional<Usage> usage_{};
  Dropped dropped_{};
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> make_encoder() { return std::make_unique<Encoder>(); }

}  // namespace sluice::chat::cohere
