#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// The parts of the openai_responses dialect. A conversation is a list of items there: a message with its content, a
// call, a call's output, a thought; what no word of ours covers stays an item as it was written.
namespace sluice::chat::responses {

inline constexpr std::string_view dialect_name = "openai_responses";

// An item of the input that brings tools.
inline constexpr std::string_view tools_item = "additional_tools";

// Who wrote an item. What we put into a caller's thoughts on the last turn is taken out again when it comes back.
enum class Author : std::uint8_t { caller, provider };

// Members of an item that no canonical word covers ("phase", "namespace") go before its parts as an Opaque of this
// kind, `messages.NAME`, with the member's value; a content part that no word covers is `messages.content.TYPE`.
inline constexpr std::string_view member_kind = "messages.";
inline constexpr std::string_view content_kind = "messages.content.";

// Appends what an item of a turn says: a message's content, thoughts, calls, or the whole as Opaque.
void read_item(json::Value item, Author writer, std::vector<Part>& parts);
// The same for the members that no word covers.
void read_members(json::Value item, std::vector<Part>& parts);
// A message's content: text or a list.
void read_content(json::Value content, std::vector<Part>& parts);
// One entry of it; nothing if it is none.
std::optional<Part> read_content_part(json::Value part);
// A call without its arguments.
ToolCall read_call_head(json::Value item);
bool is_call(std::string_view type);
// The id of an item; empty when it was one we made up.
std::string item_id(json::Value item);
// The annotations of a text in one line per list; nothing when there are none.
RawJson read_annotations(json::Value annotations);
RawJson read_list(json::Value list);

// What stands in a reasoning item's `encrypted_content`. Proofs of another format are marked with it, so that they
// survive the way to the caller and back; a proof that belongs to a call or a text gets an item of its own behind it.
void mark_proof(const Thinking& thinking, std::string& out);
void read_proof(std::string_view content, Author writer, Thinking& thinking);
std::string call_proof(const ToolCall& call);
std::string text_proof(const Text& text);
// Gives such a proof back to its call or text among the parts before it. False: `content` is no such proof.
bool return_proof(std::string_view content, std::vector<Part>& parts);

// The items of one turn of the assistant, as they are put together from parts.
struct Piece {
  enum class Kind : std::uint8_t { text, refusal, summary, thought };
  Kind kind = Kind::text;
  std::string text{};
  std::string annotations{};  // items of a list, with commas
  std::size_t annotation_count = 0;
  std::string logprobs{};  // the same; of a text
};

struct Item {
  enum class Kind : std::uint8_t { message, reasoning, call, opaque };
  Kind kind = Kind::message;
  std::string id{};
  std::string given_id{};  // as the conversation has it; empty when `id` was made up
  std::string format{};    // of a thought
  std::vector<Extra> members{};
  std::vector<Piece> pieces{};
  ToolCall call{};
  std::string proof{};
  RawJson json{};
  bool sealed = false;  // takes no more pieces
  // In a stream: blocks that have not ended, and whether its beginning and its end were written.
  std::size_t open = 0;
  bool announced = false;
  bool closed = false;
};

class Items {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  // Where a part went. `piece` is none until the part has text, for a thought.
  struct Place {
    std::size_t item = none;
    std::size_t piece = none;
    bool fresh = false;  // the item is new
  };

  // For a provider, ids are those it gave, and proofs it cannot understand are left out.
  explicit Items(bool for_provider, std::string answer_id = {})
      : for_provider_(for_provider), answer_id_(std::move(answer_id)) {}

  // Makes room for a part, without its text. An item of `none`: it was left out, or is a member of the next item.
  Place start(const Part& part, Dropped& dropped);
  // The piece that text of a thought goes to.
  Piece& piece_of(Place& place, const Thinking& thinking);
  // A whole part.
  void add(const Part& part, Dropped& dropped);
  // Null: nothing is said in words.
  Piece* first_text();
  // An item that carries a call's or a text's proof.
  std::size_t add_proof(std::string proof);
  void prove(std::size_t item, const Thinking& thinking, Dropped& dropped);

  std::vector<Item>& all() { return items_; }
  const std::vector<Item>& all() const { return items_; }

 private:
  Item& make(Item::Kind kind, std::string_view prefix, std::string given_id);
  Item* joinable(Item::Kind kind);
  Place start_thinking(const Thinking& thinking, Dropped& dropped);
  Place start_opaque(const Opaque& opaque, Dropped& dropped);

  bool for_provider_;
  std::string answer_id_;
  std::vector<Item> items_{};
  std::vector<Extra> members_{};
};

// Adds the citations of a text that this dialect has a shape for.
void add_annotations(const RawJson& citations, Piece& piece, Dropped& dropped);
// Index of a piece among those of its list.
std::size_t index_of(const Item& item, std::size_t piece);

// Appends what stands in a list.
void add_logprobs(const RawJson& entries, Piece& text);

// How an item is written. `status` empty: not at all.
struct ItemForm {
  bool for_provider = false;
  std::string_view status{};
};
void write_item(json::Writer& writer, const Item& item, const ItemForm& form);
void write_piece(json::Writer& writer, const Piece& piece, bool for_provider);

// Seconds since 1970, also with a fraction; 0 when there is no such time.
std::int64_t read_time(json::Value seconds);

// Token counts in a `usage` object; nothing when one of them cannot be money.
std::optional<Usage> read_usage(json::Value usage);
void write_usage(json::Writer& writer, const Usage& usage);

// Why an answer ended. `calls`: it has calls of the caller's tools.
Ending read_ending(json::Value response, bool calls);
// The other way: `status` and why it is incomplete.
struct Status {
  std::string_view status;
  std::string_view reason{};
};
Status status_of(const Ending& ending, Dropped& dropped);

// The head of a response object up to its output, and the rest.
struct Head {
  std::string id{};
  std::string model{};
  std::int64_t created = 0;
  std::string service_tier{};
  std::string repeats{};  // repeats_of() the answer's form
};
// CallerCodec::repeats().
std::string repeats(std::string_view body);
// The same of the request that an answer of that form belongs to; where it is not known, what the dialect takes for
// granted.
std::string repeats_of(const AnswerForm& form);
// Whether the dialect knows a service tier; of an answer, others are dropped.
bool is_tier(std::string_view tier);
std::string known_tier(const std::string& tier, Dropped& dropped);
void write_head(json::Writer& writer, const Head& head, const Status& status, const Error* failure);
void write_tail(json::Writer& writer, const Head& head, const std::optional<Usage>& usage);
// What the `code` of a failed response says.
std::string_view failure_code(const Error& error);
// Dialect::answer_id().
std::string answer_id(std::string_view json);

// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

void write_error_event(const Error& error, std::uint64_t sequence, std::string& out);

Result<Request> decode_request(std::string_view body, std::string_view model, bool stream);
Result<Rendered> encode_request(const Request& request, const Quirks& quirks);
const CountCodec& count_codec();
Result<Response> decode_response(std::string_view body);
void encode_response(const Response& response, const AnswerForm& form, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> stream_decoder();
std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form);
// Decodes `input`; whether the request shows or asks for thinking.
Result<Ok> read_input(json::Value input, std::vector<Message>& messages);
bool thinks(const Request& request);
inline constexpr std::string_view include_proofs = "reasoning.encrypted_content";
inline constexpr std::string_view include_logprobs = "message.output_text.logprobs";

// The provider's report of a failure, in an answer's body, an `error` event or a failed response.
Error decode_failure(int status, std::string_view body);
Error unreadable(std::string_view what);

}  // namespace sluice::chat::responses
