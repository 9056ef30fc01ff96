#include <map>
#include <utility>

#include <sluice/http/event_stream.hpp>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/exceptions.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Value;

// A content block that has not ended.
struct Open {
  enum class Kind : std::uint8_t { nothing, text, thinking, call, own_use, own_result, image };
  Kind kind = Kind::nothing;
  std::size_t block = 0;
  // What a block that is kept whole consists of.
  std::string id{};
  std::string name{};
  std::string type{};
  std::string content{};
};

class Decoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    std::size_t done = 0;
    http::Frame frame;
    while (done < bytes.size()) {
      if (ended_) return bytes.size();
      const http::FrameStep step = http::read_frame(bytes.substr(done), frame);
      if (step == http::FrameStep::bad) return unreadable("The provider's stream cannot be read.");
      if (step == http::FrameStep::more) break;
      done += frame.raw.size();
      if (!read(frame, out)) return unreadable("The provider's stream cannot be read.");
    }
    has_rest_ = done < bytes.size();
    return done;
  }

  Result<> finish(std::vector<Event>& out) override {
    if (ended_) return Ok{};
    if (has_rest_ || !stopped_) return ended_early();
    end(out);
    return Ok{};
  }

 private:
  bool read(const http::Frame& frame, std::vector<Event>& out) {
    if (ended_) return true;
    if (frame.message_type == "exception" || frame.message_type == "error") {
      const bool is_text = frame.payload.empty();
      out.emplace_back(AnswerFailed{read_exception(200, is_text ? frame.error_message : frame.payload, frame.name)});
      ended_ = true;
      return true;
    }
    if (frame.message_type != "event" && !frame.message_type.empty()) return true;
    const json::Tree tree = json::Tree::read(frame.payload);
    const Value root = tree.root();
    const bool has_index = frame.name.starts_with("contentBlock");
    if (!has_index && frame.name != "messageStart" && frame.name != "messageStop" && frame.name != "metadata") {
      return true;
    }
    const auto index = root["contentBlockIndex"].whole();
    if (!root.is_object() || (has_index && !index)) return false;
    start(out);
    if (frame.name == "contentBlockStart") begin_block(*index, root["start"], out);
    if (frame.name == "contentBlockDelta") add_to_block(*index, root["delta"], out);
    if (frame.name == "contentBlockStop") end_block(*index, out);
    if (frame.name == "messageStop") stop(root, out);
    if (frame.name == "metadata") take_metadata(root, out);
    return true;
  }

  void start(std::vector<Event>& out) {
    if (!std::exchange(started_, true)) out.emplace_back(AnswerStart{});
  }

  void begin(Open& open, Open::Kind kind, Part part, std::vector<Event>& out) {
    open.kind = kind;
    open.block = blocks_++;
    out.emplace_back(BlockStart{open.block, 0, std::move(part)});
  }

  void begin_block(std::uint64_t index, Value given, std::vector<Event>& out) {
    end_block(index, out);
    Open& open = open_[index];
    const Value use = given["toolUse"];
    const Value result = given["toolResult"];
    open.type = use.is_object() ? use["type"].string() : result["type"].string();
    if (use.is_object()) {
      open.id = use["toolUseId"].string();
      open.name = use["name"].string();
      if (open.id.empty()) open.id = "call_" + std::to_string(blocks_);
      open.kind = Open::Kind::own_use;
      if (!open.type.empty() && open.type != "tool_use") return;
      has_calls_ = true;
      begin(open, Open::Kind::call, {ToolCall{open.id, open.name, {}, {}, {}}, {}}, out);
    } else if (result.is_object()) {
      open.kind = Open::Kind::own_result;
      open.id = result["toolUseId"].string();
      open.name = result["status"].string();
    } else if (given["image"].is_object()) {
      open.kind = Open::Kind::image;
      open.type = given["image"]["format"].string();
    }
  }

  // Blocks of text and thinking begin with what they say.
  void become(Open& open, Open::Kind kind, Part part, std::vector<Event>& out) {
    if (open.kind == kind) return;
    if (open.kind == Open::Kind::text || open.kind == Open::Kind::thinking || open.kind == Open::Kind::call) {
      out.emplace_back(BlockEnd{open.block});
    }
    begin(open, kind, std::move(part), out);
  }

  void add_to_block(std::uint64_t index, Value delta, std::vector<Event>& out) {
    Open& open = open_[index];
    BlockDelta more;
    if (delta["text"].is_string()) {
      become(open, Open::Kind::text, {Text{}, {}}, out);
      more.text = delta["text"].string();
    } else if (const Value citation = delta["citation"]; citation.is_object()) {
      become(open, Open::Kind::text, {Text{}, {}}, out);
      more.citations.bytes = "[" + std::string(citation.raw()) + "]";
      if (!own_citations(more.citations)) more.citations = {};
    } else if (const Value thought = delta["reasoningContent"]; thought.is_object()) {
      return add_thought(open, thought, out);
    } else if (delta["toolUse"]["input"].is_string()) {
      if (open.kind == Open::Kind::own_use) open.content += delta["toolUse"]["input"].string();
      if (open.kind != Open::Kind::call) return;
      more.text = delta["toolUse"]["input"].string();
    } else if (open.kind == Open::Kind::own_result) {
      append_items(delta["toolResult"], open.content);
    } else if (open.kind == Open::Kind::image) {
      open.content += delta["image"]["source"]["bytes"].string();
    }
    send(open, std::move(more), out);
  }

  static void send(const Open& open, BlockDelta more, std::vector<Event>& out) {
    if (more.text.empty() && more.signature.empty() && more.data.empty() && !more.citations) return;
    more.block = open.block;
    out.emplace_back(std::move(more));
  }

  void add_thought(Open& open, Value thought, std::vector<Event>& out) {
    Thinking thinking;
    thinking.format = thinking_format::anthropic;
    BlockDelta more;
    if (thought["redactedContent"].is_string()) {
      read_redacted(thought["redactedContent"].string(), thinking);
      more.data = std::exchange(thinking.data, {});
    }
    more.text = thought["text"].string();
    more.signature = thought["signature"].string();
    become(open, Open::Kind::thinking, {std::move(thinking), {}}, out);
    send(open, std::move(more), out);
  }

  void end_block(std::uint64_t index, std::vector<Event>& out) {
    const auto found = open_.find(index);
    if (found == open_.end()) return;
    const Open open = std::move(found->second);
    open_.erase(found);
    close(open, out);
  }

  void close(const Open& open, std::vector<Event>& out) {
    Part part;
    switch (open.kind) {
      case Open::Kind::nothing:
        return;
      case Open::Kind::own_use: {
        const bool is_object = json::Tree::read(open.content).root().is_object();
        part.what = Opaque{std::string(dialect_name),
                           "messages.toolUse",
                           {own_tool_use(open.id, open.name, is_object ? open.content : "{}", open.type)}};
        break;
      }
      case Open::Kind::own_result: {
        const std::string block = own_tool_result(open.id, "[" + open.content + "]", open.name, open.type);
        const std::string list = "[" + block + "]";
        const json::Tree tree = json::Tree::read(list);
        std::vector<Part> parts;
        if (!read_blocks(tree.root(), parts) || parts.empty()) return;
        part = std::move(parts.front());
        break;
      }
      case Open::Kind::image: {
        const auto media = image_of(open);
        if (!media) return;
        part.what = *media;
        break;
      }
      default:
        out.emplace_back(BlockEnd{open.block});
        return;
    }
    const std::size_t block = blocks_++;
    out.emplace_back(BlockStart{block, 0, std::move(part)});
    out.emplace_back(BlockEnd{block});
  }

  static std::optional<Media> image_of(const Open& open) {
    std::string block;
    json::Writer writer(block);
    writer.open_object().member("format", open.type).name("source").open_object().member("bytes", open.content);
    writer.close_object().close_object();
    const json::Tree tree = json::Tree::read(block);
    return read_media(Media::Kind::image, tree.root());
  }

  void stop(Value root, std::vector<Event>& out) {
    if (std::exchange(stopped_, true)) return;
    while (!open_.empty()) end_block(open_.begin()->first, out);
    out.emplace_back(ChoiceEnd{0, read_ending(root["stopReason"].string(), has_calls_)});
    if (counted_) end(out);
  }

  void take_metadata(Value root, std::vector<Event>& out) {
    if (const auto usage = read_usage(root["usage"])) out.emplace_back(UsageSeen{*usage});
    counted_ = true;
    if (stopped_) end(out);
  }

  void end(std::vector<Event>& out) {
    out.emplace_back(AnswerEnd{});
    ended_ = true;
  }

  std::map<std::uint64_t, Open> open_{};
  std::size_t blocks_ = 0;
  bool started_ = false;
  bool has_calls_ = false;
  bool stopped_ = false;   // messageStop was seen
  bool counted_ = false;   // metadata was seen
  bool ended_ = false;     // the answer, well or badly
  bool has_rest_ = false;  // a frame has begun
};

}  // namespace

std::unique_ptr<StreamDecoder> make_decoder() { return std::make_unique<Decoder>(); }

}  // namespace sluice::chat::bedrock
