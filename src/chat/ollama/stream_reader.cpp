#include <algorithm>
#include <optional>
#include <utility>

#include "chat/json_walk.hpp"
#include "chat/logprobs.hpp"
#include "chat/ollama/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/timestamps.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Value;

class Decoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    std::size_t done = 0;
    while (!ended_) {
      const std::size_t end = bytes.find('\n', std::max(done, searched_));
      if (end == std::string_view::npos) {
        searched_ = bytes.size() - done;
        return done;
      }
      searched_ = 0;
      const std::string_view line = json::trimmed(bytes.substr(done, end - done));
      done = end + 1;
      if (!line.empty() && !read(line, out)) return unreadable("The provider's stream cannot be read.");
    }
    return bytes.size();
  }

  Result<> finish(std::vector<Event>&) override {
    if (!ended_) return ended_early();
    return Ok{};
  }

 private:
  // A block that is open: text, or else thinking.
  struct Open {
    std::size_t block = 0;
    bool is_text = true;
  };

  bool read(std::string_view line, std::vector<Event>& out) {
    const json::Tree tree = json::Tree::read(line);
    const Value root = tree.root();
    if (!root.is_object()) return false;
    if (!root["error"].absent()) {
      out.emplace_back(AnswerFailed{decode_failure(200, line)});
      ended_ = true;
      return true;
    }
    const std::string created = root["created_at"].string();
    start(root, created, out);
    std::vector<Part> parts;
    if (!root["message"].absent() && !read_message(root["message"], created, calls_, parts)) return false;
    std::string logprobs;
    if (root["logprobs"].is_array() && root["logprobs"].size() > 0) logprobs = complete_logprobs(root["logprobs"]);
    for (Part& part : parts) {
      const bool is_text = std::holds_alternative<Text>(part.what);
      take(std::move(part), out);
      // While the text they belong to is open.
      if (is_text && !logprobs.empty()) out.emplace_back(LogprobsSeen{0, {std::exchange(logprobs, {})}});
    }
    if (!logprobs.empty()) out.emplace_back(LogprobsSeen{0, {std::move(logprobs)}});
    if (root["done"].boolean().value_or(false)) end(root, line, out);
    return true;
  }

  void start(Value root, std::string_view created, std::vector<Event>& out) {
    if (std::exchange(started_, true)) return;
    AnswerStart start;
    start.model = root["model"].string();
    start.created = read_timestamp(created);
    out.emplace_back(std::move(start));
  }

  void take(Part part, std::vector<Event>& out) {
    if (const auto* text = std::get_if<Text>(&part.what)) return add(true, text->text, out);
    if (const auto* thinking = std::get_if<Thinking>(&part.what)) return add(false, thinking->text, out);
    close(out);
    const std::size_t block = blocks_++;
    BlockDelta arguments;
    if (auto* call = std::get_if<ToolCall>(&part.what)) {
      ++calls_;
      arguments.text = std::exchange(call->arguments, {});
      arguments.signature = std::exchange(call->signature, {});
    }
    arguments.block = block;
    out.emplace_back(BlockStart{block, 0, std::move(part)});
    if (!arguments.text.empty()) out.emplace_back(std::move(arguments));
    out.emplace_back(BlockEnd{block});
  }

  void add(bool is_text, std::string text, std::vector<Event>& out) {
    if (open_ && open_->is_text != is_text) close(out);
    if (!open_) {
      open_ = {blocks_++, is_text};
      Part part;
      if (!is_text) part.what = Thinking{};
      out.emplace_back(BlockStart{open_->block, 0, std::move(part)});
    }
    out.emplace_back(BlockDelta{open_->block, std::move(text), {}, {}, {}});
  }

  void close(std::vector<Event>& out) {
    if (open_) out.emplace_back(BlockEnd{open_->block});
    open_.reset();
  }

  void end(Value root, std::string_view line, std::vector<Event>& out) {
    close(out);
    out.emplace_back(ChoiceEnd{0, read_ending(root["done_reason"].string(), calls_ > 0)});
    if (const auto usage = sense_of(line).usage) out.emplace_back(UsageSeen{*usage});
    out.emplace_back(AnswerEnd{});
    ended_ = true;
  }

  std::size_t searched_ = 0;  // bytes of an unfinished line that were looked at before
  std::optional<Open> open_{};
  std::size_t blocks_ = 0;
  std::size_t calls_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_decoder() { return std::make_unique<Decoder>(); }

}  // namespace sluice::chat::ollama_api
