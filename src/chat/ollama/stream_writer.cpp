#include <algorithm>
#include <map>
#include <utility>

#include "chat/json_walk.hpp"
#include "chat/ollama/parts.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Writer;

constexpr std::size_t most_held = std::size_t{64} << 20;  // bytes of calls, which are said in one piece

// A block that has begun: what of it must be known as a whole.
struct Open {
  Part part{};
  std::size_t from = 0;   // of a thought, among all that was thought
  std::size_t bytes = 0;  // of its text
};

class Encoder final : public StreamEncoder {
 public:
  explicit Encoder(Form form) : form_(form) {}

  void encode(const Event& event, std::string& out) override {
    if (ended_) return;
    std::visit([&](const auto& what) { take(what, out); }, event);
  }

  const Dropped& dropped() const override { return dropped_; }

 private:
  // Says nothing yet, but shows the reader that there will be an answer.
  void take(const AnswerStart& start, std::string& out) {
    head_ = {start.model, start.created};
    write_line(nothing_said(), {}, out);
  }

  void take(const BlockStart& start, std::string& out) {
    if (start.choice != 0) return drop(dropped_, "n");
    Open& open = open_[start.block];
    if (const auto* thinking = std::get_if<Thinking>(&start.part.what)) {
      open = {start.part, thought_, 0};
      return think(open, thinking->text, out);
    }
    if (std::holds_alternative<ToolCall>(start.part.what)) {
      open.part = start.part;
      return;
    }
    Said said = nothing_said();
    said.add(start.part);
    say(said, out);
  }

  void take(const BlockDelta& delta, std::string& out) {
    const auto found = open_.find(delta.block);
    if (found == open_.end()) return;
    Open& open = found->second;
    if (auto* call = std::get_if<ToolCall>(&open.part.what)) {
      if (!delta.signature.empty()) call->signature = delta.signature;
      return hold(*call, delta.text, out);
    }
    if (auto* thinking = std::get_if<Thinking>(&open.part.what)) {
      if (!delta.signature.empty()) thinking->signature = delta.signature;
      if (!delta.data.empty()) thinking->data = delta.data;
      return think(open, delta.text, out);
    }
    Said said = nothing_said();
    said.add(Text{delta.text, delta.signature, delta.citations});
    say(said, out);
  }

  // More of a call's arguments.
  void hold(ToolCall& call, std::string_view text, std::string& out) {
    held_ += text.size();
    call.arguments += text;
    if (held_ <= most_held) return;
    encode_failure_line(Error(Fault::upstream_failed, Blame::upstream, "upstream_error",
                              "The provider sent a tool call that is too large."),
                        out);
    open_.clear();
    ended_ = true;
  }

  void take(const BlockEnd& end, std::string& out) {
    const auto found = open_.find(end.block);
    if (found == open_.end()) return;
    const Open open = std::move(found->second);
    open_.erase(found);
    Said said = nothing_said();
    if (const auto* call = std::get_if<ToolCall>(&open.part.what)) {
      held_ -= std::min(held_, call->arguments.size());
      said.add(*call);
      calls_ = said.calls;
    } else if (const auto* thinking = std::get_if<Thinking>(&open.part.what)) {
      if (form_ == Form::messages) said.add_proof(*thinking, open.from, open.bytes);
    }
    say(said, out);
  }

  void take(const LogprobsSeen& seen, std::string& out) {
    if (seen.choice != 0) return drop(dropped_, "n");
    if (seen.content) write_line(nothing_said(), seen.content.bytes, out);
  }

  void take(const ChoiceEnd& end, std::string&) {
    if (end.choice != 0) return drop(dropped_, "n");
    ending_ = end.ending;
    drop_ending(dropped_, end.ending);
  }

  void take(const UsageSeen& seen, std::string&) { usage_ = seen.usage; }
  void take(const Heartbeat&, std::string&) {}

  void take(const AnswerEnd&, std::string& out) {
    Writer writer(out);
    writer.open_object();
    write_said(writer, form_, head_, nothing_said(), dropped_);
    write_end(writer, ending_, usage_);
    writer.close_object();
    out += '\n';
    ended_ = true;
  }

  void take(const AnswerFailed& failed, std::string& out) {
    encode_failure_line(failed.error, out);
    ended_ = true;
  }

  Said nothing_said() {
    Said said(Reader{dropped_, false});
    said.calls = calls_;
    return said;
  }

  void say(const Said& said, std::string& out) {
    if (!said.empty()) write_line(said, {}, out);
  }

  void think(Open& open, std::string_view text, std::string& out) {
    open.bytes += text.size();
    thought_ += text.size();
    Said said = nothing_said();
    said.add_thought(text);
    say(said, out);
  }

  void write_line(const Said& said, std::string_view logprobs, std::string& out) {
    std::string line;
    Writer writer(line);
    writer.open_object();
    write_said(writer, form_, head_, said, dropped_);
    writer.member("done", false).raw_member_if("logprobs", logprobs).close_object();
    // Line ends between the tokens of somebody else's JSON would end the line here.
    out += json::on_one_line(line);
    out += '\n';
  }

  const Form form_;
  Head head_{};
  std::map<std::size_t, Open> open_{};
  std::size_t held_ = 0;
  std::size_t calls_ = 0;
  std::size_t thought_ = 0;  // bytes of thinking so far
  Ending ending_{};
  std::optional<Usage> usage_{};
  Dropped dropped_{};
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> make_encoder(Form form) { return std::make_unique<Encoder>(form); }

}  // namespace sluice::chat::ollama_api
