#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// The parts of the ollama dialect that have no state and a file of their own.
namespace sluice::chat::ollama_api {

inline constexpr std::string_view dialect_name = "ollama";
inline constexpr std::string_view stream_type = "application/x-ndjson";
// Where a model's settings stand.
inline constexpr std::string_view options_path = "options";

// The dialect's two ways to ask: with the messages of a conversation, or with one prompt.
enum class Form : std::uint8_t { messages, prompt };

// Codec and CallerCodec, by their functions. Providers are always asked with messages.
Result<Request> read_request(Form form, std::string_view body, std::string_view model, bool stream);
Result<Rendered> write_request(const Request& request, const Quirks& quirks);
Result<Response> read_response(std::string_view body);
void write_response(Form form, const Response& response, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> make_decoder();
std::unique_ptr<StreamEncoder> make_encoder(Form form);

// Dialect::embedding_codec().
const EmbeddingCodec& embedding_codec();

// ---- Messages

// What a message says, in the order thinking, text, images, calls. A call without an id gets one made of `salt`, its
// number from `first_call` on and what it says: the same call always gets the same. False: it makes no sense.
bool read_message(json::Value message, std::string_view salt, std::size_t first_call, std::vector<Part>& parts);
// A list of images. False: it is none.
bool read_images(json::Value images, std::vector<Part>& parts);

// Who a message is written for.
struct Reader {
  Dropped& dropped;
  bool is_provider = true;  // otherwise the caller, who must get and keep what other families of models said
};

// What stands in one message, gathered part by part; lists are without their brackets.
class Said {
 public:
  explicit Said(const Reader& reader) : reader_(reader) {}

  // `between` goes between this text and one before it.
  void add(const Text& text, std::string_view between = {});
  void add(const Media& media);
  void add(const Thinking& thinking);
  void add(const ToolCall& call);
  // Results are messages of their own; everything else is one of the above, or named as dropped.
  void add(const Part& part, std::string_view between = {});
  void add_thought(std::string_view text) { thinking_ += text; }
  // Keeps the proof of a thought, if it has one, which are the `bytes` from `from` on of all that was thought.
  void add_proof(const Thinking& thinking, std::size_t from, std::size_t bytes);

  // The number of the next call.
  std::size_t calls = 0;

  bool empty() const;
  bool has_calls() const { return !made_.empty(); }
  bool has_images() const { return !images_.empty(); }
  const std::string& text() const { return text_; }
  const std::string& thinking() const { return thinking_; }
  // The members of a message, `content` always among them.
  void write_members(json::Writer& writer) const;

 private:
  Reader reader_;
  bool has_text_ = false;
  std::string text_{};
  std::string thinking_{};
  std::string proofs_{};
  std::string images_{};
  std::string made_{};  // calls
};

// ---- Answers

// What every object of an answer begins with.
struct Head {
  std::string model{};
  std::int64_t created = 0;
};
// The members of an answer, or of a line of it, up to `done`.
void write_said(json::Writer& writer, Form form, const Head& head, const Said& said, Dropped& dropped);
// The members that only the last object has.
void write_end(json::Writer& writer, const Ending& ending, const std::optional<Usage>& usage);

Ending read_ending(std::string_view reason, bool has_calls);
std::string_view write_ending(const Ending& ending);

// What an object of an answer is, seen from outside. Usage: nothing when it has no counts, or none that can be read.
struct Sense {
  bool is_last = false;
  bool is_failure = false;
  std::optional<Usage> usage{};
};
Sense sense_of(std::string_view object);

// ---- Words

// The media type of an image by its first bytes; empty when it is not known.
std::string_view image_type(std::string_view base64);
std::string minted_id(std::string_view salt, std::size_t number, std::string_view name, std::string_view arguments);

// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

// Dialect::decode_error; also of a line.
Error decode_failure(int status, std::string_view body);
// Dialect::encode_error and encode_error_event.
void encode_failure(const Error& error, std::string& out);
void encode_failure_line(const Error& error, std::string& out);

}  // namespace sluice::chat::ollama_api
