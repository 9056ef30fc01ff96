#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/chat/conversation.hpp>
#include <sluice/chat/events.hpp>

// The deep half of a dialect: from its bytes to a conversation and back. What translation between two dialects is made
// of; a request that stays in its dialect never comes here.
namespace sluice::chat {

// Members that a dialect had to leave out, each once, named as the OpenAI chat dialect names them ("seed",
// "messages.image_url", "tools.strict"), and those it has no word for as the caller named them.
// At most so many, each at most so many bytes; what stands last then says that there were more.
using Dropped = std::vector<std::string>;
inline constexpr std::size_t most_dropped = 100;
inline constexpr std::size_t longest_dropped = 100;
inline constexpr std::string_view more_dropped = "more";
void drop(Dropped& dropped, std::string_view name);
// That instructions stood in the midst of a conversation, which many dialects have at its beginning only.
inline constexpr std::string_view moved_instructions = "messages.position";
// Names what of an ending is lost in a dialect that has a word for what it comes to, but neither for an answer that is
// to go on nor for which of the stop sequences it was.
void drop_ending(Dropped& dropped, const Ending& ending);
// The name of a part of that kind: "messages.image_url", "messages.input_audio", "messages.video_url", "messages.file".
std::string_view name_of(Media::Kind kind);

// Whether this is one complete JSON value: how a body without framing is told from a cut one.
bool is_json(std::string_view body);

// Whether a body that came as a whole answer may tell of a failure instead, or nothing at all: it is no JSON, or has
// an error in it. Objects and lists are not read for that.
bool may_be_failure(std::string_view body);

// How many values a JSON text has, counted to `most` at most. A conversation takes some 500 bytes for the smallest of
// them, whatever they are: what is decoded has to be bounded by their number, not by the text's length.
std::size_t count_values(std::string_view json, std::size_t most);

// Which of a dialect's ways to ask a body is written for, where they have paths of their own.
enum class Way : std::uint8_t {
  usual,
  single,     // one input
  instances,  // a list of inputs, with what is said of all beside it
};

// An Error of the caller's where a tool's arguments or the answer have a schema that is no JSON object: some providers
// would take it for any, and others refuse it.
Result<Ok> check_schemas(const Request& request);

// A request as a provider shall get it.
struct Rendered {
  std::string body;
  Dropped dropped;
  Way way = Way::usual;
  std::string answer_tool{};  // the tool that is to be called with the answer (schema_tool.hpp); empty: none
};

// How a provider departs from its dialect. From the catalogue, so that a new provider is data.
struct Quirks {
  std::string max_tokens{};                // the member's name, if it is not the dialect's own
  std::uint64_t default_max_tokens = 0;    // for dialects that need one; 0: the dialect's own default
  std::vector<std::string> unsupported{};  // top-level members to be left out (and named as dropped when they were set)
  // Names of members of requests for embeddings and ranks, if they are not the dialect's own.
  std::string dimensions{};
  std::string purpose{};  // "query" or "document"; empty: there is none
  std::string top_n{};
  // Patterns of the models whose embeddings are made of a list of texts, where a dialect has both forms.
  std::vector<std::string> text_lists{};
  // Patterns of the models that are asked for embeddings in that Way; what fits none is asked in the usual one.
  std::vector<std::string> instances{};
  std::vector<std::string> single{};
  // Its own names for top-level members and for reasoning_content in messages: the dialect's, and what it calls them.
  std::vector<std::pair<std::string, std::string>> members{};
  std::size_t call_ids = 0;  // ids of tools' calls have exactly so many letters and digits; 0: they are as they are
  bool tells_usage = false;  // streams bring their token counts unasked, and asking is refused
  bool proofs = false;  // proofs of thoughts go back in the messages, where a dialect has only some servers for that
  bool bare_counts = false;  // counts are asked for with a request's members, where others wrap the request
  // How a model is asked to think, and how to choose its words, where a dialect leaves that to models.
  struct Takes {
    bool budget = true;    // an amount of tokens
    bool adaptive = true;  // as much as the model likes
    bool effort = true;    // "low", "medium", "high"
    bool xhigh = true;     // and these
    bool max = true;
    bool sampling = true;  // temperature, top_p and top_k
    bool both = true;      // temperature beside top_p
    bool schemas = true;   // a schema of its answer
  };
  // The first with a pattern that fits the model's name counts. A model that fits none takes all of it.
  struct Model {
    std::vector<std::string> patterns{};
    Takes takes{};
  };
  std::vector<Model> models{};

  // What it calls a member.
  std::string_view name_of(std::string_view member) const {
    const auto named =
        std::find_if(members.begin(), members.end(), [member](const auto& each) { return each.first == member; });
    return named == members.end() ? member : std::string_view(named->second);
  }
  // Whether a member of that name is not to be left out.
  bool takes(std::string_view member) const {
    return std::find(unsupported.begin(), unsupported.end(), member) == unsupported.end();
  }
};

// How an answer shall look to its reader, beyond what the dialect says.
struct AnswerForm {
  bool usage = true;        // the reader asked for the token counts, where that is a choice
  bool json_array = false;  // one JSON array instead of events, where a dialect has both
  std::string repeats{};    // CallerCodec::repeats() of the request; empty: what it says of none
};

// Reads a provider's stream, whatever its framing. One per answer.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // Reads what there is of the stream at the front of `bytes` and appends what it means. Returns how many bytes at the
  // front are done with; the next call brings the rest again with more behind it. What the provider reports as a
  // failure is an AnswerFailed; an Error is a stream that cannot be read. Never trusts what it reads: wrong types and
  // missing members are left out or an Error.
  virtual Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) = 0;
  // The wire ended where a message may end. Appends what was held back; an Error if the answer was not complete.
  virtual Result<> finish(std::vector<Event>& out) = 0;
};

// Writes a stream for a reader. One per answer; the events come in the order that events.hpp promises.
class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  // Appends what the event looks like; nothing for events the dialect has no word for, whose names are noted.
  virtual void encode(const Event& event, std::string& out) = 0;
  // What could not be said so far.
  virtual const Dropped& dropped() const = 0;
};

// The half of a codec that callers meet: their requests are read, and answers are written for them. Stateless and
// immutable: one constant instance serves all threads.
class CallerCodec {
 public:
  virtual ~CallerCodec() = default;

  // A request body that outline() (dialect.hpp) accepted. `model` and `stream` are what outline() said: some dialects
  // write them in the path. An Error is the caller's: it names the member that cannot be understood.
  virtual Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const = 0;
  // What an answer repeats of the request it answers, for the dialects that do that: members of a JSON object without
  // its braces, on one line. The body is one that decode_request() accepted.
  virtual std::string repeats(std::string_view) const { return {}; }
  // Appends the body of an answer; what could not be said is added to `dropped`.
  virtual void encode_response(const Response& response, const AnswerForm& form, std::string& out,
                               Dropped& dropped) const = 0;
  virtual std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) const = 0;
  // The media type of a stream ("text/event-stream").
  virtual std::string_view stream_type(const AnswerForm& form) const = 0;
};

// Both halves of a conversation's task: providers are spoken to as well.
class Codec : public CallerCodec {
 public:
  virtual Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const = 0;
  // Whether a request in the dialect's own words has to be written anew for a provider with these quirks. Cheap: it may
  // say so where nothing changes.
  virtual bool must_rewrite(std::string_view, const Quirks&) const { return false; }
  // A provider's complete answer with a status of success. An Error is the provider's.
  virtual Result<Response> decode_response(std::string_view body) const = 0;
  virtual std::unique_ptr<StreamDecoder> stream_decoder() const = 0;
  // What stands in a conversation only where it has been to another dialect: proofs of other models' thoughts that
  // clients of this one keep for us, and ids of our making. No provider has use for them, and most refuse them.
  virtual std::span<const std::string_view> foreign_marks() const { return {}; }
};

}  // namespace sluice::chat
