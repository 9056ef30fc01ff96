#include <map>
#include <utility>

#include <sluice/http/sse.hpp>

#include "chat/cohere_v2/parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;

class Decoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    std::size_t done = 0;
    http::SseEvent event;
    while (!ended_ && reader_.next(bytes.substr(done), event)) {
      done += event.raw.size();
      if (event.has_data && !read(event, out)) return unreadable("The provider's stream cannot be read.");
    }
    return ended_ ? bytes.size() : done;
  }

  Result<> finish(std::vector<Event>&) override {
    if (!ended_) return ended_early();
    return Ok{};
  }

 private:
  // Contents and calls are counted apart. One of each kind is open at a time, but nobody promises that.
  enum class Kind : std::uint8_t { text, thinking, plan, call };
  using Key = std::pair<bool, std::uint64_t>;  // whether it is a call, and its number
  struct Open {
    Kind kind = Kind::text;
    std::size_t block = 0;
  };

  bool read(const http::SseEvent& event, std::vector<Event>& out) {
    const std::string_view data = json::trimmed(event.data);
    if (data == "[DONE]") return true;
    const json::Tree tree = json::Tree::read(data);
    const Value root = tree.root();
    if (!root.is_object()) return false;
    const std::string type = root["type"].is_string() ? root["type"].string() : std::string(event.name);
    const Value delta = root["delta"];
    const std::uint64_t index = root["index"].whole().value_or(0);
    const bool is_failed =
        is_failure(delta["finish_reason"].string()) || (root["type"].absent() && root["message"].is_string());
    if (is_failed) {
      out.emplace_back(AnswerFailed{decode_failure(200, root)});
      ended_ = true;
      return true;
    }
    start(root, out);
    const Value message = delta["message"];
    if (type == "content-start") begin_content(index, message["content"], out);
    if (type == "content-delta") add_content(index, message["content"], out);
    if (type == "content-end") end_content(index, out);
    if (type == "tool-plan-delta") add_plan(message["tool_plan"], out);
    if (type == "tool-call-start") begin_call(index, first_of(message["tool_calls"]), out);
    if (type == "tool-call-delta") add_call(index, first_of(message["tool_calls"]), out);
    if (type == "tool-call-end") end_block({true, index}, out);
    if (type == "citation-start") add_citation(first_of(message["citations"]), out);
    if (type == "message-end") end(delta, out);
    return true;
  }

  // Some servers put the one they mean in a list.
  static Value first_of(Value given) { return given.is_array() ? given[0] : given; }

  void start(Value root, std::vector<Event>& out) {
    if (std::exchange(started_, true)) return;
    AnswerStart start;
    start.id = root["id"].string();
    out.emplace_back(std::move(start));
  }

  std::size_t begin(Part part, std::vector<Event>& out) {
    end_plan(out);
    end_text(out);
    out.emplace_back(BlockStart{blocks_, 0, std::move(part)});
    return blocks_++;
  }

  void begin_as(std::uint64_t index, Kind kind, std::vector<Event>& out) {
    Part part;
    if (kind == Kind::thinking) part.what = Thinking{};
    open_[{false, index}] = {kind, begin(std::move(part), out)};
  }

  void begin_content(std::uint64_t index, Value content, std::vector<Event>& out) {
    end_block({false, index}, out);
    const bool is_thought = content["type"].is("thinking") || content["thinking"].is_string();
    begin_as(index, is_thought ? Kind::thinking : Kind::text, out);
    add_content(index, content, out);
  }

  void add_content(std::uint64_t index, Value content, std::vector<Event>& out) {
    const Kind kind = content["thinking"].is_string() ? Kind::thinking : Kind::text;
    const std::string text = content[kind == Kind::thinking ? "thinking" : "text"].string();
    if (text.empty()) return;
    auto found = open_.find({false, index});
    if (found == open_.end() || found->second.kind != kind) {
      end_block({false, index}, out);
      begin_as(index, kind, out);
      found = open_.find({false, index});
    }
    out.emplace_back(BlockDelta{found->second.block, text, {}, {}, {}});
  }

  // Citations of a text may come after its end, so that is held back.
  void end_content(std::uint64_t index, std::vector<Event>& out) {
    const auto found = open_.find({false, index});
    if (found == open_.end()) return;
    if (found->second.kind != Kind::text) return end_block({false, index}, out);
    end_text(out);
    text_ended_ = found->second.block;
    open_.erase(found);
  }

  void end_text(std::vector<Event>& out) {
    if (text_ended_) out.emplace_back(BlockEnd{*text_ended_});
    text_ended_.reset();
  }

  void add_plan(Value plan, std::vector<Event>& out) {
    const std::string text = plan.string();
    if (text.empty()) return;
    if (!plan_) plan_ = begin({Thinking{{}, {}, {}, {}, std::string(plan_format), false}, {}}, out);
    out.emplace_back(BlockDelta{*plan_, text, {}, {}, {}});
  }

  void end_plan(std::vector<Event>& out) {
    if (plan_) out.emplace_back(BlockEnd{*plan_});
    plan_.reset();
  }

  void begin_call(std::uint64_t index, Value given, std::vector<Event>& out) {
    end_block({true, index}, out);
    ToolCall call;
    call.id = given["id"].string();
    if (call.id.empty()) call.id = "call_" + std::to_string(blocks_);
    call.name = given["function"]["name"].string();
    has_calls_ = true;
    open_[{true, index}] = {Kind::call, begin({std::move(call), {}}, out)};
    add_call(index, given, out);
  }

  void add_call(std::uint64_t index, Value given, std::vector<Event>& out) {
    const auto found = open_.find({true, index});
    const std::string fragment = given["function"]["arguments"].string();
    if (found == open_.end() || fragment.empty()) return;
    out.emplace_back(BlockDelta{found->second.block, fragment, {}, {}, {}});
  }

  void end_block(Key key, std::vector<Event>& out) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    out.emplace_back(BlockEnd{found->second.block});
    open_.erase(found);
  }

  void add_citation(Value citation, std::vector<Event>& out) {
    if (!citation.is_object()) return;
    const auto open = open_.find({false, citation["content_index"].whole().value_or(0)});
    std::optional<std::size_t> block = text_ended_;
    if (open != open_.end() && open->second.kind == Kind::text) block = open->second.block;
    if (block && citation["sources"].is_array() && !citation["type"].is("PLAN")) {
      BlockDelta delta;
      delta.block = *block;
      delta.citations.bytes = "[" + std::string(citation.raw()) + "]";
      out.emplace_back(std::move(delta));
      return;
    }
    const std::size_t own =
        begin({Opaque{std::string(dialect_name), "messages.annotations", {std::string(citation.raw())}}, {}}, out);
    out.emplace_back(BlockEnd{own});
  }

  void end(Value delta, std::vector<Event>& out) {
    end_plan(out);
    end_text(out);
    while (!open_.empty()) end_block(open_.begin()->first, out);
    out.emplace_back(ChoiceEnd{0, read_ending(delta["finish_reason"].string(), has_calls_)});
    if (const auto usage = read_usage(delta["usage"])) out.emplace_back(UsageSeen{*usage});
    out.emplace_back(AnswerEnd{});
    ended_ = true;
  }

  http::SseReader reader_{};
  std::map<Key, Open> open_{};
  std::optional<std::size_t> plan_{};
  std::optional<std::size_t> text_ended_{};  // a text whose end is held back
  std::size_t blocks_ = 0;
  bool started_ = false;
  bool has_calls_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_decoder() { return std::make_unique<Decoder>(); }

}  // namespace sluice::chat::cohere
