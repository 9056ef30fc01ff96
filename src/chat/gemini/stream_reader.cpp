#include <algorithm>
#include <utility>

#include <sluice/http/sse.hpp>

#include "chat/gemini/parts.hpp"
#include "chat/timestamps.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::generate_content {
namespace {

constexpr std::size_t most_candidates = 128;

// Finds the elements of a JSON array, or a single object, as they arrive; each byte is looked at once.
class ElementReader {
 public:
  // The next whole element; `bytes` begins where the last call's consumed() ended. Nothing: more is needed.
  std::optional<std::string_view> next(std::string_view bytes) {
    for (; at_ < bytes.size(); ++at_) {
      const char c = bytes[at_];
      if (depth_ == 0) {
        if (c == '{') {
          begin_ = at_;
          depth_ = 1;
        } else if (!json::is_space(c) && c != '[' && c != ']' && c != ',') {
          broken_ = true;
          return std::nullopt;
        }
        continue;
      }
      if (is_end(c)) return bytes.substr(begin_, ++at_ - begin_);
    }
    return std::nullopt;
  }

  // How many bytes at the front are done with. The next call brings the rest.
  std::size_t consumed() {
    const std::size_t done = depth_ > 0 ? begin_ : at_;
    at_ -= done;
    begin_ = 0;
    return done;
  }

  bool inside() const { return depth_ > 0; }
  bool broken() const { return broken_; }

 private:
  bool is_end(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      return false;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') --depth_;
    return depth_ == 0;
  }

  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool broken_ = false;
};

// One candidate on its way.
struct Candidate {
  bool seen = false;
  bool has_calls = false;
  bool has_content = false;
  std::optional<std::size_t> block{};           // the one that is open
  Part open{};                                  // what it is, without its text
  std::optional<PartialArguments> arguments{};  // of an open call
  std::string finish{};
  std::vector<Part> riders{};
  std::string logprobs{};  // of the chunk at hand, not told yet
};

class Decoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    if (framing_ == Framing::unknown && !find_framing(bytes)) return std::size_t{0};
    if (failed_) return bytes.size();
    return framing_ == Framing::events ? read_events(bytes, out) : read_elements(bytes, out);
  }

  Result<> finish(std::vector<Event>& out) override {
    if (failed_) return Ok{};
    const bool all_ended = std::all_of(candidates_.begin(), candidates_.end(),
                                       [](const Candidate& each) { return !each.seen || !each.finish.empty(); });
    if (elements_.inside() || !started_ || !all_ended || (candidates_.empty() && !feedback_)) return ended_early();
    if (candidates_.empty()) {
      candidate(0)->seen = true;
      refused_ = true;
    }
    for (std::size_t index = 0; index < candidates_.size(); ++index) {
      if (candidates_[index].seen) end_choice(index, out);
    }
    out.emplace_back(AnswerEnd{});
    return Ok{};
  }

 private:
  enum class Framing : std::uint8_t { unknown, events, elements };

  // A stream without events is one JSON array, of which the first byte tells.
  bool find_framing(std::string_view bytes) {
    const std::size_t at = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (at == std::string_view::npos) return false;
    framing_ = bytes[at] == '[' || bytes[at] == '{' ? Framing::elements : Framing::events;
    return true;
  }

  Result<std::size_t> read_events(std::string_view bytes, std::vector<Event>& out) {
    std::size_t done = 0;
    http::SseEvent event;
    while (!failed_ && reader_.next(bytes.substr(done), event)) {
      done += event.raw.size();
      const std::string_view data = json::trimmed(event.data);
      if (!event.has_data || data.empty() || data == "[DONE]") {
        out.emplace_back(Heartbeat{});
        continue;
      }
      if (const Result<> read = read_chunk(data, out); !read) return read.error();
    }
    return done;
  }

  Result<std::size_t> read_elements(std::string_view bytes, std::vector<Event>& out) {
    while (!failed_) {
      const auto element = elements_.next(bytes);
      if (!element) break;
      if (const Result<> read = read_chunk(*element, out); !read) return read.error();
    }
    if (elements_.broken()) return unreadable("The provider's stream is not a JSON array.");
    return failed_ ? bytes.size() : elements_.consumed();
  }

  Result<> read_chunk(std::string_view data, std::vector<Event>& out) {
    const json::Tree tree = json::Tree::read(data);
    const json::Value root = tree.root().is_array() ? tree.root()[std::size_t{0}] : tree.root();
    if (!root.is_object()) return unreadable("The provider's stream has an event that cannot be read.");
    if (root["error"].is_object()) {
      failed_ = true;
      out.emplace_back(AnswerFailed{decode_failure(200, data)});
      return Ok{};
    }
    start(root, out);
    std::size_t position = 0;
    for (const json::Value each : items(root["candidates"])) {
      const Result<> read = read_candidate(each, position++, out);
      if (!read) return read;
    }
    if (const json::Value feedback = root["promptFeedback"]; feedback.is_object() && feedback.size() > 0) {
      feedback_ = compact(feedback.raw());
    }
    const auto usage = read_usage(root["usageMetadata"]);
    if (usage && usage != usage_) out.emplace_back(UsageSeen{*usage});
    if (usage) usage_ = usage;
    return Ok{};
  }

  void start(json::Value root, std::vector<Event>& out) {
    if (started_ || root.size() == 0) return;
    started_ = true;
    answer_id_ = root["responseId"].string();
    out.emplace_back(AnswerStart{answer_id_,
                                 root["modelVersion"].string(),
                                 read_timestamp(root["createTime"].string()),
                                 read_tier(root["usageMetadata"]),
                                 {}});
  }

  Candidate* candidate(std::size_t index) {
    if (index >= most_candidates) return nullptr;
    if (index >= candidates_.size()) candidates_.resize(index + 1);
    return &candidates_[index];
  }

  Result<> read_candidate(json::Value from, std::size_t position, std::vector<Event>& out) {
    const std::size_t index = static_cast<std::size_t>(from["index"].whole().value_or(position));
    Candidate* const to = candidate(index);
    if (to == nullptr) return unreadable("The provider's stream has too many candidates.");
    to->seen = true;
    to->logprobs = read_logprobs(from["logprobsResult"]);
    for (const json::Value part : items(from["content"]["parts"])) read_wire_part(part, *to, index, out);
    tell_logprobs(*to, index, out);
    if (std::string word = finish_word(from["finishReason"]); !word.empty()) to->finish = std::move(word);
    for (Part& rider : read_candidate_riders(from)) keep_rider(std::move(rider), to->riders);
    return Ok{};
  }

  static void tell_logprobs(Candidate& to, std::size_t index, std::vector<Event>& out) {
    if (!to.logprobs.empty()) out.emplace_back(LogprobsSeen{index, {std::exchange(to.logprobs, {})}});
  }

  // A later one replaces an earlier one of its kind.
  static void keep_rider(Part rider, std::vector<Part>& riders) {
    const std::string& kind = std::get<Opaque>(rider.what).kind;
    const auto same = std::find_if(riders.begin(), riders.end(),
                                   [&](const Part& each) { return std::get<Opaque>(each.what).kind == kind; });
    if (same == riders.end()) {
      riders.push_back(std::move(rider));
    } else {
      *same = std::move(rider);
    }
  }

  void read_wire_part(json::Value part, Candidate& to, std::size_t index, std::vector<Event>& out) {
    const json::Value call = member(part, "functionCall");
    const bool goes_on = member(call, "willContinue").boolean().value_or(false);
    const json::Value pieces = member(call, "partialArgs");
    const bool is_named = !call["name"].string().empty();
    if (call.is_object() && (!is_named || goes_on || pieces)) {
      if (is_named) open_call(part, call, to, index, out);
      take_pieces(pieces, to);
      if (!goes_on) close_call(to, out);
      return;
    }
    close_call(to, out);
    std::vector<Part> parts;
    read_part(part, Side::provider, parts);
    bool after_rider = false;
    for (Part& each : parts) {
      const auto* const opaque = std::get_if<Opaque>(&each.what);
      const bool is_rider = opaque != nullptr && is_own(*opaque, part_rider);
      if (!says_nothing(each) || after_rider) emit(std::move(each), to, index, out);
      after_rider = is_rider;
    }
  }

  void open_call(json::Value part, json::Value call, Candidate& to, std::size_t index, std::vector<Event>& out) {
    close(to, out);
    ToolCall start{call["id"].string(), call["name"].string(), {}, {}, {}, false};
    if (start.id.empty()) start.id = minted_id(answer_id_, blocks_);
    begin({start, {}}, to, index, out);
    to.has_calls = true;
    to.arguments.emplace();
    if (std::string signature = member(part, "thoughtSignature").string(); !signature.empty()) {
      out.emplace_back(BlockDelta{*to.block, {}, std::move(signature), {}, {}});
    }
  }

  static void take_pieces(json::Value pieces, Candidate& to) {
    if (!to.arguments) return;
    for (const json::Value piece : items(pieces)) to.arguments->take(piece);
  }

  // The arguments have come together, and are said at once: pieces of them may have come in any order.
  void close_call(Candidate& to, std::vector<Event>& out) {
    if (!to.arguments) return;
    std::string text = to.arguments->text();
    if (!text.empty()) out.emplace_back(BlockDelta{*to.block, std::move(text), {}, {}, {}});
    to.arguments.reset();
    close(to, out);
  }

  void begin(Part start, Candidate& to, std::size_t index, std::vector<Event>& out) {
    to.block = blocks_++;
    to.has_content = true;
    to.open = start;
    out.emplace_back(BlockStart{*to.block, index, std::move(start)});
  }

  void close(Candidate& to, std::vector<Event>& out) {
    if (to.block) out.emplace_back(BlockEnd{*to.block});
    to.block.reset();
  }

  // A whole part as events. What may go on stays open.
  void emit(Part part, Candidate& to, std::size_t index, std::vector<Event>& out) {
    const bool joins = to.block && goes_on(to.open, part);
    BlockDelta delta;
    bool stays_open = false;
    Part start = std::move(part);
    if (auto* const text = std::get_if<Text>(&start.what)) {
      delta.text = std::move(text->text);
      delta.signature = std::move(text->signature);
      *text = {};
      stays_open = delta.signature.empty();
    } else if (auto* const thinking = std::get_if<Thinking>(&start.what)) {
      delta.text = std::exchange(thinking->text, {});
      delta.signature = std::exchange(thinking->signature, {});
      delta.data = std::exchange(thinking->data, {});
      stays_open = delta.signature.empty() && delta.data.empty();
    } else if (auto* const call = std::get_if<ToolCall>(&start.what)) {
      if (call->id.empty()) call->id = minted_id(answer_id_, blocks_);
      delta.text = std::exchange(call->arguments, {});
      delta.signature = std::exchange(call->signature, {});
      to.has_calls = true;
    }
    if (!joins) {
      close(to, out);
      begin(std::move(start), to, index, out);
    }
    delta.block = *to.block;
    if (!delta.text.empty() || !delta.signature.empty() || !delta.data.empty()) out.emplace_back(std::move(delta));
    // While the text they belong to is open.
    if (std::holds_alternative<Text>(to.open.what)) tell_logprobs(to, index, out);
    if (!stays_open) close(to, out);
  }

  // A signed text is a part of its own, a signed thought ends the one before.
  static bool goes_on(const Part& open, const Part& next) {
    const auto* const thought = std::get_if<Thinking>(&open.what);
    const auto* const more = std::get_if<Thinking>(&next.what);
    if (thought != nullptr && more != nullptr) return thought->format == more->format && thought->id == more->id;
    return continues(open, next);
  }

  void end_choice(std::size_t index, std::vector<Event>& out) {
    Candidate& to = candidates_[index];
    close_call(to, out);
    close(to, out);
    const bool has_content = to.has_content;
    if (index == 0 && feedback_) {
      to.riders.push_back({Opaque{std::string(dialect_name), std::string(feedback_rider), {*feedback_}}, {}});
    }
    for (Part& rider : to.riders) {
      begin(std::move(rider), to, index, out);
      close(to, out);
    }
    Ending ending = ending_of(std::move(to.finish), to.has_calls, has_content);
    if (refused_) ending = ending_of_feedback(json::Tree::read(*feedback_).root());
    out.emplace_back(ChoiceEnd{index, std::move(ending)});
  }

  Framing framing_ = Framing::unknown;
  http::SseReader reader_;
  ElementReader elements_;
  std::string answer_id_{};
  std::vector<Candidate> candidates_{};
  std::optional<std::string> feedback_{};
  std::optional<Usage> usage_{};
  std::size_t blocks_ = 0;
  bool started_ = false;
  bool refused_ = false;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<StreamDecoder> stream_decoder() { return std::make_unique<Decoder>(); }

}  // namespace sluice::chat::generate_content
