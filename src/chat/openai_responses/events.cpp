#include <string>
#include <utility>

#include "chat/openai_responses/parts.hpp"

// Streams for callers.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;
using json::Writer;
using Place = Items::Place;

class Encoder final : public StreamEncoder {
 public:
  explicit Encoder(const AnswerForm& form) { head_.repeats = repeats_of(form); }

  void encode(const Event& event, std::string& out) override {
    out_ = &out;
    std::visit([this](const auto& what) { take(what); }, event);
    out_ = nullptr;
  }
  const Dropped& dropped() const override { return dropped_; }

 private:
  struct Block {
    Place place;
    Part part;  // what it started with, then with its proofs
    bool ended = false;
  };

  // One event: its name, then members from `write`.
  template <class Write>
  void event(std::string_view type, const Write& write) {
    *out_ += "event: ";
    *out_ += type;
    *out_ += "\ndata: ";
    const std::size_t begin = out_->size();
    Writer writer(*out_);
    writer.open_object().member("type", type);
    write(writer);
    writer.member("sequence_number", sequence_++).close_object();
    // A line end inside the JSON of others is white space there, but the end of the line here.
    for (std::size_t i = begin; i < out_->size(); ++i) {
      if ((*out_)[i] == '\n' || (*out_)[i] == '\r') (*out_)[i] = ' ';
    }
    *out_ += "\n\n";
  }

  // An event about the whole answer.
  void answer(std::string_view type, const Status& status, const Error* failure) {
    event(type, [&](Writer& writer) {
      writer.name("response").open_object();
      write_head(writer, head_, status, failure);
      writer.name("output").open_array();
      const ItemForm form{.status = status.status == "incomplete" ? "incomplete" : "completed"};
      for (const Item& item : items_.all()) {
        if (item.closed) write_item(writer, item, form);
      }
      writer.close_array();
      write_tail(writer, head_, usage_);
      writer.close_object();
    });
  }

  void take(const AnswerStart& start) {
    if (std::exchange(started_, true)) return;
    head_ = {start.id, start.model, start.created, known_tier(start.service_tier, dropped_), std::move(head_.repeats)};
    items_ = Items(false, start.id);
    if (!start.system_fingerprint.empty()) drop(dropped_, "system_fingerprint");
    answer("response.created", {"in_progress"}, nullptr);
    answer("response.in_progress", {"in_progress"}, nullptr);
  }

  void take(const BlockStart& start) {
    if (start.choice != 0) return drop(dropped_, "n");
    if (start.block > blocks_.size() + most_ahead) return;
    if (start.block >= blocks_.size()) blocks_.resize(start.block + 1);
    Block& block = blocks_[start.block];
    block = {items_.start(start.part, dropped_), start.part};
    if (block.place.item == Items::none) return;
    if (std::holds_alternative<Opaque>(start.part.what)) {  // complete as it is
      block.ended = true;
      return close_sealed();
    }
    ++items_.all()[block.place.item].open;
    close_sealed();
    if (block.place.fresh) announce(block.place.item);
    if (block.place.piece != Items::none) announce_piece(block.place);
    if (std::holds_alternative<Text>(start.part.what)) {
      latest_text_ = start.block;
      tell_logprobs();
    }
    // A whole one given at once.
    if (const auto* text = std::get_if<Text>(&start.part.what)) say(block, text->text);
    if (const auto* refusal = std::get_if<Refusal>(&start.part.what)) say(block, refusal->text);
    if (const auto* thinking = std::get_if<Thinking>(&start.part.what)) say(block, thinking->text);
    if (const auto* call = std::get_if<ToolCall>(&start.part.what)) say(block, call->arguments);
    if (const auto* text = std::get_if<Text>(&start.part.what)) annotate(block, text->citations);
  }

  Block* block_of(std::size_t number) {
    if (number >= blocks_.size()) return nullptr;
    Block& block = blocks_[number];
    return block.place.item == Items::none || block.ended ? nullptr : &block;
  }

  void take(const BlockDelta& delta) {
    Block* const block = block_of(delta.block);
    if (block == nullptr) return;
    say(*block, delta.text);
    annotate(*block, delta.citations);
    const auto keep = [](std::string& to, const std::string& from) {
      if (!from.empty()) to = from;
    };
    if (auto* thinking = std::get_if<Thinking>(&block->part.what)) {
      keep(thinking->signature, delta.signature);
      keep(thinking->data, delta.data);
    } else if (auto* call = std::get_if<ToolCall>(&block->part.what)) {
      keep(call->signature, delta.signature);
    } else if (auto* text = std::get_if<Text>(&block->part.what)) {
      keep(text->signature, delta.signature);
    }
  }

  void take(const BlockEnd& end) {
    Block* const block = block_of(end.block);
    if (block == nullptr) return;
    block->ended = true;
    const std::size_t at = block->place.item;
    if (auto* call = std::get_if<ToolCall>(&block->part.what)) {
      if (items_.all()[at].call.arguments.empty() && !call->is_custom) say(*block, "{}");
      end_call(at);
    } else if (block->place.piece != Items::none) {
      end_piece(block->place);
    }
    if (const auto* thinking = std::get_if<Thinking>(&block->part.what)) items_.prove(at, *thinking, dropped_);
    --items_.all()[at].open;
    close_sealed();
    give_proof(*block);
  }

  // A proof that belongs to a call or a text goes behind it.
  void give_proof(const Block& block) {
    std::string proof;
    if (const auto* text = std::get_if<Text>(&block.part.what); text != nullptr && !text->signature.empty()) {
      proof = text_proof(*text);
    } else if (const auto* call = std::get_if<ToolCall>(&block.part.what);
               call != nullptr && !call->signature.empty()) {
      ToolCall written = items_.all()[block.place.item].call;
      written.signature = call->signature;
      proof = call_proof(written);
    }
    if (proof.empty()) return;
    items_.add_proof(std::move(proof));
    close_sealed();
  }

  void say(Block& block, std::string_view text) {
    if (text.empty()) return;
    const std::size_t at = block.place.item;
    if (const auto* thinking = std::get_if<Thinking>(&block.part.what)) {
      const bool fresh = block.place.piece == Items::none;
      items_.piece_of(block.place, *thinking);
      if (fresh) announce_piece(block.place);
    }
    Item& item = items_.all()[at];
    if (item.kind == Item::Kind::call) {
      item.call.arguments += text;
      event(item.call.is_custom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta",
            [&](Writer& writer) {
              about(writer, at);
              writer.member("delta", text);
            });
      return;
    }
    if (block.place.piece == Items::none) return;
    Piece& piece = item.pieces[block.place.piece];
    piece.text += text;
    event(words_of(piece.kind).delta, [&](Writer& writer) {
      about_piece(writer, block.place);
      writer.member("delta", text);
      if (piece.kind == Piece::Kind::text) writer.raw_member("logprobs", "[]");
    });
  }

  void annotate(Block& block, const RawJson& citations) {
    if (!citations || block.place.piece == Items::none) return;
    Piece& piece = items_.all()[block.place.item].pieces[block.place.piece];
    Piece more;
    add_annotations(citations, more, dropped_);
    if (more.annotation_count == 0) return;
    const std::string list = "[" + more.annotations + "]";
    const Tree tree = Tree::read(list);
    for (const Value annotation : tree.root()) {
      event("response.output_text.annotation.added", [&](Writer& writer) {
        about_piece(writer, block.place);
        writer.member("annotation_index", static_cast<std::uint64_t>(piece.annotation_count));
        writer.raw_member("annotation", annotation.raw());
      });
      if (piece.annotation_count++ > 0) piece.annotations += ',';
      piece.annotations += annotation.raw();
    }
  }

  struct Words {
    std::string_view added;
    std::string_view delta;
    std::string_view done;
    std::string_view part_done;
    std::string_view member;  // the text in `done`
  };
  static Words words_of(Piece::Kind kind) {
    constexpr std::string_view added = "response.content_part.added";
    constexpr std::string_view done = "response.content_part.done";
    switch (kind) {
      case Piece::Kind::refusal:
        return {added, "response.refusal.delta", "response.refusal.done", done, "refusal"};
      case Piece::Kind::summary:
        return {"response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                "response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "text"};
      case Piece::Kind::thought:
        return {added, "response.reasoning_text.delta", "response.reasoning_text.done", done, "text"};
      case Piece::Kind::text:
        break;
    }
    return {added, "response.output_text.delta", "response.output_text.done", done, "text"};
  }

  void about(Writer& writer, std::size_t at) {
    writer.member("item_id", items_.all()[at].id).member("output_index", static_cast<std::uint64_t>(at));
  }
  void about_piece(Writer& writer, const Place& place) {
    about(writer, place.item);
    const Item& item = items_.all()[place.item];
    const bool is_summary = item.pieces[place.piece].kind == Piece::Kind::summary;
    writer.member(is_summary ? "summary_index" : "content_index",
                  static_cast<std::uint64_t>(index_of(item, place.piece)));
  }

  void announce(std::size_t at) {
    Item bare = items_.all()[at];
    bare.pieces.clear();
    bare.proof.clear();
    items_.all()[at].announced = true;
    event("response.output_item.added", [&](Writer& writer) {
      writer.member("output_index", static_cast<std::uint64_t>(at)).name("item");
      write_item(writer, bare, {.status = "in_progress"});
    });
  }

  void announce_piece(const Place& place) {
    const Piece::Kind kind = items_.all()[place.item].pieces[place.piece].kind;
    event(words_of(kind).added, [&](Writer& writer) {
      about_piece(writer, place);
      writer.name("part");
      write_piece(writer, Piece{kind}, false);
    });
  }

  void end_piece(const Place& place) {
    const Piece& piece = items_.all()[place.item].pieces[place.piece];
    const Words words = words_of(piece.kind);
    event(words.done, [&](Writer& writer) {
      about_piece(writer, place);
      writer.member(words.member, piece.text);
      if (piece.kind == Piece::Kind::text) writer.raw_member("logprobs", "[" + piece.logprobs + "]");
    });
    event(words.part_done, [&](Writer& writer) {
      about_piece(writer, place);
      writer.name("part");
      write_piece(writer, piece, false);
    });
  }

  void end_call(std::size_t at) {
    const ToolCall& call = items_.all()[at].call;
    event(call.is_custom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done",
          [&](Writer& writer) {
            about(writer, at);
            if (!call.is_custom) writer.member("name", call.name);
            writer.member(call.is_custom ? "input" : "arguments", call.arguments);
          });
  }

  // Writes the end of items that nothing more can come for.
  void close_sealed() {
    auto& all = items_.all();
    for (std::size_t at = first_open_; at < all.size(); ++at) {
      Item& item = all[at];
      if (item.closed || !item.sealed || item.open > 0) continue;
      if (!item.announced) announce(at);
      item.closed = true;
      event("response.output_item.done", [&](Writer& writer) {
        writer.member("output_index", static_cast<std::uint64_t>(at)).name("item");
        write_item(writer, item, {.status = "completed"});
      });
    }
    while (first_open_ < all.size() && all[first_open_].closed) ++first_open_;
  }

  void take(const LogprobsSeen& seen) {
    if (seen.choice != 0) return drop(dropped_, "n");
    add_logprobs(seen.content, untold_logprobs_);
    tell_logprobs();
  }

  // They stand with words: of the text that is being said or of the next one, at the end those of the last.
  void tell_logprobs(bool at_end = false) {
    if (untold_logprobs_.logprobs.empty()) return;
    const Block* const block = latest_text_ == Items::none ? nullptr : &blocks_[latest_text_];
    if (block == nullptr && at_end) drop(dropped_, "logprobs");
    if (block == nullptr || (block->ended && !at_end)) return;
    const std::string list = "[" + std::exchange(untold_logprobs_.logprobs, {}) + "]";
    std::string& all = items_.all()[block->place.item].pieces[block->place.piece].logprobs;
    if (!all.empty()) all += ',';
    all.append(list, 1, list.size() - 2);
    if (block->ended) return;
    event("response.output_text.delta", [&](Writer& writer) {
      about_piece(writer, block->place);
      writer.member("delta", "").raw_member("logprobs", list);
    });
  }

  void take(const ChoiceEnd& end) {
    if (end.choice == 0) ending_ = end.ending;
  }
  void take(const UsageSeen& seen) { usage_ = seen.usage; }
  void take(const Heartbeat&) {}

  void take(const AnswerEnd&) {
    if (!started_) take(AnswerStart{});
    for (Item& item : items_.all()) item.sealed = true;
    close_sealed();
    tell_logprobs(true);
    const Status status = status_of(ending_, dropped_);
    const bool is_over = status.status == "completed" || status.status == "incomplete" || status.status == "failed";
    answer(is_over ? "response." + std::string(status.status) : "response.completed", status, nullptr);
  }

  void take(const AnswerFailed& failed) {
    write_error_event(failed.error, sequence_++, *out_);
    if (started_) answer("response.failed", {"failed"}, &failed.error);
  }

  static constexpr std::size_t most_ahead = 1024;  // blocks that a number may be ahead of those seen

  std::string* out_ = nullptr;
  Head head_{};
  Items items_{false};
  std::vector<Block> blocks_{};
  std::size_t latest_text_ = Items::none;  // a block
  Piece untold_logprobs_{};
  Ending ending_{};
  std::optional<Usage> usage_{};
  Dropped dropped_{};
  std::uint64_t sequence_ = 0;
  std::size_t first_open_ = 0;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) { return std::make_unique<Encoder>(form); }

}  // namespace sluice::chat::responses
