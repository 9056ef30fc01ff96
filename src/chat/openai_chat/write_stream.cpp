#include <map>
#include <optional>
#include <utility>

#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/parts.hpp"

// An answer for a caller of this dialect, in chunks.
namespace sluice::chat::openai {
namespace {

class ChatStreamEncoder final : public StreamEncoder {
 public:
  explicit ChatStreamEncoder(const AnswerForm& form) : form_(form) {}

  void encode(const Event& event, std::string& out) override {
    std::visit([&](const auto& what) { say(what, out); }, event);
  }
  const Dropped& dropped() const override { return dropped_; }

 private:
  // A block that has begun: which thought or call of its choice it is.
  struct Block {
    std::size_t choice = 0;
    Part part{};
    std::size_t index = 0;
    bool has_arguments = false;  // of a call
  };
  struct Counts {
    bool has_role = false;
    std::size_t thoughts = 0;
    std::size_t calls = 0;
  };

  // One event. `inside` writes the members of the delta, `beside` those of the choice.
  template <class Inside, class Beside>
  void chunk(std::size_t choice, std::string& out, const Inside& inside, const Beside& beside) {
    json::Writer to = begin(out);
    to.open_object().member("index", std::uint64_t{choice}).name("delta").open_object();
    inside(to);
    to.close_object();
    beside(to);
    to.close_object();
    end(to, out);
  }
  template <class Inside>
  void chunk(std::size_t choice, std::string& out, const Inside& inside) {
    chunk(choice, out, inside, [](json::Writer& to) { to.name("finish_reason").null(); });
  }

  json::Writer begin(std::string& out) const {
    out += "data: ";
    json::Writer to(out);
    to.open_object().member("id", start_.id).member("object", "chat.completion.chunk");
    to.member("created", start_.created).member("model", start_.model);
    to.member_if("service_tier", start_.service_tier).member_if("system_fingerprint", start_.system_fingerprint);
    to.name("choices").open_array();
    return to;
  }
  void end(json::Writer& to, std::string& out) const {
    to.close_array();
    if (form_.usage) to.name("usage").null();
    to.close_object();
    out += "\n\n";
  }

  // The first chunk of a choice says who speaks.
  Counts& counts_of(std::size_t choice, bool begins_with_call, std::string& out) {
    Counts& counts = counts_[choice];
    if (counts.has_role) return counts;
    counts.has_role = true;
    chunk(choice, out, [&](json::Writer& to) {
      to.member("role", "assistant").name("content");
      if (begins_with_call) {
        to.null();
      } else {
        to.string("");
      }
      to.name("refusal").null();
    });
    return counts;
  }

  void say(const AnswerStart& start, std::string&) { start_ = start; }

  void say(const BlockStart& start, std::string& out) {
    const auto* const call = std::get_if<ToolCall>(&start.part.what);
    Counts& counts = counts_of(start.choice, call != nullptr, out);
    Block block{start.choice, start.part, 0};
    if (call != nullptr) {
      block.index = counts.calls++;
      block.has_arguments = !call->arguments.empty() || call->is_custom;
      chunk(start.choice, out, [&](json::Writer& to) {
        to.name("tool_calls").open_array().open_object();
        write_call(*call, block.index, to);
        to.close_object().close_array();
      });
    } else if (const auto* thinking = std::get_if<Thinking>(&start.part.what)) {
      block.index = counts.thoughts++;
      more(block,
           {.block = start.block, .text = thinking->text, .signature = thinking->signature, .data = thinking->data},
           out);
    } else if (const auto* text = std::get_if<Text>(&start.part.what)) {
      more(block,
           {.block = start.block, .text = text->text, .signature = text->signature, .citations = text->citations}, out);
    } else if (const auto* refusal = std::get_if<Refusal>(&start.part.what)) {
      more(block, {.block = start.block, .text = refusal->text}, out);
    } else {
      whole(start, out);
    }
    blocks_.insert_or_assign(start.block, std::move(block));
  }

  // A block that comes in one piece.
  void whole(const BlockStart& start, std::string& out) {
    if (const auto* media = std::get_if<Media>(&start.part.what)) {
      if (media->kind != Media::Kind::image) return drop(dropped_, name_of(media->kind));
      chunk(start.choice, out, [&](json::Writer& to) {
        to.name("images").open_array().open_object();
        write_media(*media, to);
        to.close_object().close_array();
      });
    } else if (const auto* opaque = std::get_if<Opaque>(&start.part.what)) {
      whole(*opaque, start.choice, out);
    } else {
      drop(dropped_, "messages.tool");
    }
  }

  void whole(const Opaque& opaque, std::size_t choice, std::string& out) {
    constexpr std::string_view item = "messages.content.";
    constexpr std::string_view message = "messages.";
    constexpr std::string_view beside = "choices.";
    const std::string_view kind = opaque.kind;
    const auto member_behind = [&](std::string_view prefix) {
      return [&opaque, kind, prefix](json::Writer& to) {
        to.raw_member(kind.substr(prefix.size()), on_one_line(opaque.json.bytes).bytes);
      };
    };
    if (opaque.dialect != dialect_name || kind.starts_with(item)) {
      drop(dropped_, kind);
    } else if (kind.starts_with(message)) {
      chunk(choice, out, member_behind(message));
    } else if (kind.starts_with(beside)) {
      chunk(
          choice, out, [](json::Writer&) {},
          [&](json::Writer& to) {
            to.name("finish_reason").null();
            member_behind(beside)(to);
          });
    }
  }

  void say(const BlockDelta& delta, std::string& out) {
    const auto block = blocks_.find(delta.block);
    if (block == blocks_.end()) return;
    block->second.has_arguments = block->second.has_arguments || !delta.text.empty();
    more(block->second, delta, out);
  }

  void more(const Block& block, const BlockDelta& delta, std::string& out) {
    const bool says_nothing = delta.text.empty() && delta.signature.empty() && delta.data.empty() && !delta.citations;
    if (says_nothing) return;
    chunk(block.choice, out, [&](json::Writer& to) {
      if (const auto* call = std::get_if<ToolCall>(&block.part.what)) {
        more_of_call(*call, block.index, delta, to);
      } else if (const auto* thinking = std::get_if<Thinking>(&block.part.what)) {
        more_of_thought(*thinking, block.index, delta, to);
      } else if (std::holds_alternative<Refusal>(block.part.what)) {
        to.member("refusal", delta.text);
      } else {
        more_of_text(delta, to);
      }
    });
  }

  void more_of_text(const BlockDelta& delta, json::Writer& to) {
    to.member_if("content", delta.text);
    if (delta.citations) write_annotations({&delta.citations}, to, dropped_);
    write_signature(delta.signature, to);
  }

  static void more_of_call(const ToolCall& call, std::size_t index, const BlockDelta& delta, json::Writer& to) {
    to.name("tool_calls").open_array().open_object().member("index", std::uint64_t{index});
    if (!delta.text.empty()) {
      to.name(call.is_custom ? "custom" : "function").open_object();
      to.member(call.is_custom ? "input" : "arguments", delta.text).close_object();
    }
    write_signature(delta.signature, to);
    to.close_object().close_array();
  }

  // The text for those who show it; and again, with what it takes to send it back, where there is a proof.
  static void more_of_thought(const Thinking& thinking, std::size_t index, const BlockDelta& delta, json::Writer& to) {
    to.member_if("reasoning_content", delta.text);
    const bool is_proven = has_proof(thinking);
    if (!is_proven && delta.signature.empty() && delta.data.empty()) return;
    Thinking piece = thinking;
    piece.text = is_proven ? delta.text : std::string();
    piece.signature = delta.signature;
    piece.data = delta.data;
    to.name("reasoning_details").open_array();
    write_thought(piece, index, to);
    to.close_array();
  }

  // Clients read the arguments of every call as JSON.
  void say(const BlockEnd& end, std::string& out) {
    const auto block = blocks_.find(end.block);
    if (block == blocks_.end()) return;
    const bool is_call = std::holds_alternative<ToolCall>(block->second.part.what);
    if (is_call && !block->second.has_arguments) more(block->second, {.block = end.block, .text = "{}"}, out);
    blocks_.erase(block);
  }

  void say(const LogprobsSeen& seen, std::string& out) {
    if (!seen.content) return;
    counts_of(seen.choice, false, out);
    chunk(
        seen.choice, out, [](json::Writer&) {},
        [&](json::Writer& to) {
          to.name("logprobs").open_object().raw_member("content", on_one_line(seen.content.bytes).bytes);
          to.name("refusal").null().close_object().name("finish_reason").null();
        });
  }

  void say(const ChoiceEnd& end, std::string& out) {
    const bool has_calls = counts_of(end.choice, false, out).calls > 0;
    chunk(
        end.choice, out, [](json::Writer&) {}, [&](json::Writer& to) { write_ending(end.ending, has_calls, to); });
  }

  void say(const UsageSeen& seen, std::string&) { usage_ = seen.usage; }
  void say(const Heartbeat&, std::string&) {}

  void say(const AnswerEnd&, std::string& out) {
    if (form_.usage && usage_) {
      json::Writer to = begin(out);
      to.close_array().name("usage");
      write_usage(*usage_, to);
      to.close_object();
      out += "\n\n";
    }
    out += "data: [DONE]\n\n";
  }

  // Without the mark of the end: a stream that broke must not look whole.
  void say(const AnswerFailed& failed, std::string& out) {
    out += "data: ";
    encode_failure(failed.error, out);
    out += "\n\n";
  }

  AnswerForm form_;
  AnswerStart start_{};
  std::map<std::size_t, Block> blocks_{};
  std::map<std::size_t, Counts> counts_{};
  std::optional<Usage> usage_{};
  Dropped dropped_{};
};

}  // namespace

std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) {
  return std::make_unique<ChatStreamEncoder>(form);
}

}  // namespace sluice::chat::openai
