#include <map>
#include <type_traits>
#include <utility>

#include <sluice/http/event_stream.hpp>

#include "chat/bedrock_converse/parts.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Value;
using json::Writer;

void append_event(std::string& out, std::string_view type, std::string_view payload) {
  http::append_frame(out, {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}},
                     payload);
}

// A block that has begun.
struct OpenBlock {
  Part part{};            // as it began
  std::size_t index = 0;  // as the reader counts
  bool said = false;      // something of it was written
  Thinking proof{};       // what is held back until the block ends
  std::string held{};     // free text for a tool, which must be wrapped as a whole
  std::string signature{};
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
    tier_ = start.service_tier;
    append_event(out, "messageStart", R"({"role":"assistant"})");
  }

  void take(const BlockStart& start, std::string& out) {
    if (start.choice != 0) return drop(dropped_, "n");
    if (const auto* opaque = std::get_if<Opaque>(&start.part.what)) return write_opaque(*opaque, out);
    if (const auto* media = std::get_if<Media>(&start.part.what)) return write_image(*media, out);
    if (std::holds_alternative<ToolResult>(start.part.what)) return write_result(start.part, out);
    OpenBlock& open = open_[start.block];
    open.part = start.part;
    open.index = next_++;
    if (const auto* call = std::get_if<ToolCall>(&start.part.what)) {
      const std::string id = call->id.empty() ? "call_" + std::to_string(start.block) : call->id;
      begin_tool_use(open.index, id, call->name, {}, out);
      open.signature = call->signature;
    }
    if (const auto* text = std::get_if<Text>(&start.part.what)) open.signature = text->signature;
    if (const auto* thinking = std::get_if<Thinking>(&start.part.what)) open.proof = *thinking;
    BlockDelta delta;
    delta.block = start.block;
    std::visit(
        [&delta](const auto& what) {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, ToolCall>) delta.text = what.arguments;
          if constexpr (std::is_same_v<What, Text>) delta.citations = what.citations;
          constexpr bool has_text =
              std::is_same_v<What, Text> || std::is_same_v<What, Thinking> || std::is_same_v<What, Refusal>;
          if constexpr (has_text) delta.text = what.text;
        },
        start.part.what);
    take(delta, out);
  }

  void take(const BlockDelta& delta, std::string& out) {
    const auto found = open_.find(delta.block);
    if (found == open_.end()) return;
    OpenBlock& open = found->second;
    if (std::holds_alternative<Thinking>(open.part.what)) {
      if (!delta.signature.empty()) open.proof.signature = delta.signature;
      if (!delta.data.empty()) open.proof.data = delta.data;
      if (!delta.text.empty()) say_thought(open, "text", delta.text, out);
      open.proof.text += delta.text;
      return;
    }
    if (!delta.signature.empty()) open.signature = delta.signature;
    if (const auto* call = std::get_if<ToolCall>(&open.part.what)) {
      if (call->is_custom) {
        open.held += delta.text;
      } else if (!delta.text.empty()) {
        open.said = true;
        say_input(open, delta.text, out);
      }
      return;
    }
    if (!delta.text.empty()) say_text(open, delta.text, out);
    if (delta.citations) say_citations(open, delta.citations, out);
  }

  void take(const BlockEnd& end, std::string& out) {
    const auto found = open_.find(end.block);
    if (found == open_.end()) return;
    OpenBlock open = std::move(found->second);
    open_.erase(found);
    if (std::holds_alternative<Thinking>(open.part.what)) {
      const ThinkingForm form = form_for_caller(open.proof);
      if (!form.redacted.empty()) say_thought(open, "redactedContent", form.redacted, out);
      if (!form.signature.empty()) say_thought(open, "signature", form.signature, out);
      if (!open.said) say_thought(open, "text", "", out);
    } else if (const auto* call = std::get_if<ToolCall>(&open.part.what)) {
      if (call->is_custom) {
        say_input(open, arguments_object({{}, {}, open.held, {}, {}, true}), out);
      } else if (!open.said) {
        say_input(open, "{}", out);
      }
    } else if (!open.said) {
      say_text(open, "", out);
    }
    stop_block(open.index, out);
    if (!open.signature.empty()) carry(open.signature, out);
  }

  void take(const LogprobsSeen&, std::string&) { drop(dropped_, "logprobs"); }

  void take(const ChoiceEnd& end, std::string& out) {
    if (end.choice != 0) return drop(dropped_, "n");
    drop_ending(dropped_, end.ending);
    std::string payload;
    Writer(payload).open_object().member("stopReason", write_ending(end.ending)).close_object();
    append_event(out, "messageStop", payload);
  }

  void take(const UsageSeen& seen, std::string&) { usage_ = seen.usage; }
  void take(const Heartbeat&, std::string&) {}

  void take(const AnswerEnd&, std::string& out) {
    std::string payload;
    Writer writer(payload);
    writer.open_object();
    write_usage(writer.name("usage"), usage_);
    // Readers rely on it; how long the model took is not known.
    writer.raw_member("metrics", R"({"latencyMs":0})");
    write_tier(writer, tier_, dropped_);
    writer.close_object();
    append_event(out, "metadata", payload);
    ended_ = true;
  }

  void take(const AnswerFailed& failed, std::string& out) {
    encode_failure_frame(failed.error, out);
    ended_ = true;
  }

  // Writes {"contentBlockIndex":…,"delta":…}.
  static void say(std::size_t index, std::string_view delta, std::string& out) {
    std::string payload;
    Writer writer(payload);
    writer.open_object().member("contentBlockIndex", std::uint64_t{index}).raw_member("delta", delta).close_object();
    append_event(out, "contentBlockDelta", payload);
  }

  static void start_block(std::size_t index, std::string_view start, std::string& out) {
    std::string payload;
    Writer writer(payload);
    writer.open_object().raw_member("start", start).member("contentBlockIndex", std::uint64_t{index}).close_object();
    append_event(out, "contentBlockStart", payload);
  }

  static void stop_block(std::size_t index, std::string& out) {
    std::string payload;
    Writer(payload).open_object().member("contentBlockIndex", std::uint64_t{index}).close_object();
    append_event(out, "contentBlockStop", payload);
  }

  static void begin_tool_use(std::size_t index, std::string_view id, std::string_view name, std::string_view type,
                             std::string& out) {
    std::string start;
    Writer writer(start);
    writer.open_object().name("toolUse").open_object();
    writer.member("toolUseId", id).member("name", name).member_if("type", type).close_object().close_object();
    start_block(index, start, out);
  }

  static void say_text(OpenBlock& open, std::string_view text, std::string& out) {
    std::string delta;
    Writer(delta).open_object().member("text", text).close_object();
    say(open.index, delta, out);
    open.said = true;
  }

  static void say_input(const OpenBlock& open, std::string_view fragment, std::string& out) {
    std::string delta;
    Writer writer(delta);
    writer.open_object().name("toolUse").open_object().member("input", fragment).close_object().close_object();
    say(open.index, delta, out);
  }

  static void say_thought(OpenBlock& open, std::string_view member, std::string_view text, std::string& out) {
    std::string delta;
    Writer writer(delta);
    writer.open_object().name("reasoningContent").open_object().member(member, text).close_object().close_object();
    say(open.index, delta, out);
    open.said = true;
  }

  void say_citations(OpenBlock& open, const RawJson& citations, std::string& out) {
    const RawJson own = own_citations(citations);
    if (!own) return drop(dropped_, "messages.annotations");
    const json::Tree tree = json::Tree::read(own.bytes);
    for (const Value item : tree.root()) {
      std::string delta;
      Writer(delta).open_object().raw_member("citation", item.raw()).close_object();
      say(open.index, delta, out);
      open.said = true;
    }
  }

  // The proof of a part that is no thinking, in a block of its own.
  void carry(std::string_view signature, std::string& out) {
    OpenBlock open;
    open.index = next_++;
    say_thought(open, "signature", carried_signature(signature), out);
    stop_block(open.index, out);
  }

  void write_result(const Part& part, std::string& out) {
    Opaque block{std::string(dialect_name), "messages.toolResult", {}};
    Writer writer(block.json.bytes);
    write_part(writer, {part.what, {}}, {dropped_, false, true});
    write_opaque(block, out);
  }

  void write_opaque(const Opaque& opaque, std::string& out) {
    const json::Tree tree = json::Tree::read(opaque.json.bytes);
    const Value use = tree.root()["toolUse"];
    const Value result = tree.root()["toolResult"];
    if (opaque.dialect != dialect_name || (!use.is_object() && !result.is_object())) {
      return drop(dropped_, opaque.kind);
    }
    OpenBlock open;
    open.index = next_++;
    if (use.is_object()) {
      begin_tool_use(open.index, use["toolUseId"].string(), use["name"].string(), use["type"].string(), out);
      say_input(open, use["input"].raw(), out);
    } else {
      std::string start;
      Writer writer(start);
      writer.open_object().name("toolResult").open_object().member("toolUseId", result["toolUseId"].string());
      writer.member_if("type", result["type"].string()).member_if("status", result["status"].string());
      writer.close_object().close_object();
      start_block(open.index, start, out);
      std::string delta;
      Writer(delta).open_object().raw_member("toolResult", result["content"].raw()).close_object();
      say(open.index, delta, out);
    }
    stop_block(open.index, out);
  }

  void write_image(const Media& media, std::string& out) {
    std::string block;
    Writer writer(block);
    if (media.kind != Media::Kind::image || !write_media(writer, media)) return drop(dropped_, name_of(media.kind));
    const json::Tree tree = json::Tree::read(block);
    const Value image = tree.root()["image"];
    const std::size_t index = next_++;
    start_block(index, R"({"image":{"format":)" + std::string(image["format"].raw()) + "}}", out);
    say(index, R"({"image":{"source":)" + std::string(image["source"].raw()) + "}}", out);
    stop_block(index, out);
  }

  std::map<std::size_t, OpenBlock> open_{};
  std::size_t next_ = 0;
  std::optional<Usage> usage_{};
  std::string tier_{};
  Dropped dropped_{};
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> make_encoder() { return std::make_unique<Encoder>(); }

}  // namespace sluice::chat::bedrock
