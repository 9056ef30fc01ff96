#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// A conversation as all dialects mean it: what a request asks and what an answer says, with nothing left of how one of
// them writes it down. Plain values that own their strings. What a dialect cannot say in these words is carried as the
// other side's own JSON (RawJson, Opaque) or, when it must be left out, named in a list of dropped members.
namespace sluice::chat {

// One JSON value (RFC 8259) in the bytes of whoever wrote it: no key reordered, no number rewritten, never looked into
// without need. Empty: there is none.
struct RawJson {
  std::string bytes{};

  explicit operator bool() const { return !bytes.empty(); }
  bool operator==(const RawJson&) const = default;
};

// A member that the words below do not cover, by the name its own dialect gives it. `within` is the path of the object
// it stands in, "tools[2].function"; empty: at the top.
struct Extra {
  std::string name{};
  RawJson value{};
  std::string within{};
  bool operator==(const Extra&) const = default;
};

enum class Role : std::uint8_t { system, developer, user, assistant, tool };

// A mark up to which a provider shall keep the prompt in its cache.
struct CacheMark {
  std::string ttl{};  // "5m", "1h"; empty: the provider's default
  bool operator==(const CacheMark&) const = default;
};

// `signature`: an opaque proof some providers attach to a piece of text, to be sent back with it unchanged.
struct Text {
  std::string text{};
  std::string signature{};
  RawJson citations{};  // a list in its own dialect's words
  bool operator==(const Text&) const = default;
};

// Anything that is no text. Exactly one of data, url and file_id is set.
struct Media {
  enum class Kind : std::uint8_t { image, audio, video, document };
  Kind kind = Kind::image;
  std::string media_type{};  // "image/png" (RFC 6838); may be empty for a URL
  std::string data{};        // base64 (RFC 4648 §4)
  std::string url{};
  std::string file_id{};  // of a file the provider keeps
  std::string name{};     // a document's file name or title
  std::string detail{};   // an image's resolution hint: "low", "high", "auto"
  bool operator==(const Media&) const = default;
};

// What a model thought before it answered. Must go back unharmed on the next turn where `signature` or `data` is set.
// `format` names the kind of proof, as the dialects' reasoning_details do: a signature made by one family of models
// means nothing to another, so it is sent back only where the format is understood.
struct Thinking {
  std::string text{};
  std::string signature{};
  std::string data{};  // encrypted or redacted thought; then `text` is usually empty
  std::string id{};    // of the item, where the provider gave one
  std::string format{};
  bool is_summary = false;  // `text` is a summary of the thought, not the thought
  bool operator==(const Thinking&) const = default;
};

// Formats of Thinking: "anthropic-claude-v1", "openai-responses-v1", "google-gemini-v1"; empty: unknown.
namespace thinking_format {
inline constexpr const char* anthropic = "anthropic-claude-v1";
inline constexpr const char* responses = "openai-responses-v1";
inline constexpr const char* gemini = "google-gemini-v1";
}  // namespace thinking_format

// A tool the model wants run. `arguments` is the model's text, meant to be a JSON object; never empty ("{}" for none).
struct ToolCall {
  std::string id{};
  std::string name{};
  std::string arguments{};
  std::string signature{};  // as in Text; Gemini's models refuse a call that comes back without it
  std::string item_id{};    // the item's own id where that differs from the call's
  bool is_custom = false;   // a tool with free text as input instead of JSON
  bool operator==(const ToolCall&) const = default;
};

// The model declines, in words.
struct Refusal {
  std::string text{};
  bool operator==(const Refusal&) const = default;
};

// A block of another dialect that has no counterpart: `dialect` is its name, `json` the block as it was written. Goes
// back to the same dialect unchanged, to every other it is dropped and named as `kind`, but for what a tool gave back
// as data: `words` is that as text.
struct Opaque {
  std::string dialect{};
  std::string kind{};
  RawJson json{};
  std::string words{};
  bool is_told = false;  // the request says the same in words, for other dialects
  bool operator==(const Opaque&) const = default;
};

// What a tool gave back. `json` is set instead of `content` when the result was sent as a JSON value.
struct ToolResult {
  std::string call_id{};
  std::string name{};  // of the tool; empty when the caller's dialect does not say it
  std::vector<std::variant<Text, Media, Opaque>> content{};
  RawJson json{};
  bool is_error = false;
  bool operator==(const ToolResult&) const = default;
};

struct Part {
  std::variant<Text, Media, Thinking, ToolCall, ToolResult, Refusal, Opaque> what{};
  std::optional<CacheMark> cache{};
  bool operator==(const Part&) const = default;
};

struct Message {
  Role role = Role::user;
  std::vector<Part> parts{};
  std::string name{};  // of the participant
  bool operator==(const Message&) const = default;
};

// A function the model may call. `opaque` is set instead for a tool that the provider itself runs.
struct Tool {
  std::string name{};
  std::string description{};
  RawJson schema{};  // JSON Schema of the arguments; empty: no arguments
  std::optional<bool> strict{};
  std::optional<CacheMark> cache{};
  std::optional<Opaque> opaque{};
  bool is_custom = false;  // takes free text; `schema` is then the format's description, if any
  bool is_told = false;    // an Opaque of the conversation says the same to its own dialect
  bool operator==(const Tool&) const = default;
};

struct ToolChoice {
  enum class Mode : std::uint8_t { unset, automatic, none, required, named };
  Mode mode = Mode::unset;
  std::string name{};               // of the tool, for `named`
  std::vector<std::string> only{};  // these alone may be called; empty: all
  std::optional<bool> parallel{};   // several calls in one turn
  bool operator==(const ToolChoice&) const = default;
};

struct OutputFormat {
  enum class Kind : std::uint8_t { text, json_object, json_schema };
  Kind kind = Kind::text;
  std::string name{};
  std::string description{};
  RawJson schema{};
  std::optional<bool> strict{};
  bool operator==(const OutputFormat&) const = default;
};

// How much a model shall think first.
struct Reasoning {
  std::string effort{};                          // "none", "minimal", "low", "medium", "high", "xhigh"; empty: unsaid
  std::optional<std::uint64_t> budget_tokens{};  // at most so many tokens of it
  std::optional<bool> enabled{};                 // on or off, where that is all there is
  bool adaptive = false;                         // the model decides how much
  std::string summary{};                         // which summary is wanted: "auto", "concise", "detailed"
  std::optional<bool> include_thoughts{};        // whether the thoughts shall be in the answer
  bool wants_proofs = false;                     // and what it takes to send them back, where that must be asked for
  bool operator==(const Reasoning&) const = default;
};

// A number as it was spelled, so that 0.10 stays 0.10.
struct Number {
  std::string spelled{};
  double value() const;  // 0 when it is none
  bool operator==(const Number&) const = default;
};

struct Sampling {
  std::optional<std::uint64_t> max_tokens{};
  std::optional<Number> temperature{};
  std::optional<Number> top_p{};
  std::optional<Number> top_k{};
  std::optional<Number> min_p{};
  std::optional<Number> frequency_penalty{};
  std::optional<Number> presence_penalty{};
  std::optional<std::int64_t> seed{};
  std::vector<std::string> stop{};
  std::optional<std::uint64_t> choices{};  // `n`
  std::optional<bool> logprobs{};
  std::optional<std::uint64_t> top_logprobs{};
  bool operator==(const Sampling&) const = default;
};

struct Request {
  std::string model{};
  bool stream = false;
  bool wants_usage = false;         // in a stream, where the dialect leaves that to the caller
  std::vector<Message> messages{};  // system and developer messages where they stood
  std::vector<Tool> tools{};
  ToolChoice tool_choice{};
  OutputFormat format{};
  Reasoning reasoning{};
  Sampling sampling{};
  std::string user{};       // the end user's identifier
  RawJson metadata{};       // an object of strings
  std::string verbosity{};  // "low", "medium", "high"
  std::string service_tier{};
  std::optional<bool> store{};
  std::optional<CacheMark> cache{};  // a mark on the request as a whole
  std::string dialect{};             // whose the extras are
  std::vector<Extra> extras{};       // top-level members with no counterpart, in the caller's order
  bool operator==(const Request&) const = default;
};

// Token counts of one answer. Disjoint, because money depends on it: `input` is without cached tokens,
// `output` without reasoning.
struct Usage {
  std::uint64_t input = 0;
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write = 0;     // all of it
  std::uint64_t cache_write_1h = 0;  // the part of cache_write that is kept for an hour, where the provider says so
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
  // What is paid for, where the provider says that this is not what the model read and wrote.
  struct Billed {
    std::uint64_t input = 0;
    std::uint64_t output = 0;
    bool operator==(const Billed&) const = default;
  };
  std::optional<Billed> billed{};
  bool operator==(const Usage&) const = default;

  std::uint64_t all_input() const { return input + cache_read + cache_write; }
  std::uint64_t all_output() const { return output + reasoning; }
};

// Why an answer ended, in one vocabulary; the provider's own word is kept beside it.
enum class Finish : std::uint8_t { unset, stop, length, tool_calls, content_filter, pause, error };

struct Ending {
  Finish finish = Finish::unset;
  std::string raw{};            // the provider's own word
  std::string stop_sequence{};  // which of the caller's stop sequences it was, where the provider says so
  bool operator==(const Ending&) const = default;
};

struct Choice {
  std::vector<Part> parts{};
  Ending ending{};
  RawJson logprobs{};  // the entries of OpenAI's `content` list, as a JSON array
  bool operator==(const Choice&) const = default;
};

struct Response {
  std::string id{};
  std::string model{};
  std::int64_t created = 0;  // seconds since 1970; 0: unsaid
  std::vector<Choice> choices{};
  std::optional<Usage> usage{};
  std::string service_tier{};
  std::string system_fingerprint{};
  std::string dialect{};        // whose the extras are
  std::vector<Extra> extras{};  // top-level members with no counterpart
  bool operator==(const Response&) const = default;
};

// Makes a request of another dialect ready for a provider of that one, as far as all dialects want the same: what tools
// gave back stands right behind the calls and as text where it was another dialect's data, types of media have their
// registered names, and a number of log probabilities that means nothing alone goes. Nothing is lost by it.
void prepare_for(Request& request, std::string_view dialect);

// Whether the tool that has to be called, if there is one, is a function the request offers.
bool can_be_forced(const Request& request);

// A part that a model shall go on with, without the white space at its end that many refuse there.
Part without_end(Part part);

// Whether all it says is white space, which most providers refuse as a message.
bool is_blank(const Message& message);

}  // namespace sluice::chat
