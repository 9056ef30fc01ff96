#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <sluice/http/sse.hpp>

#include "chat/openai_responses/parts.hpp"

// Streams of providers. Items are told apart by `output_index`: ids are not the same in all events of some servers.
// Blocks end with their item, because proofs and annotations may come with its last event.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;

struct Block {
  std::size_t number = 0;
  bool open = true;
  bool has_text = false;
  bool has_annotations = false;
};

struct Running {
  std::string id{};
  std::map<std::uint64_t, Block> summaries{};
  std::map<std::uint64_t, Block> contents{};
  std::optional<Block> call{};
  std::size_t last_thought = 0;  // number of the thought's latest block
  bool has_members = false;      // members without a word were told
  bool done = false;
};

class Decoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    std::size_t done = 0;
    http::SseEvent event;
    while (!ended_ && reader_.next(bytes.substr(done), event)) {
      done += event.raw.size();
      if (!event.has_data) continue;
      auto taken = take(event, out);
      if (!taken) return std::move(taken).error();
    }
    return ended_ ? bytes.size() : done;
  }

  Result<> finish(std::vector<Event>&) override {
    if (ended_) return Ok{};
    return ended_early();
  }

 private:
  using Handler = void (Decoder::*)(Value, std::vector<Event>&);
  struct Known {
    std::string_view type;
    Handler handler;
  };

  Result<Ok> take(const http::SseEvent& event, std::vector<Event>& out) {
    const std::string_view data = json::trimmed(event.data);
    if (data == "[DONE]") return Ok{};  // some servers send it; the end is another event's affair
    const Tree tree = Tree::read(data);
    const Value root = tree.root();
    std::string type = root["type"].string();
    if (type.empty()) type = event.name;
    const bool failed = type == "error" || type == "response.failed" || type == "response.cancelled" ||
                        (type.empty() && root["error"].is_object());
    if (failed) {
      out.emplace_back(AnswerFailed{decode_failure(200, data)});
      ended_ = true;
      return Ok{};
    }
    if (!root.is_object()) return unreadable("has an event that is not JSON");
    dispatch(type, root, out);
    return Ok{};
  }

  void dispatch(std::string_view type, Value root, std::vector<Event>& out) {
    static constexpr std::array handlers{
        Known{"response.created", &Decoder::begin},
        Known{"response.in_progress", &Decoder::begin},
        Known{"response.queued", &Decoder::begin},
        Known{"response.output_item.added", &Decoder::item_added},
        Known{"response.output_item.done", &Decoder::item_done},
        Known{"response.content_part.added", &Decoder::part_added},
        Known{"response.content_part.done", &Decoder::part_done},
        Known{"response.output_text.delta", &Decoder::text_delta},
        Known{"response.output_text.annotation.added", &Decoder::annotation},
        Known{"response.refusal.delta", &Decoder::refusal_delta},
        Known{"response.reasoning_summary_text.delta", &Decoder::summary_delta},
        Known{"response.reasoning_text.delta", &Decoder::thought_delta},
        Known{"response.function_call_arguments.delta", &Decoder::arguments_delta},
        Known{"response.custom_tool_call_input.delta", &Decoder::arguments_delta},
        Known{"response.output_text.done", &Decoder::text_done},
        Known{"response.function_call_arguments.done", &Decoder::arguments_done},
        Known{"response.custom_tool_call_input.done", &Decoder::arguments_done},
        Known{"response.completed", &Decoder::complete},
        Known{"response.incomplete", &Decoder::complete},
    };
    for (const Known& known : handlers) {
      if (known.type == type) return (this->*known.handler)(root, out);
    }
    out.emplace_back(Heartbeat{});
  }

  void start(Value response, std::vector<Event>& out) {
    if (std::exchange(started_, true)) return;
    out.emplace_back(AnswerStart{response["id"].string(),
                                 response["model"].string(),
                                 read_time(response["created_at"]),
                                 response["service_tier"].string(),
                                 {}});
  }

  void begin(Value root, std::vector<Event>& out) {
    if (started_) out.emplace_back(Heartbeat{});
    start(root["response"], out);
  }

  // The item that an event is about; where the index is missing, by its id, else the latest.
  Running& item_of(Value root) {
    if (const auto index = root["output_index"].whole()) return items_[*index];
    const std::string id = root["item_id"].string();
    for (auto& [index, item] : items_) {
      if (!id.empty() && item.id == id) return item;
    }
    return items_.empty() ? items_[0] : items_.rbegin()->second;
  }
  // The same for events that bring an item.
  Running& item_in(Value root) {
    if (const auto index = root["output_index"].whole()) return items_[*index];
    const std::string id = root["item"]["id"].string();
    for (auto& [index, item] : items_) {
      if (!id.empty() && item.id == id) return item;
    }
    return items_[items_.empty() ? 0 : items_.rbegin()->first + 1];
  }

  Block open(Part part, std::vector<Event>& out) {
    start({}, out);
    const std::size_t number = blocks_++;
    out.emplace_back(BlockStart{number, 0, std::move(part)});
    return {number};
  }
  static void close(Block& block, std::vector<Event>& out) {
    if (std::exchange(block.open, false)) out.emplace_back(BlockEnd{block.number});
  }
  static void say(Block& block, std::string text, std::vector<Event>& out) {
    if (text.empty() || !block.open) return;
    block.has_text = true;
    BlockDelta delta;
    delta.block = block.number;
    delta.text = std::move(text);
    out.emplace_back(std::move(delta));
  }

  void tell_members(Value item, Running& running, std::vector<Event>& out) {
    if (std::exchange(running.has_members, true)) return;
    std::vector<Part> members;
    read_members(item, members);
    for (Part& member : members) {
      Block block = open(std::move(member), out);
      close(block, out);
    }
  }

  void item_added(Value root, std::vector<Event>& out) {
    start({}, out);
    const Value item = root["item"];
    Running& running = item_in(root);
    running.id = item["id"].string();
    const std::string type = item["type"].string();
    if (is_call(type)) begin_call(item, running, out);
    if (type == "message" || type == "reasoning") tell_members(item, running, out);
  }

  void begin_call(Value item, Running& running, std::vector<Event>& out) {
    if (running.call) return;
    tell_members(item, running, out);
    ToolCall call = read_call_head(item);
    if (call.id.empty()) call.id = "call_" + std::to_string(blocks_);
    running.call = open({std::move(call), {}}, out);
    calls_ = true;
  }

  // A block of a message, started when it is first heard of.
  Block* content(Running& running, std::uint64_t index, bool is_refusal, std::vector<Event>& out) {
    if (running.done) return nullptr;
    const auto found = running.contents.find(index);
    if (found != running.contents.end()) return &found->second;
    Part part{Text{}, {}};
    if (is_refusal) part.what = Refusal{};
    return &running.contents.emplace(index, open(std::move(part), out)).first->second;
  }

  // A block of a thought, started with its first text. The one before it ends, but only then: the last one gets the
  // proof.
  Block* thought(Running& running, std::uint64_t index, bool is_summary, std::vector<Event>& out) {
    if (running.done) return nullptr;
    auto& blocks = is_summary ? running.summaries : running.contents;
    const auto found = blocks.find(index);
    if (found != blocks.end()) return &found->second;
    close_thoughts(running, out);
    Thinking thinking;
    thinking.id = shown_id(running);
    thinking.format = thinking_format::responses;
    thinking.is_summary = is_summary;
    Block& block = blocks.emplace(index, open({std::move(thinking), {}}, out)).first->second;
    running.last_thought = block.number;
    return &block;
  }
  static void close_thoughts(Running& running, std::vector<Event>& out) {
    for (auto* blocks : {&running.summaries, &running.contents}) {
      for (auto& [index, block] : *blocks) close(block, out);
    }
  }
  static std::string shown_id(const Running& running) {
    return running.id.find("_sluice_") == 2 ? std::string() : running.id;
  }

  static std::uint64_t index_in(Value root, std::string_view member) { return root[member].whole().value_or(0); }

  void part_added(Value root, std::vector<Event>& out) {
    const Value part = root["part"];
    const bool is_refusal = part["type"].is("refusal");
    if (!is_refusal && !part["type"].is("output_text")) return;
    content(item_of(root), index_in(root, "content_index"), is_refusal, out);
  }
  void part_done(Value root, std::vector<Event>& out) {
    finish_part(item_of(root), index_in(root, "content_index"), root["part"], out);
  }

  void text_delta(Value root, std::vector<Event>& out) {
    Block* const block = content(item_of(root), index_in(root, "content_index"), false, out);
    if (block == nullptr) return;
    say(*block, root["delta"].string(), out);
    tell_logprobs(root["logprobs"], out);
  }
  void tell_logprobs(Value list, std::vector<Event>& out) {
    RawJson entries = read_list(list);
    if (!entries) return;
    has_logprobs_ = true;
    out.emplace_back(LogprobsSeen{0, std::move(entries)});
  }
  void refusal_delta(Value root, std::vector<Event>& out) {
    Block* const block = content(item_of(root), index_in(root, "content_index"), true, out);
    if (block != nullptr) say(*block, root["delta"].string(), out);
  }
  void annotation(Value root, std::vector<Event>& out) {
    Block* const block = content(item_of(root), index_in(root, "content_index"), false, out);
    if (block == nullptr || !root["annotation"].is_object()) return;
    tell_annotations(*block, {"[" + std::string(root["annotation"].raw()) + "]"}, out);
  }
  static void tell_annotations(Block& block, RawJson annotations, std::vector<Event>& out) {
    if (!annotations || !block.open) return;
    block.has_annotations = true;
    BlockDelta delta;
    delta.block = block.number;
    delta.citations = std::move(annotations);
    out.emplace_back(std::move(delta));
  }
  void summary_delta(Value root, std::vector<Event>& out) { think(root, index_in(root, "summary_index"), true, out); }
  void thought_delta(Value root, std::vector<Event>& out) { think(root, index_in(root, "content_index"), false, out); }
  void think(Value root, std::uint64_t index, bool is_summary, std::vector<Event>& out) {
    std::string text = root["delta"].string();
    if (text.empty()) return;
    Block* const block = thought(item_of(root), index, is_summary, out);
    if (block != nullptr) say(*block, std::move(text), out);
  }
  void arguments_delta(Value root, std::vector<Event>& out) {
    Running& running = item_of(root);
    if (running.call) say(*running.call, root["delta"].string(), out);
  }

  // What was not told in pieces.
  void text_done(Value root, std::vector<Event>& out) {
    Block* const block = content(item_of(root), index_in(root, "content_index"), false, out);
    if (block != nullptr && !block->has_text) say(*block, root["text"].string(), out);
  }
  void arguments_done(Value root, std::vector<Event>& out) {
    Running& running = item_of(root);
    const bool is_custom = root["arguments"].absent();
    if (running.call && !running.call->has_text)
      say(*running.call, root[is_custom ? "input" : "arguments"].string(), out);
  }

  // A part of a message as a whole: what of it was not told yet.
  void finish_part(Running& running, std::uint64_t index, Value part, std::vector<Event>& out) {
    const bool is_refusal = part["type"].is("refusal");
    if (!is_refusal && !part["type"].is("output_text")) return;
    Block* const block = content(running, index, is_refusal, out);
    if (block == nullptr) return;
    if (!block->has_text) say(*block, part[is_refusal ? "refusal" : "text"].string(), out);
    if (!block->has_annotations) tell_annotations(*block, read_annotations(part["annotations"]), out);
  }

  void item_done(Value root, std::vector<Event>& out) {
    Running& running = item_in(root);
    if (running.id.empty()) running.id = root["item"]["id"].string();
    finish_item(running, root["item"], out);
  }

  void finish_item(Running& running, Value item, std::vector<Event>& out) {
    if (running.done || !item.is_object()) return;
    start({}, out);
    const std::string type = item["type"].string();
    if (type == "message") {
      finish_message(running, item, out);
    } else if (is_call(type)) {
      begin_call(item, running, out);
      if (!running.call->has_text) {
        say(*running.call, item[type == "custom_tool_call" ? "input" : "arguments"].string(), out);
      }
      close(*running.call, out);
    } else if (type == "reasoning") {
      finish_reasoning(running, item, out);
    } else {
      std::vector<Part> whole;
      read_item(item, Author::provider, whole);
      for (Part& part : whole) {
        Block block = open(std::move(part), out);
        close(block, out);
      }
    }
    running.done = true;
  }

  void finish_message(Running& running, Value item, std::vector<Event>& out) {
    const Value parts = item["content"];
    if (parts.is_array() && parts.size() > 0) tell_members(item, running, out);
    // Some servers count a thought's text in events but not here: the blocks there are go by their order.
    std::vector<std::uint64_t> indices;
    indices.reserve(running.contents.size());
    for (const auto& [index, block] : running.contents) indices.push_back(index);
    std::size_t place = 0;
    if (parts.is_array()) {
      for (const Value part : parts) {
        if (place == indices.size()) indices.push_back(indices.empty() ? 0 : indices.back() + 1);
        finish_part(running, indices[place++], part, out);
      }
    }
    for (auto& [number, block] : running.contents) close(block, out);
  }

  void finish_reasoning(Running& running, Value item, std::vector<Event>& out) {
    if (running.summaries.empty() && running.contents.empty()) tell_members(item, running, out);
    for (const bool is_summary : {true, false}) {
      const Value list = item[is_summary ? "summary" : "content"];
      std::uint64_t index = 0;
      const bool heard = !(is_summary ? running.summaries : running.contents).empty();
      if (!list.is_array() || heard) continue;
      for (const Value piece : list) {
        std::string text = piece["text"].string();
        if (!text.empty()) say(*thought(running, index, is_summary, out), std::move(text), out);
        ++index;
      }
    }
    const std::string proof = item["encrypted_content"].string();
    if (running.summaries.empty() && running.contents.empty()) {
      if (proof.empty() && shown_id(running).empty()) return;
      thought(running, 0, false, out);
    }
    if (!proof.empty()) {
      BlockDelta delta;
      delta.block = running.last_thought;
      delta.data = proof;
      out.emplace_back(std::move(delta));
    }
    close_thoughts(running, out);
  }

  void complete(Value root, std::vector<Event>& out) {
    const Value response = root["response"];
    start(response, out);
    const Value output = response["output"];
    if (items_.empty() && output.is_array()) {
      std::uint64_t index = 0;
      for (const Value item : output) {
        Running& running = items_[index++];
        running.id = item["id"].string();
        finish_item(running, item, out);
      }
    }
    // Of items whose own end did not come, the whole answer may say more.
    if (output.is_array()) {
      std::uint64_t index = 0;
      for (const Value item : output) {
        const auto found = items_.find(index++);
        const bool is_same = found != items_.end() && !found->second.done && found->second.id == item["id"].string();
        if (is_same) finish_item(found->second, item, out);
      }
    }
    for (auto& [index, running] : items_) {
      close_thoughts(running, out);
      if (running.call) close(*running.call, out);
    }
    if (!has_logprobs_ && output.is_array()) {
      for (const Value item : output) {
        if (!item["type"].is("message") || !item["content"].is_array()) continue;
        for (const Value part : item["content"]) tell_logprobs(part["logprobs"], out);
      }
    }
    out.emplace_back(ChoiceEnd{0, read_ending(response, calls_)});
    if (const auto usage = read_usage(response["usage"])) out.emplace_back(UsageSeen{*usage});
    out.emplace_back(AnswerEnd{});
    ended_ = true;
  }

  http::SseReader reader_{};
  std::map<std::uint64_t, Running> items_{};
  std::size_t blocks_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool calls_ = false;
  bool has_logprobs_ = false;
};

}  // namespace

std::unique_ptr<StreamDecoder> stream_decoder() { return std::make_unique<Decoder>(); }

}  // namespace sluice::chat::responses
