#include <algorithm>
#include <map>

#include "chat/gemini/parts.hpp"
#include "chat/timestamps.hpp"

namespace sluice::chat::generate_content {
namespace {

class Encoder final : public StreamEncoder {
 public:
  explicit Encoder(const AnswerForm& form) : form_(form) {}

  void encode(const Event& event, std::string& out) override {
    if (over_) return;
    if (const auto* start = std::get_if<AnswerStart>(&event)) {
      start_ = *start;
      start_.service_tier = tier_of(start_.service_tier, dropped_);
      if (!start_.system_fingerprint.empty()) drop(dropped_, "system_fingerprint");
    } else if (const auto* begun = std::get_if<BlockStart>(&event)) {
      begin(*begun, out);
    } else if (const auto* delta = std::get_if<BlockDelta>(&event)) {
      add(*delta, out);
    } else if (const auto* ended = std::get_if<BlockEnd>(&event)) {
      end(ended->block, out);
    } else if (const auto* seen = std::get_if<LogprobsSeen>(&event)) {
      write_logprobs_of(*seen, out);
    } else if (const auto* over = std::get_if<ChoiceEnd>(&event)) {
      endings_[over->choice] = over->ending;
    } else if (const auto* counted = std::get_if<UsageSeen>(&event)) {
      usage_ = counted->usage;
    } else if (const auto* failed = std::get_if<AnswerFailed>(&event)) {
      over_ = true;
      std::string chunk;
      encode_failure(failed->error, chunk);
      write(chunk, out);  // an array stays open: what broke must not look whole
    } else if (std::holds_alternative<AnswerEnd>(event)) {
      write_end(out);
    }
  }

  const Dropped& dropped() const override { return dropped_; }

 private:
  // A block that is open: what must be known before it can be said, and whether any of it was.
  struct Block {
    std::size_t choice = 0;
    Part part{};
    std::vector<Part> riders{};
    bool written = false;
  };

  void begin(const BlockStart& start, std::string& out) {
    if (is_candidate_rider(start.part)) {
      tails_[start.choice].push_back(start.part);
      return;
    }
    const auto* const opaque = std::get_if<Opaque>(&start.part.what);
    if (opaque != nullptr && is_own(*opaque, part_rider)) {
      riders_[start.choice].push_back(start.part);
      return;
    }
    Block block{start.choice, start.part, std::move(riders_[start.choice]), false};
    riders_.erase(start.choice);
    if (!PartWriter::can_say(start.part, Side::caller, dropped_)) return;
    const bool is_whole = opaque != nullptr || std::holds_alternative<Media>(start.part.what) ||
                          std::holds_alternative<ToolResult>(start.part.what);
    if (is_whole) {
      write_part(block, block.part, out);
      return;
    }
    blocks_.insert_or_assign(start.block, std::move(block));
  }

  void add(const BlockDelta& delta, std::string& out) {
    const auto found = blocks_.find(delta.block);
    if (found == blocks_.end()) return;
    Block& block = found->second;
    if (delta.citations) drop(dropped_, "messages.annotations");
    if (auto* const call = std::get_if<ToolCall>(&block.part.what)) {
      call->arguments += delta.text;
      if (!delta.signature.empty()) call->signature = delta.signature;
    } else if (auto* const thinking = std::get_if<Thinking>(&block.part.what)) {
      if (!delta.signature.empty()) thinking->signature = delta.signature;
      if (!delta.data.empty()) thinking->data = delta.data;
      if (delta.text.empty()) return;
      Thinking piece;
      piece.text = delta.text;
      write_part(block, {std::move(piece), {}}, out);
    } else if (!delta.text.empty() || !delta.signature.empty()) {
      write_part(block, {Text{delta.text, delta.signature, {}}, {}}, out);
    }
  }

  void end(std::size_t number, std::string& out) {
    const auto found = blocks_.find(number);
    if (found == blocks_.end()) return;
    Block& block = found->second;
    if (std::holds_alternative<ToolCall>(block.part.what)) {
      write_part(block, block.part, out);
    } else if (const auto* thinking = std::get_if<Thinking>(&block.part.what)) {
      // The proof needs all that the block brought.
      if (!block.written || !proof_of(*thinking).empty()) write_part(block, block.part, out);
    } else if (!block.written && !block.riders.empty()) {
      write_part(block, {Text{}, {}}, out);
    }
    blocks_.erase(found);
  }

  void write_part(Block& block, const Part& part, std::string& out) {
    std::string chunk;
    json::Writer writer(chunk);
    writer.open_object().name("candidates").open_array().open_object();
    writer.name("content").open_object().name("parts").open_array();
    PartWriter parts(writer, Side::caller, dropped_);
    for (const Part& rider : block.riders) parts.write(rider);
    parts.write(part);
    writer.close_array().member("role", "model").close_object();
    writer.member("index", std::uint64_t{block.choice}).close_object().close_array();
    write_head(writer, false);
    writer.close_object();
    write(chunk, out);
    block.riders.clear();
    block.written = true;
  }

  void write_logprobs_of(const LogprobsSeen& seen, std::string& out) {
    if (!seen.content) return;
    std::string chunk;
    json::Writer writer(chunk);
    writer.open_object().name("candidates").open_array().open_object();
    writer.member("index", std::uint64_t{seen.choice}).name("logprobsResult");
    write_logprobs(writer, seen.content.bytes);
    writer.close_object().close_array();
    write_head(writer, false);
    writer.close_object();
    write(chunk, out);
  }

  // What every chunk repeats.
  void write_head(json::Writer& writer, bool last) {
    const bool has_usage = last && usage_;
    if (has_usage || !start_.service_tier.empty()) {
      writer.name("usageMetadata").open_object();
      if (has_usage) write_usage(writer, *usage_);
      writer.member_if("serviceTier", start_.service_tier).close_object();
    }
    writer.member_if("modelVersion", start_.model);
    writer.member_if("createTime", timestamp_of(start_.created)).member_if("responseId", start_.id);
  }

  // The endings and the counts come together, as the last chunk.
  void write_end(std::string& out) {
    over_ = true;
    std::string chunk;
    json::Writer writer(chunk);
    writer.open_object();
    const Opaque* const feedback = feedback_in(tails_[0]);
    const bool is_refused =
        endings_.size() == 1 && tails_[0].size() == 1 && !any_ && is_refused_prompt(endings_.begin()->second, feedback);
    if (!is_refused) {
      writer.name("candidates").open_array();
      for (const auto& [choice, ending] : endings_) write_ending(writer, choice, ending);
      writer.close_array();
    }
    if (feedback != nullptr) writer.raw_member(feedback_rider, feedback->json.bytes);
    write_head(writer, true);
    writer.close_object();
    write(chunk, out);
    if (form_.json_array) out += ']';
  }

  void write_ending(json::Writer& writer, std::size_t choice, const Ending& ending) {
    writer.open_object().name("content").open_object().name("parts").open_array();
    writer.open_object().member("text", "").close_object();
    writer.close_array().member("role", "model").close_object();
    // Without a word here a reader would take the stream for a broken one.
    const std::string_view word = word_of(ending, false);
    writer.member("finishReason", word.empty() ? std::string_view("STOP") : word);
    drop_ending(dropped_, ending);
    writer.member("index", std::uint64_t{choice});
    for (const Part& tail : tails_[choice]) {
      const auto& rider = std::get<Opaque>(tail.what);
      if (is_own(rider, candidate_rider)) {
        writer.raw_member(rider.kind.substr(candidate_rider.size()), compact(rider.json.bytes));
      }
    }
    writer.close_object();
  }

  void write(const std::string& chunk, std::string& out) {
    if (form_.json_array) {
      out += any_ ? ",\r\n" : "[";
      out += chunk;
    } else {
      out += "data: ";
      out += chunk;
      out += "\r\n\r\n";
    }
    any_ = true;
  }

  AnswerForm form_;
  AnswerStart start_{};
  std::map<std::size_t, Block> blocks_{};
  std::map<std::size_t, std::vector<Part>> riders_{};  // by choice, waiting for the part they belong to
  std::map<std::size_t, std::vector<Part>> tails_{};   // by choice, for the last chunk
  std::map<std::size_t, Ending> endings_{};
  std::optional<Usage> usage_{};
  Dropped dropped_{};
  bool any_ = false;   // something was written
  bool over_ = false;  // nothing more may be
};

}  // namespace

std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) { return std::make_unique<Encoder>(form); }

}  // namespace sluice::chat::generate_content
