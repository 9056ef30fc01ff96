#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"
#include "chat/provider_failures.hpp"

// The parts of the gemini dialect: its words, parts, counts and endings, and both directions of requests, answers and
// streams.
namespace sluice::chat::generate_content {

inline constexpr std::string_view dialect_name = "gemini";
inline constexpr std::string_view model_folder = "models/";  // names of models may begin with it

// ---- Reading what may be spelled in two ways

// The member of that name, which is given in camelCase and also found in snake_case: servers of this dialect take
// both. Nothing for null.
json::Value member(json::Value object, std::string_view name);
// A name in camelCase, however it was spelled.
std::string camel(std::string_view name);
// Where extras of functions stand.
inline constexpr std::string_view declarations_path = "tools.functionDeclarations";
// A list's items; a value that stands where a list belongs is a list of one.
std::vector<json::Value> items(json::Value list);

// The same JSON without white space between tokens: what stands in a stream must not bring line ends with it.
std::string compact(std::string_view json);

// ---- Models

// What differs between generations of models, as far as a model's name tells.
struct Generation {
  bool takes_levels = false;  // of thinking, not only budgets
  bool wants_proofs = false;  // refuses calls that come back without a signature
  bool is_large = false;      // cannot be told not to think
  bool has_medium = true;     // knows that level of thinking
  // Tokens that thinking may be told to take: https://ai.google.dev/gemini-api/docs/thinking#set-budget
  std::uint64_t least_budget = 1;
  std::uint64_t most_budget = 24'576;
};
Generation generation_of(std::string_view model);

// ---- Counts, endings

// The counts in a `usageMetadata`, made disjoint. Nothing when nothing was counted, or when a count is negative,
// fractional or no number: a wrong count must not become money.
std::optional<Usage> read_usage(json::Value metadata);
// The counts as members of an open object.
void write_usage(json::Writer& out, const Usage& usage);

// A finishReason or blockReason, also where it was sent as a number.
std::string finish_word(json::Value reason);
std::string block_word(json::Value reason);
Ending ending_of(std::string word, bool has_calls, bool has_content);
// The word for an ending; empty when it is not known why the answer ended. `ours`: `raw` is surely a word of this
// dialect.
std::string_view word_of(const Ending& ending, bool ours);

// "standard" is what the other dialects call "default".
std::string read_tier(json::Value metadata);
std::string_view tier_of(std::string_view tier, Dropped& dropped);

// ---- Parts

// Who wrote it, or who will read it.
enum class Side : std::uint8_t { caller, provider };

// Members of a part (or of a candidate) that a Part has no word for travel as an Opaque of their own, a rider, in front
// of the part they belong to; `kind` is "part." (or "candidate.") and the member's name.
inline constexpr std::string_view part_rider = "part.";
inline constexpr std::string_view candidate_rider = "candidate.";
inline constexpr std::string_view feedback_rider = "promptFeedback";
bool is_own(const Opaque& opaque, std::string_view prefix);

// Appends what a part means, riders before it; a call without an id keeps it empty. False: it is no part.
bool read_part(json::Value part, Side from, std::vector<Part>& parts);
// Whether `next` only goes on with what `before` began: text after text and thought after thought, until a signature
// closes it. Then join() puts them together.
bool continues(const Part& before, const Part& next);
void join(Part& before, Part&& next);
// A text without words or signature: there to fill a place.
bool says_nothing(const Part& part);

// Writes parts into an open array.
class PartWriter {
 public:
  PartWriter(json::Writer& out, Side to, Dropped& dropped) : out_(out), to_(to), dropped_(dropped) {}

  // Whether there is a word for it; notes it if not.
  static bool can_say(const Part& part, Side to, Dropped& dropped);

  void write(const Part& part);
  // The first call without a signature gets this one.
  void prove_with(std::string_view signature) { proof_ = signature; }
  // The name of the tool that the next result is of.
  void name_result(std::string_view name) { result_name_ = name; }
  void nest_media(bool nest) { nest_media_ = nest; }
  // What results held beside text, where it may not stand inside of them.
  void finish();

 private:
  void write_text(const Text& text);
  void write_thinking(const Thinking& thinking);
  void write_call(const ToolCall& call);
  void write_result(const ToolResult& result);
  void write_result_content(const ToolResult& result);
  void write_media(const Media& media);
  json::Writer& open();
  void close();

  json::Writer& out_;
  Side to_;
  Dropped& dropped_;
  std::vector<const Opaque*> riders_{};
  std::vector<const Media*> postponed_{};
  std::string_view proof_{};
  std::string_view result_name_{};
  bool nest_media_ = false;
};

// A thought's proof as clients of this dialect send it back: of another format packed (foreign_thinking.hpp), and all
// of that in base64, because they take a signature for bytes.
std::string proof_of(const Thinking& thinking);
void read_proof(std::string signature, Thinking& thinking);

// Arguments as a JSON object, whatever the text is.
std::string arguments_object(std::string_view text);

// Arguments that come in pieces, each with the place it belongs to.
class PartialArguments {
 public:
  PartialArguments();
  ~PartialArguments();
  PartialArguments(PartialArguments&&) noexcept;
  PartialArguments& operator=(PartialArguments&&) noexcept;
  PartialArguments(const PartialArguments&) = delete;
  PartialArguments& operator=(const PartialArguments&) = delete;

  void take(json::Value partial);
  // All of it as JSON; empty when nothing came.
  std::string text() const;

 private:
  struct Node;
  Node* place_of(std::string_view path);

  std::unique_ptr<Node> root_;
  std::size_t nodes_ = 0;
};

// JSON Schema from the dialect's older way to write one: types in capitals, `nullable`, lengths as strings.
std::string json_schema_of(json::Value schema);

// Log probabilities as OpenAI's entries (a JSON array), and back as the members of a logprobsResult.
std::string read_logprobs(json::Value result);
void write_logprobs(json::Writer& out, std::string_view entries);

// ---- Candidates

// What a candidate says beside its parts, as riders behind them. Empty objects and lists say nothing.
std::vector<Part> read_candidate_riders(json::Value candidate);
bool is_candidate_rider(const Part& part);
// The prompt's own verdict, which stands beside the candidates.
const Opaque* feedback_in(const std::vector<Part>& riders);
// Whether an ending says no more than the prompt's verdict: then there is no candidate for it.
bool is_refused_prompt(const Ending& ending, const Opaque* feedback);
Ending ending_of_feedback(json::Value feedback);

// ---- The directions

Result<Request> decode_request(std::string_view body, std::string_view model, bool stream);
Result<Rendered> encode_request(const Request& request, const Quirks& quirks);
Result<Response> decode_response(std::string_view body);
void encode_response(const Response& response, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> stream_decoder();
std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form);

// One generationConfig both ways, and what goes into it from elsewhere in a request.
Result<Ok> read_config(json::Value config, Request& request);
void write_config(json::Writer& out, const Request& request, const Quirks& quirks, Dropped& dropped);
// The extras of a request of this dialect that stood in an object, into that object.
void write_extras(json::Writer& out, const Request& request, std::string_view within);
Result<Ok> read_tools(json::Value root, Request& request);
void write_tools(json::Writer& out, const Request& request, const Quirks& quirks, Dropped& dropped);

// ---- Errors

// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

Error decode_failure(int status, std::string_view body);
void encode_failure(const Error& error, std::string& out);

}  // namespace sluice::chat::generate_content
