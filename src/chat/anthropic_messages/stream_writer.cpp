#include <map>
#include <utility>
#include <vector>

#include <sluice/base/text.hpp>

#include "chat/anthropic_messages/parts.hpp"

namespace sluice::chat::anthropic {
namespace {

// Blocks of this dialect follow each other, those of others may overlap. So a text or thought ends when another block
// starts, and goes on as a new block if more of it comes; a block that starts while a call is being told waits.
class Encoder final : public StreamEncoder {
 public:
  void encode(const Event& event, std::string& out) override {
    out_ = &out;
    std::visit([this](const auto& what) { take(what); }, event);
  }

  const Dropped& dropped() const override { return dropped_; }

 private:
  enum class Phase : std::uint8_t { unknown, waiting, open, paused, over };

  struct Block {
    Phase phase = Phase::unknown;
    Part part{};                     // as it started
    std::vector<BlockDelta> more{};  // what came while it waited
    bool ended = false;              // while it waited
    bool started = false;            // its first event was written
    BlockDelta proof{};              // a thought's signature and data, or a text's or call's signature
    bool has_text = false;
  };

  // ---- Events

  void take(const AnswerStart& start) {
    if (!start.system_fingerprint.empty()) drop(dropped_, "system_fingerprint");
    tier_ = start.service_tier;
    std::string data;
    json::Writer writer(data);
    writer.open_object().member("type", "message_start").name("message").open_object();
    writer.member("id", start.id).member("type", "message").member("role", "assistant");
    writer.member("model", start.model).name("content").open_array().close_array();
    writer.name("stop_reason").null().name("stop_sequence").null().name("usage").open_object();
    write_usage(writer, std::nullopt);
    writer.member_if("service_tier", tier_of(tier_, dropped_)).close_object().close_object().close_object();
    put("message_start", data);
  }

  void take(const BlockStart& start) {
    if (start.choice != 0) return drop(dropped_, "n");
    const auto* const opaque = std::get_if<Opaque>(&start.part.what);
    if (opaque != nullptr && is_rider(*opaque)) {
      riders_.push_back(*opaque);
      return;
    }
    Block& block = blocks_[start.block];
    block.part = start.part;
    make_current(start.block, block);
  }

  void take(const BlockDelta& delta) {
    const auto found = blocks_.find(delta.block);
    if (found == blocks_.end()) return;
    Block& block = found->second;
    if (block.phase == Phase::paused) {
      block.started = block.has_text = false;
      make_current(delta.block, block);
    }
    if (block.phase == Phase::waiting) {
      block.more.push_back(delta);
    } else {
      write_delta(block, delta);
    }
  }

  void take(const BlockEnd& end) {
    const auto found = blocks_.find(end.block);
    if (found == blocks_.end()) return;
    if (found->second.phase == Phase::waiting) {
      found->second.ended = true;
      return;
    }
    if (found->second.phase == Phase::open) close(found->second);
    if (current_ == end.block) current_.reset();
    blocks_.erase(found);
    go_on();
  }

  void take(const LogprobsSeen&) { drop(dropped_, "logprobs"); }

  void take(const ChoiceEnd& end) {
    if (end.choice != 0) return drop(dropped_, "n");
    ending_ = end.ending;
  }

  void take(const UsageSeen& seen) { usage_ = seen.usage; }

  void take(const Heartbeat&) {}

  void take(const AnswerEnd&) {
    while (!blocks_.empty()) take(BlockEnd{current_.value_or(blocks_.begin()->first)});
    const std::vector<Opaque> left = std::exchange(riders_, {});
    const MessageRiders riders = sorted_riders(left);
    std::string data;
    json::Writer writer(data);
    writer.open_object().member("type", "message_delta").name("delta").open_object();
    writer.member("stop_reason", stop_reason_of(ending_, has_calls_, has_refusal_, dropped_)).name("stop_sequence");
    if (ending_.stop_sequence.empty()) {
      writer.null();
    } else {
      writer.string(ending_.stop_sequence);
    }
    write_riders(writer, riders.of_message);
    writer.close_object();
    write_riders(writer, riders.of_event);
    writer.name("usage").open_object();
    write_usage(writer, usage_);
    write_riders(writer, riders.of_usage);
    writer.close_object().close_object();
    put("message_delta", data);
    put("message_stop", R"({"type":"message_stop"})");
  }

  void take(const AnswerFailed& failed) { encode_failure_event(failed.error, *out_); }

  // ---- The order of blocks

  bool is_call(const Block& block) const { return std::holds_alternative<ToolCall>(block.part.what); }

  void make_current(std::size_t number, Block& block) {
    if (current_) {
      Block& other = blocks_[*current_];
      if (is_call(other)) {
        block.phase = Phase::waiting;
        return;
      }
      if (other.phase == Phase::open) {
        close(other);
        other.phase = Phase::paused;
      }
    }
    current_ = number;
    block.phase = Phase::open;
    if (const auto* opaque = std::get_if<Opaque>(&block.part.what)) return write_opaque(*opaque, block);
    if (std::holds_alternative<Media>(block.part.what)) {
      drop(dropped_, name_of(Media::Kind::image));
      block.phase = Phase::over;
    } else if (std::holds_alternative<ToolResult>(block.part.what)) {
      drop(dropped_, "messages.tool");
      block.phase = Phase::over;
    }
    // A thought's or call's first event waits for what comes next: its proof may have to stand before it.
    if (std::holds_alternative<Text>(block.part.what) || std::holds_alternative<Refusal>(block.part.what)) {
      start(block);
    }
  }

  // The blocks that waited, until one of them is a call that goes on.
  void go_on() {
    while (!current_ || !is_call(blocks_[*current_])) {
      auto next = blocks_.begin();
      while (next != blocks_.end() && next->second.phase != Phase::waiting) ++next;
      if (next == blocks_.end()) return;
      Block& block = next->second;
      make_current(next->first, block);
      for (const BlockDelta& delta : std::exchange(block.more, {})) write_delta(block, delta);
      if (!block.ended) continue;
      if (block.phase == Phase::open) close(block);
      current_.reset();
      blocks_.erase(next);
    }
  }

  // ---- One block

  void write_opaque(const Opaque& opaque, Block& block) {
    block.phase = Phase::over;
    if (opaque.dialect != dialect_name) return drop(dropped_, opaque.kind);
    riders_.clear();
    put_block(opaque.json.bytes);
    put_stop();
  }

  void put_block(std::string_view json) {
    std::string data;
    json::Writer writer(data);
    writer.open_object().member("type", "content_block_start").member("index", std::uint64_t{index_});
    writer.raw_member("content_block", json).close_object();
    put("content_block_start", data);
  }

  void put_stop() {
    std::string data;
    json::Writer writer(data);
    writer.open_object().member("type", "content_block_stop").member("index", std::uint64_t{index_++}).close_object();
    put("content_block_stop", data);
  }

  void put_delta(std::string_view type, std::string_view member, std::string_view text, bool is_json = false) {
    std::string data;
    json::Writer writer(data);
    writer.open_object().member("type", "content_block_delta").member("index", std::uint64_t{index_});
    writer.name("delta").open_object().member("type", type).name(member);
    if (is_json) {
      writer.raw(text);
    } else {
      writer.string(text);
    }
    writer.close_object().close_object();
    put("content_block_delta", data);
  }

  void put_redacted(std::string_view data) {
    std::string block;
    json::Writer(block).open_object().member("type", "redacted_thinking").member("data", data).close_object();
    put_block(block);
    put_stop();
  }

  // A block of its own type with empty content and its riders.
  void start(Block& block) {
    block.started = true;
    std::string json;
    json::Writer writer(json);
    writer.open_object();
    if (const auto* call = std::get_if<ToolCall>(&block.part.what)) {
      has_calls_ = true;
      writer.member("type", "tool_use").member("id", call->id).member("name", call->name);
      writer.name("input").open_object().close_object();
    } else if (std::holds_alternative<Thinking>(block.part.what)) {
      writer.member("type", "thinking").member("thinking", "").member("signature", "");
    } else {
      has_refusal_ = has_refusal_ || std::holds_alternative<Refusal>(block.part.what);
      writer.member("type", "text").member("text", "");
    }
    write_riders(writer, std::exchange(riders_, {}));
    put_block((writer.close_object(), json));
  }

  void write_delta(Block& block, const BlockDelta& delta) {
    if (block.phase != Phase::open) return;
    if (const auto* call = std::get_if<ToolCall>(&block.part.what)) return write_call(block, *call, delta);
    if (!delta.signature.empty()) block.proof.signature = delta.signature;
    if (!delta.data.empty()) block.proof.data = delta.data;
    if (std::holds_alternative<Thinking>(block.part.what)) {
      if (delta.text.empty()) return;
      if (!block.started) start(block);
      block.has_text = true;
      put_delta("thinking_delta", "thinking", delta.text);
      return;
    }
    if (!delta.text.empty()) put_delta("text_delta", "text", delta.text);
    const std::string citations = own_citations(delta.citations, dropped_);
    const json::Tree tree = json::Tree::read(citations);
    for (const json::Value citation : tree.root()) put_delta("citations_delta", "citation", citation.raw(), true);
  }

  void write_call(Block& block, const ToolCall& call, const BlockDelta& delta) {
    if (!delta.signature.empty()) {
      if (block.started) {
        block.proof.signature = delta.signature;  // too late to stand before the call
      } else {
        const auto riders = std::exchange(riders_, {});
        put_redacted(carried_call(call.id, delta.signature));
        riders_ = riders;
      }
    }
    if (delta.text.empty()) return;
    if (!block.started) start(block);
    std::string piece;
    if (call.is_custom) {
      // Free text, where the dialect has nothing but objects.
      if (!block.has_text) piece = R"({"_raw":")";
      append_json_escaped(piece, delta.text);
    }
    block.has_text = true;
    put_delta("input_json_delta", "partial_json", call.is_custom ? piece : delta.text);
  }

  void close(Block& block) {
    block.phase = Phase::over;
    if (const auto* thinking = std::get_if<Thinking>(&block.part.what)) return close_thinking(block, *thinking);
    if (!block.started) start(block);
    const auto* const call = std::get_if<ToolCall>(&block.part.what);
    if (call != nullptr && call->is_custom && block.has_text) {
      put_delta("input_json_delta", "partial_json", R"("})");
    }
    put_stop();
    if (block.proof.signature.empty()) return;
    put_redacted(call != nullptr ? carried_call(call->id, block.proof.signature) : carried_text(block.proof.signature));
    block.proof = {};
  }

  void close_thinking(Block& block, const Thinking& start_of) {
    Thinking whole = start_of;
    whole.signature = std::exchange(block.proof.signature, {});
    whole.data = std::exchange(block.proof.data, {});
    const bool is_ours = whole.format == thinking_format::anthropic;
    if (is_ours && !block.has_text && !whole.data.empty()) {
      riders_.clear();
      return put_redacted(whole.data);
    }
    if (!block.started) start(block);
    const bool has_proof = !whole.signature.empty() || !whole.data.empty();
    const bool is_plain = is_ours ? whole.data.empty() : !has_proof && whole.id.empty();
    const std::string signature = is_plain ? whole.signature : carried(whole);
    if (!signature.empty()) put_delta("signature_delta", "signature", signature);
    put_stop();
  }

  void put(std::string_view name, std::string_view data) {
    std::string& out = *out_;
    out += "event: ";
    out += name;
    out += "\ndata: ";
    // JSON that somebody else wrote may have line breaks between its values.
    for (const char c : data) {
      if (c == '\n' || c == '\r') {
        out += "\ndata: ";
      } else {
        out += c;
      }
    }
    out += "\n\n";
  }

  std::string* out_ = nullptr;  // of the event being encoded
  Dropped dropped_{};
  std::map<std::size_t, Block> blocks_{};
  std::optional<std::size_t> current_{};
  std::vector<Opaque> riders_{};
  std::size_t index_ = 0;
  std::string tier_{};
  Ending ending_{};
  std::optional<Usage> usage_{};
  bool has_calls_ = false;
  bool has_refusal_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm&) { return std::make_unique<Encoder>(); }

}  // namespace sluice::chat::anthropic
