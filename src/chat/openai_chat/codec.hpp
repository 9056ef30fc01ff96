#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/codec.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// The parts of the openai_chat dialect's deep half.
//
// Opaque parts of this dialect are of two kinds: "messages.content.TYPE" is an item of a content list, whole;
// "messages.NAME" and "choices.NAME" are the value of a member of a message or of a choice.
//
// Extras of a request stand at its top, or within "tools[2]", "tools[2].function" (or ".custom"), "stream_options",
// "reasoning" and "thinking": members beside those that have a counterpart.
namespace sluice::chat::openai {

inline constexpr std::string_view dialect_name = "openai_chat";

const Codec& codec();

Result<Request> read_request(std::string_view body, std::string_view model, bool stream);
Result<Ok> read_messages(json::Value list, std::vector<Message>& messages);
// `tools`, `functions`, `tool_choice`, `function_call` and `parallel_tool_calls`.
Result<Ok> read_tools(json::Value root, Request& request);

// What describes a custom tool's grammar.
inline constexpr std::array<std::string_view, 2> grammar_members{"definition", "syntax"};

Result<Rendered> write_request(const Request& request, const Quirks& quirks);
// Whether the provider has another name for a member that a caller of the dialect may have used, or takes no such ids.
bool must_rewrite(std::string_view body, const Quirks& quirks);

// Writes the members of a request and notes what is left out.
class RequestWriter {
 public:
  RequestWriter(const Request& request, const Quirks& quirks, std::string& out, Dropped& dropped)
      : request_(request), quirks_(quirks), to_(out), dropped_(dropped) {}

  void write();

 private:
  // Whether the conversation came from this dialect, so that it may go out with all that is particular to it. What
  // other servers of the dialect than the one it came from would refuse is then the caller's affair.
  bool is_own() const { return request_.dialect == dialect_name; }
  // Whether signatures and what is encrypted can go along.
  bool takes_proofs() const { return is_own() || quirks_.proofs; }
  std::string id_for(const std::string& id) const;
  // Whether the member may be written. If not, it is noted as dropped.
  bool allows(std::string_view member);
  void lose(std::string_view name) { drop(dropped_, name); }
  // The extras that stood in that object.
  void write_beside(std::string_view within);
  bool has_beside(std::string_view within) const;

  void write_messages();
  void write_message(const Message& message);
  void write_results(const Message& message);
  void write_result(const ToolResult& result, const std::optional<CacheMark>& cache);
  void write_attachments();
  void write_assistant(const Message& message);
  void write_thoughts(const Message& message);
  void write_calls(const Message& message);
  void write_changed(ToolCall call);  // as this provider takes it
  void write_content(const Message& message);
  void write_items(const Message& message);
  void write_item(const Part& part);
  void write_mark(const std::optional<CacheMark>& mark);
  void write_message_members(const Message& message);
  bool is_item(const Part& part);

  void write_tools();
  void write_tool(const Tool& tool, std::size_t number);
  void write_choice();
  void write_named(const std::string& name);
  void write_allowed();

  void write_sampling();
  void write_format();
  void write_reasoning();
  void write_own_reasoning();
  void write_rest();
  void write_extras();
  void write_number(std::string_view member, const std::optional<Number>& number);

  const Request& request_;
  const Quirks& quirks_;
  json::Writer to_;
  Dropped& dropped_;
  // What tool results hold beside text: it has to follow the last of them.
  std::vector<std::pair<std::string, const Media*>> attachments_{};
  std::map<std::string, std::string> called_{};  // names by ids of calls, where ids are mapped
};

Result<Response> read_response(std::string_view body);
void write_response(const Response& response, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> stream_decoder();
std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form);

// ---- what several of them share ----

// The value if it is a list, else nothing: to be looped over.
inline json::Value items_of(json::Value list) { return list.is_array() ? list : json::Value(); }

// A JSON value in one line, so that it can stand in an event. Line ends in JSON are only ever between values.
RawJson on_one_line(std::string_view json);

// An item of a content list that is no text: an image, a recording, a video, a file. Nothing if it is something else or
// has nothing in it.
std::optional<Media> read_media(json::Value item);
// Whether an item of a content list can say it.
bool can_write(const Media& media);
void write_media(const Media& media, json::Writer& to);  // the members of the item, without its braces

// {"type":"ephemeral","ttl":…} and the like.
std::optional<CacheMark> read_cache_mark(json::Value holder);
void write_cache_mark(const std::optional<CacheMark>& mark, json::Writer& to);

// One entry of `reasoning_details`, or the text of `reasoning_content` or `reasoning`. Several make up one thought.
struct Thought {
  Thinking says{};
  std::optional<std::uint64_t> index{};
  bool is_plain = false;  // not from an entry

  // Whether `more` belongs to the same thought.
  bool goes_on_with(const Thought& more) const;
  void add(const Thought& more);
};
// What a message or a delta holds of the model's thinking, in order.
std::vector<Thought> read_thoughts(json::Value said);
// The text of a thought that stands in a content list: a string, or a list of text items.
std::string thought_text(json::Value thinking);
// Whether it must go into `reasoning_details` to come back unharmed.
bool has_proof(const Thinking& thinking);
// Its entries of `reasoning_details`.
void write_thought(const Thinking& thinking, std::uint64_t index, json::Writer& to);

// Where a signature stands that belongs to a call or to the text of a message.
std::string read_signature(json::Value holder);
void write_signature(std::string_view signature, json::Writer& to);  // the member, if there is a signature

// A call's arguments as text, also where they were sent as a value.
std::string read_arguments(json::Value arguments);
// The members of an entry of `tool_calls`; `index` for streams.
void write_call(const ToolCall& call, const std::optional<std::size_t>& index, json::Writer& to);

// The member `annotations`, if it has entries, from citations in any dialect's words; those it cannot say are noted.
void write_annotations(const std::vector<const RawJson*>& citations, json::Writer& to, Dropped& dropped);

// What a finish reason means.
Finish finish_of(std::string_view word);
// How this dialect says it.
std::string_view word_of(const Ending& ending, bool has_calls);

// The members of a choice that say so; what the provider called it stands beside, where that is another word.
void write_ending(const Ending& ending, bool has_calls, json::Writer& to);

// The token counts of an answer or a chunk, wherever they stand.
std::optional<Usage> usage_in(json::Value root);
void write_usage(const Usage& usage, json::Writer& to);

// Whether an answer or a chunk reports a failure.
bool is_failure(json::Value root);
Error unreadable(std::string_view why);

// Reads a complete answer or the chunks of a stream: the same words under another name.
class AnswerReader {
 public:
  // `said`: what the content of a choice is called, "message" or "delta".
  explicit AnswerReader(std::string_view said) : said_(said) {}

  void take(json::Value root, std::vector<Event>& out);
  // Whether there is an answer, and each of its choices has said why it ended.
  bool is_complete() const;
  bool is_empty() const { return choices_.empty(); }
  // Ends the answer as it is.
  void close(std::vector<Event>& out);

 private:
  enum class Open : std::uint8_t { none, text, thinking, refusal };
  // They are looked for one after the other; what is beyond any answer is not read.
  static constexpr std::size_t most_choices = 1'000;
  static constexpr std::size_t most_calls = 4'000;

  struct Call {
    std::optional<std::uint64_t> index{};
    ToolCall call{};
    std::size_t block = 0;
    std::size_t looked_at = 0;  // how many bytes of arguments were found not to be all
    bool started = false;
    bool ended = false;
  };
  struct Choice {
    std::size_t number = 0;
    Open open = Open::none;
    std::size_t block = 0;
    Thought thought{};
    std::uint64_t thoughts = 0;
    std::vector<Call> calls{};
    std::vector<Opaque> kept{};
    std::string signature{};  // of the message, not yet attached to anything
    Ending ending{};
    bool is_over = false;
  };

  void start(json::Value root, std::vector<Event>& out);
  Choice* choice_of(json::Value choice, std::size_t position);
  void take_choice(json::Value choice, Choice& to, std::vector<Event>& out);
  void take_said(json::Value said, json::Value logprobs, Choice& to, std::vector<Event>& out);
  void take_thoughts(json::Value said, Choice& to, std::vector<Event>& out);
  void take_content(json::Value content, Choice& to, std::vector<Event>& out);
  void take_item(json::Value item, Choice& to, std::vector<Event>& out);
  void take_thought(const Thought& more, Choice& to, std::vector<Event>& out);
  void take_calls(json::Value said, Choice& to, std::vector<Event>& out);
  void take_call(json::Value entry, const std::optional<std::uint64_t>& index, Choice& to, std::vector<Event>& out);
  void take_ending(json::Value choice, Choice& to);
  void say(Open kind, std::string text, Choice& to, std::vector<Event>& out);
  void open(Open kind, Part part, Choice& to, std::vector<Event>& out);
  void shut(Choice& to, std::vector<Event>& out);
  void whole(Part part, Choice& to, std::vector<Event>& out);
  Call& call_of(json::Value entry, const std::optional<std::uint64_t>& index, Choice& to, std::vector<Event>& out);
  void start_call(Call& call, Choice& to, std::vector<Event>& out);
  void place_signature(Choice& to, std::vector<Event>& out);
  void end_choice(Choice& to, std::vector<Event>& out);

  std::string_view said_;
  std::string answer_id_{};
  bool started_ = false;
  std::size_t blocks_ = 0;
  std::vector<Choice> choices_{};
};

}  // namespace sluice::chat::openai
