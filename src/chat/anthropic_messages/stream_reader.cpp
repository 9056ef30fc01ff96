#include <algorithm>
#include <map>
#include <utility>

#include <sluice/http/sse.hpp>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::anthropic {
namespace {

using json::Value;

constexpr std::size_t most_held = 64u << 20;  // bytes of blocks that are not passed on before they are complete
constexpr std::size_t most_open = 1024;       // blocks

bool has_members(Value value) { return value.is_object() && value.size() > 0; }

// A block that only this dialect knows, with what its deltas brought.
struct Held {
  std::string start{};                           // the block as it began
  std::map<std::string, std::string> strings{};  // what was added to its members that are text
  std::string input{};                           // pieces of the JSON that replaces its input
  std::size_t bytes = 0;                         // all of it

  std::string complete() const {
    if (strings.empty() && input.empty()) return start;
    const json::Tree tree = json::Tree::read(start);
    std::string block;
    json::Writer out(block);
    out.open_object();
    for (const Value member : tree.root()) {
      const std::string name = member.name();
      if (strings.count(name) == 0 && (name != "input" || input.empty())) out.raw_member(name, member.raw());
    }
    for (const auto& [name, added] : strings) out.member(name, tree.root()[name].string() + added);
    if (!input.empty()) out.raw_member("input", arguments_object(input));
    out.close_object();
    return block;
  }
};

struct Open {
  std::size_t number = 0;  // as the events count
  bool is_held = false;
  bool is_call = false;
  bool got_input = false;
  std::string start_input{};  // a call's arguments if no delta brings any
  Held held{};
};

class Decoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    std::size_t done = 0;
    http::SseEvent event;
    while (reader_.next(bytes.substr(done), event)) {
      done += event.raw.size();
      if (!event.has_data || over_) continue;
      if (const auto taken = take(event, out); !taken) return taken.error();
    }
    return done;
  }

  Result<> finish(std::vector<Event>&) override {
    if (!over_) return ended_early();
    return Ok{};
  }

 private:
  Result<> take(const http::SseEvent& event, std::vector<Event>& out) {
    const std::string_view data = json::trimmed(event.data);
    if (data.empty() || data == "[DONE]") return Ok{};
    const json::Tree tree = json::Tree::read(data);
    if (!tree.root().is_object()) return unreadable("The provider's stream cannot be read.");
    const Value root = tree.root();
    const std::string type = root["type"].is_string() ? root["type"].string() : std::string(event.name);
    if (type == "message_start") {
      start_message(root["message"], out);
    } else if (type == "content_block_start") {
      start_block(root, out);
    } else if (type == "content_block_delta") {
      add_delta(root, out);
    } else if (type == "content_block_stop") {
      if (const auto index = root["index"].whole()) stop_block(*index, out);
    } else if (type == "message_delta") {
      read_delta(root, out);
    } else if (type == "message_stop") {
      stop_message(out);
    } else if (type == "error") {
      fail(decode_failure(200, data), out);
    } else {
      out.emplace_back(Heartbeat{});  // a ping, or a kind of event that came after us
    }
    if (held_bytes_ > most_held || open_.size() > most_open) return unreadable("A block of the stream is too large.");
    return Ok{};
  }

  void fail(Error error, std::vector<Event>& out) {
    over_ = true;
    out.emplace_back(AnswerFailed{std::move(error)});
  }

  void start_message(Value message, std::vector<Event>& out) {
    // Something between us and the model tried again. What was passed on cannot be taken back.
    if (started_ && next_ > 0) {
      return fail(unreadable("The provider began a second answer inside of the first."), out);
    }
    const bool is_second = std::exchange(started_, true);
    counts_.take(message["usage"]);
    if (!is_second) {
      out.emplace_back(AnswerStart{.id = message["id"].string(),
                                   .model = message["model"].string(),
                                   .service_tier = read_tier(message["usage"]["service_tier"].string())});
    }
    read_message_riders(message, riders_);
    see_usage(message["usage"], out);
    // An answer may be there at once, when a tool of the provider's waits for several calls.
    std::vector<Part> parts;
    for (const Value block : message["content"].is_array() ? message["content"] : Value()) {
      read_block(block, Side::provider, parts);
    }
    for (Part& part : parts) put_whole(std::move(part), out);
    ending_ = read_ending(message, false);
  }

  void ensure_started(std::vector<Event>& out) {
    if (!std::exchange(started_, true)) out.emplace_back(AnswerStart{});
  }

  void see_usage(Value usage, std::vector<Event>& out) {
    read_usage_riders(usage, riders_);
    if (const auto counted = counts_.usage()) out.emplace_back(UsageSeen{*counted});
  }

  // A part that is complete.
  void put_whole(Part part, std::vector<Event>& out) {
    Response one;
    one.choices.push_back({.parts = {std::move(part)}});
    for (Event& event : unfold(one)) {
      if (auto* start = std::get_if<BlockStart>(&event)) {
        note(start->part);
        start->block = next_;
      } else if (auto* delta = std::get_if<BlockDelta>(&event)) {
        delta->block = next_;
      } else if (auto* end = std::get_if<BlockEnd>(&event)) {
        end->block = next_;
      } else {
        continue;
      }
      out.push_back(std::move(event));
    }
    ++next_;
  }

  void start_block(Value root, std::vector<Event>& out) {
    ensure_started(out);
    const auto index = root["index"].whole();
    const Value block = root["content_block"];
    if (!index || !block["type"].is_string()) return;
    stop_block(*index, out);
    std::vector<Part> parts;
    if (!read_block(block, Side::provider, parts) || parts.empty()) return;
    Part part = std::move(parts.back());
    parts.pop_back();
    for (Part& rider : parts) put_whole(std::move(rider), out);
    Open& open = open_[*index];
    if (std::holds_alternative<Opaque>(part.what) || std::holds_alternative<Media>(part.what)) {
      open.is_held = true;
      open.held.start = std::string(block.raw());
      count(open.held, open.held.start.size());
      return;
    }
    open.number = next_++;
    begin(block, part, open, out);
  }

  void note(const Part& part) { awaits_result_ = std::holds_alternative<ToolCall>(part.what); }

  // The start of a text, a thought or a call; what it already brings is its first delta.
  void begin(Value block, Part& part, Open& open, std::vector<Event>& out) {
    BlockDelta first{.block = open.number};
    if (auto* text = std::get_if<Text>(&part.what)) {
      first.text = std::exchange(text->text, {});
      first.citations = std::exchange(text->citations, {});
    } else if (auto* thinking = std::get_if<Thinking>(&part.what)) {
      first.text = std::exchange(thinking->text, {});
      first.signature = std::exchange(thinking->signature, {});
      first.data = std::exchange(thinking->data, {});
    } else if (auto* call = std::get_if<ToolCall>(&part.what)) {
      open.is_call = true;
      if (block["id"].string().empty()) call->id = "call_" + std::to_string(open.number);
      if (has_members(block["input"])) open.start_input = call->arguments;
      call->arguments.clear();
    }
    note(part);
    out.emplace_back(BlockStart{open.number, 0, std::move(part)});
    if (!first.text.empty() || !first.signature.empty() || !first.data.empty() || first.citations) {
      out.emplace_back(std::move(first));
    }
  }

  void add_delta(Value root, std::vector<Event>& out) {
    const auto index = root["index"].whole();
    const auto found = index ? open_.find(*index) : open_.end();
    if (found == open_.end()) return;
    Open& open = found->second;
    const Value delta = root["delta"];
    if (open.is_held) return hold_delta(delta, open);
    BlockDelta more{.block = open.number};
    const Value type = delta["type"];
    if (type.is("input_json_delta") == open.is_call) {
      if (type.is("text_delta")) more.text = delta["text"].string();
      if (type.is("thinking_delta")) more.text = delta["thinking"].string();
      if (type.is("input_json_delta")) more.text = delta["partial_json"].string();
      if (type.is("signature_delta")) more.signature = delta["signature"].string();
      if (type.is("citations_delta") && delta["citation"].is_object()) {
        more.citations.bytes = "[" + std::string(delta["citation"].raw()) + "]";
      }
    }
    if (more.text.empty() && more.signature.empty() && !more.citations) return;
    open.got_input = open.got_input || open.is_call;
    out.emplace_back(std::move(more));
  }

  void hold_delta(Value delta, Open& open) {
    if (delta["type"].is("input_json_delta")) {
      const std::string piece = delta["partial_json"].string();
      count(open.held, piece.size());
      open.held.input += piece;
      return;
    }
    for (const Value member : delta) {
      const std::string name = member.name();
      if (name == "type" || !member.is_string()) continue;
      const std::string piece = member.string();
      count(open.held, name.size() + piece.size());
      open.held.strings[name] += piece;
    }
  }

  void count(Held& held, std::size_t bytes) {
    held.bytes += bytes;
    held_bytes_ += bytes;
  }

  void stop_block(std::uint64_t index, std::vector<Event>& out) {
    const auto found = open_.find(index);
    if (found == open_.end()) return;
    Open open = std::move(found->second);
    open_.erase(found);
    if (open.is_held) {
      const std::string block = open.held.complete();
      held_bytes_ -= open.held.bytes;
      const json::Tree tree = json::Tree::read(block);
      std::vector<Part> parts;
      read_block(tree.root(), Side::provider, parts);
      if (!parts.empty()) put_whole(std::move(parts.back()), out);
      return;
    }
    if (!open.got_input && !open.start_input.empty()) {
      out.emplace_back(BlockDelta{.block = open.number, .text = std::move(open.start_input)});
    }
    out.emplace_back(BlockEnd{open.number});
  }

  void read_delta(Value root, std::vector<Event>& out) {
    ensure_started(out);
    counts_.take(root["usage"]);
    const Value delta = root["delta"];
    const Ending ending = read_ending(delta, false);
    if (!ending.raw.empty()) ending_ = ending;
    read_message_riders(delta, riders_);
    read_message_riders(root, riders_);  // the event's own, as `context_management`
    see_usage(root["usage"], out);
  }

  void stop_message(std::vector<Event>& out) {
    ensure_started(out);
    while (!open_.empty()) stop_block(open_.begin()->first, out);
    const bool awaits_result = awaits_result_;
    for (Opaque& opaque : riders_) put_whole({std::move(opaque), std::nullopt}, out);
    if (awaits_result && (ending_.finish == Finish::stop || ending_.finish == Finish::unset)) {
      ending_.finish = Finish::tool_calls;
    }
    out.emplace_back(ChoiceEnd{0, std::move(ending_)});
    out.emplace_back(AnswerEnd{});
    over_ = true;
  }

  http::SseReader reader_;
  Counts counts_;
  Ending ending_;
  std::vector<Opaque> riders_{};
  std::map<std::uint64_t, Open> open_{};  // by the provider's index
  std::size_t next_ = 0;
  std::size_t held_bytes_ = 0;
  bool started_ = false;
  bool over_ = false;
  bool awaits_result_ = false;  // the last block is a call
};

}  // namespace

std::unique_ptr<StreamDecoder> stream_decoder() { return std::make_unique<Decoder>(); }

}  // namespace sluice::chat::anthropic
