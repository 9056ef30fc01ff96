#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"
#include "chat/provider_failures.hpp"
#include "chat/thinking_plan.hpp"

// The parts of the anthropic_messages dialect: content blocks, counts, endings, and both directions of requests,
// answers and streams.
namespace sluice::chat::anthropic {

inline constexpr std::string_view dialect_name = "anthropic_messages";

// Where a request's extras may stand beside its top. Those of tools are by their member: an object with a value by the
// name of each tool that has it.
inline constexpr std::string_view tools_path = "tools";
inline constexpr std::string_view output_path = "output_config";
inline constexpr std::string_view metadata_path = "metadata";

inline RawJson raw_of(json::Value value) { return {std::string(value.raw())}; }

// ---- Counts and endings

// The counts of one answer, put together from the usage objects of a stream: each later one repeats what it knows.
class Counts {
 public:
  void take(json::Value usage);
  // Made disjoint. Nothing when nothing was counted, or when a count was negative, fractional or no number: a wrong
  // count must not become money.
  std::optional<Usage> usage() const;

 private:
  void read(json::Value value, std::optional<std::uint64_t>& count);

  bool valid_ = true;
  std::optional<std::uint64_t> input_{}, cache_read_{}, cache_write_{}, write_5m_{}, write_1h_{}, output_{},
      thinking_{};
};

// The members of a usage object, into an open object.
void write_usage(json::Writer& out, const std::optional<Usage>& usage);

// From an answer, or from the delta that ends a stream. `awaits_result`: its last block is a call.
Ending read_ending(json::Value from, bool awaits_result);
// The word for an ending. Notes what it cannot say.
std::string_view stop_reason_of(const Ending& ending, bool has_calls, bool has_refusal, Dropped& dropped);

// "standard" is what the other dialects call "default".
std::string read_tier(std::string_view tier);
std::string_view tier_of(std::string_view tier, Dropped& dropped);

// ---- Blocks

enum class Side : std::uint8_t { caller, provider };

// Members of a block that a Part has no word for travel in front of it as an Opaque of their own, a rider: `kind` is
// "block.member", and `json` an array of the member's name and value, which no block ever is. Riders behind the last
// block are members of the message itself.
Opaque rider(std::string_view kind, std::string_view member, std::string_view value);
bool is_rider(const Opaque& opaque);

std::optional<CacheMark> read_cache(json::Value mark);
void write_cache(json::Writer& out, const std::optional<CacheMark>& mark);

// Appends what a block of `from`'s means, riders before it. False: it is no block.
bool read_block(json::Value block, Side from, std::vector<Part>& parts);
// Puts the proofs that carried_call() and carried_text() carried back to the calls and texts of a caller's message.
void restore_carried(std::vector<Part>& parts);
// The riders of a block of that type for all members but the known ones.
void read_riders(json::Value block, std::string_view type, std::vector<Part>& parts);

// Writes parts as blocks into an open array. `to`: who will read them.
class BlockWriter {
 public:
  BlockWriter(json::Writer& out, Side to, Role role, Dropped& dropped)
      : out_(out), to_(to), role_(role), dropped_(dropped) {}

  void write(const Part& part);
  std::size_t written() const { return written_; }
  // The riders that no block followed.
  const std::vector<Opaque>& waiting() const { return riders_; }

 private:
  void write(const Text& text, const std::optional<CacheMark>& cache);
  void write(const Media& media, const std::optional<CacheMark>& cache);
  void write(const Thinking& thinking, const std::optional<CacheMark>& cache);
  void write(const ToolCall& call, const std::optional<CacheMark>& cache);
  void write(const ToolResult& result, const std::optional<CacheMark>& cache);
  void write(const Refusal& refusal, const std::optional<CacheMark>& cache);
  void write(const Opaque& opaque, const std::optional<CacheMark>& cache);
  json::Writer& open(std::string_view type);
  void close(const std::optional<CacheMark>& cache);

  json::Writer& out_;
  Side to_;
  Role role_;
  Dropped& dropped_;
  std::vector<Opaque> riders_{};
  std::size_t written_ = 0;
};

// The members of riders, into an open object.
void write_riders(json::Writer& out, const std::vector<Opaque>& riders);

// Riders of a whole message: its members, and those of its usage, that a Response has no words for. Each kind once.
void read_message_riders(json::Value message, std::vector<Opaque>& riders);
void read_usage_riders(json::Value usage, std::vector<Opaque>& riders);
void put_rider(std::vector<Opaque>& riders, Opaque opaque);
struct MessageRiders {
  std::vector<Opaque> of_message{};
  std::vector<Opaque> of_event{};  // beside the delta that ends a stream, not in it
  std::vector<Opaque> of_usage{};
};
MessageRiders sorted_riders(const std::vector<Opaque>& riders);

// The value of the source of an image or document; false, and nothing written, if this dialect cannot say it.
bool write_source(json::Writer& out, const Media& media);
bool read_media(json::Value block, Media& media);

// The items that are citations of this dialect, as an array; nothing if there is none.
std::string own_citations(const RawJson& citations, Dropped& dropped);

// ---- Proofs of other families of models, carried where the clients of this dialect send them back

// The signature or data of a thought of another format, and back.
std::string carried(const Thinking& thinking);
bool uncarry(std::string_view proof, Thinking& thinking);
// The proof on a call or a text, as the data of a redacted thought.
std::string carried_call(std::string_view id, std::string_view signature);
std::string carried_text(std::string_view signature);

// The member `thinking`, if there is something to say.
void write_thinking(json::Writer& out, const ThinkingPlan& plan, const Reasoning& wanted);

// ---- The directions

Result<Request> decode_request(std::string_view body, std::string_view model, bool stream);
Result<Rendered> encode_request(const Request& request, const Quirks& quirks);
const CountCodec& count_codec();
Result<Response> decode_response(std::string_view body);
void encode_response(const Response& response, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> stream_decoder();
std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form);

// ---- Where others serve it

std::span<const Door* const> doors();

// ---- Errors

// Whether a body tells of a failure in this dialect's own words.
bool is_failure(std::string_view body);
// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

Error decode_failure(int status, std::string_view body);
void encode_failure(const Error& error, std::string& out);
void encode_failure_event(const Error& error, std::string& out);

}  // namespace sluice::chat::anthropic
