#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/result.hpp>
#include <sluice/chat/codec.hpp>
#include <sluice/chat/features.hpp>
#include <sluice/chat/operations.hpp>
#include <sluice/http/message.hpp>
#include <sluice/http/sse.hpp>

// How families of APIs write down a conversation. Bytes and values only: nothing here waits, opens
// or knows a provider by name.
namespace sluice::chat {

// What a request asks for. Decides which body members mean something.
enum class Task : std::uint8_t {
  chat,
  completion,
  embedding,
  rerank,
  moderation,
  image,
  speech,
  transcription,
  translation,
  count
};

// Whether such answers can be streamed as events, and whether those carry token counts only when asked to.
constexpr bool has_stream(Task task) { return task == Task::chat || task == Task::completion || task == Task::image; }
constexpr bool has_metered_stream(Task task) { return task == Task::chat || task == Task::completion; }
// Whether its requests are forms with files in them, instead of JSON.
constexpr bool is_form(Task task) { return task == Task::transcription || task == Task::translation; }
// Whether its streams are read event by event, up to an end of their own.
constexpr bool has_stream_end(Task task) { return has_metered_stream(task) || task == Task::transcription; }
// Whether answers say how many tokens they took: to count is free, documents are ranked for other
// units too, and what was heard is counted in seconds or not at all.
constexpr bool is_metered(Task task) { return task != Task::count && task != Task::rerank && !is_form(task); }

// What an endpoint's path says of a request.
struct Asked {
  Task task = Task::chat;
  std::string_view model{};      // decoded; empty: it is in the body
  std::optional<bool> stream{};  // nothing: it is in the body
  Way way = Way::usual;
};

// A part of the caller's body, by offset.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// How the caller wrote `stream_options`, and so how include_usage gets into the request.
enum class StreamOptions : std::uint8_t {
  absent,    // insert the whole member before the closing brace
  null,      // replace the value
  empty,     // {}: insert the member inside
  other,     // an object without include_usage: insert the member inside, with a comma
  declined,  // include_usage is false or null: replace the value
  asked,     // include_usage is true: nothing to do, and the caller gets the usage event
  unusable,  // not an object: leave it to the provider to complain
};

// The little that every stage needs to know before anybody decodes anything. `model` is a view into
// the body, or into the scratch passed to outline() when it was written with escapes.
struct Outline {
  std::string_view model;
  bool stream = false;
  Range model_value;  // the JSON string, quotes included; empty when the path has the model
  StreamOptions stream_options = StreamOptions::absent;
  Range stream_options_value;  // the object or null; for `declined` the value of include_usage
  std::size_t object_end = 0;  // the offset of the body's last closing brace
};

// What one event of an answer's stream is, seen from outside.
struct EventSense {
  enum class Kind : std::uint8_t {
    content,     // part of the answer
    usage_only,  // `choices` is [] and `usage` an object: there because include_usage was set
    error,       // the provider reports a failure inside the stream
    last,        // the answer is complete; the stream may end here, or with an end marker
    end,         // the stream's own end marker
  };
  Kind kind = Kind::content;
  bool usage_continues = false;       // counts that an earlier event told and `usage` has not still hold
  std::optional<std::size_t> said{};  // bytes of the answer's own words in it; nothing: as many as there are
  std::optional<Usage> usage;
};

class Door;

// One dialect, both ways. Stateless and immutable: one constant instance serves all threads.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;

  // Reads and checks a request body without decoding it: valid JSON (RFC 8259) in UTF-8, an object, depth
  // at most 128, numbers at most 64 characters and finite, at most 10,000 members per object, no top-level
  // member that decides anything twice, `model` a non-empty string of at most 256 bytes without control characters,
  // `stream` and `stream_options.include_usage` boolean or null (looked at where has_stream()). `scratch` holds
  // the model's name if it had to be unescaped, and must live as long as the outline. 64 readable bytes follow
  // `body`.
  virtual Result<Outline> outline(const Asked& asked, std::string_view body, std::string& scratch) const = 0;

  // What the request is about, without decoding it. The body has passed outline(). `hash_key` makes Features::opening
  // unpredictable to callers.
  virtual Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const = 0;

  // Appends the path, and query if need be, below a provider's base URL at which `asked` is served, model and stream
  // set: "/chat/completions".
  virtual void append_path(const Asked& asked, std::string& out) const = 0;

  // Whether a provider of this dialect may see this field of a caller who speaks it too, besides content-type and
  // accept.
  virtual bool takes_along(std::string_view) const { return false; }

  // The same request for another model: `model_json` (a JSON string, quotes included, borrowed) in
  // place of the model's value, and include_usage set if `ask_for_usage`. All other bytes are the caller's.
  virtual http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                                bool ask_for_usage) const = 0;

  // The next piece of a stream that has a meaning of its own, at the front of `bytes`: for streams that are not
  // server-sent events (lines, binary frames). Fills `raw`, `name` and `data`; `raw` is empty for an error that is not
  // the provider's own words. False: more bytes are needed.
  virtual bool next_frame(std::string_view, http::SseEvent&) const { return false; }
  virtual bool streams_events() const { return true; }  // server-sent ones; next_frame() is not asked
  // Whether its clients pass over comments between events, as the standard has it.
  virtual bool has_comments() const { return streams_events(); }

  // What an event of a streamed answer means. Never fails: what it cannot read is content.
  virtual EventSense sense(const http::SseEvent& event) const = 0;
  // The token counts of a complete answer; nothing if it has none that can be read.
  virtual std::optional<Usage> usage_of(std::string_view body) const = 0;
  // The id under which the provider keeps an answer, out of a complete answer or of an event's data, so that it can be
  // followed by a request that names it (Features::previous_response). Empty: it keeps none, or this does not say.
  virtual std::string answer_id(std::string_view) const { return {}; }
  // What a provider's failure means, from its status and body or from an error event's data (status 200).
  virtual Error decode_error(int status, std::string_view body) const = 0;

  // The field in which its clients look for a request's id, besides x-request-id; empty if there.
  virtual std::string_view request_id_field() const { return {}; }

  // The body of an error answer, appended to `out`.
  virtual void encode_error(const Error& error, std::string& out) const = 0;
  // The event that tells the reader of a stream that it failed, appended to `out`.
  virtual void encode_error_event(const Error& error, std::string& out) const = 0;

  // The deep half; null where there is none yet.
  virtual const Codec* codec() const { return nullptr; }
  // How callers with that task are understood when their provider speaks another dialect, whose conversation answers
  // them; null where the task is none.
  virtual const CallerCodec* caller_codec(Task task) const { return task == Task::chat ? codec() : nullptr; }
  // The same for what is asked beside conversations; null where the dialect has no such request.
  virtual const EmbeddingCodec* embedding_codec() const { return nullptr; }
  virtual const RerankCodec* rerank_codec() const { return nullptr; }
  virtual const CountCodec* count_codec() const { return nullptr; }

  // How others serve it in their own houses (door.hpp).
  virtual std::span<const Door* const> doors() const { return {}; }
};

// The chat dialect of OpenAI and of everything compatible with it, completions and embeddings included.
const Dialect& openai_chat();
// OpenAI's Responses: answers as lists of items.
const Dialect& openai_responses();
// The dialect of Anthropic's Messages API.
const Dialect& anthropic_messages();
// The dialect of generateContent, also where a cloud serves it under paths of its own. Model and stream are in the
// path.
const Dialect& gemini();
// The dialect that speaks of content blocks and streams binary frames. Model and stream are in the path.
const Dialect& bedrock_converse();
// The dialect of /v2/chat, whose answers bring a plan before calls and citations beside texts.
const Dialect& cohere_v2();
// The dialect of /api/chat, /api/generate and /api/embed: streams by default, one JSON object a line.
const Dialect& ollama();

// All dialects of this build, in the order they are offered.
std::span<const Dialect* const> dialects();
// The dialect of that name, or null.
const Dialect* dialect_named(std::string_view name);

}  // namespace sluice::chat
