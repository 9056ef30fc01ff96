#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/json_walk.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/operations.hpp"
#include "chat/openai_chat/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Kind;
using json::Member;

enum Named : std::size_t { model, stream, stream_options };

// The members that decide something, here or at a provider. If one could be there twice, the gateway and the
// provider could each believe a different one (and bill or permit a model that was not the one used).
std::array<Member, 15> deciding_members() {
  return {{{.name = "model"},
           {.name = "stream"},
           {.name = "stream_options"},
           {.name = "messages"},
           {.name = "max_tokens"},
           {.name = "max_completion_tokens"},
           {.name = "n"},
           {.name = "prompt"},
           {.name = "input"},
           {.name = "tools"},
           {.name = "tool_choice"},
           {.name = "response_format"},
           {.name = "user"},
           {.name = "metadata"},
           {.name = "store"}}};
}

// Sorts an object of stream options by what it says about usage.
Result<Ok> read_include_usage(const Member& options, std::string_view body, Outline& outline) {
  std::array<Member, 1> members{{{.name = "include_usage"}}};
  json::read(json::value_of(options, body), members);
  const Member& include = members[0];
  if (include.other_case) {
    return refuse_member("stream_options.include_usage", "The member 'include_usage' is there in another case.");
  }
  if (include.repeated) {
    return refuse_member("stream_options.include_usage", "The member 'include_usage' is there more than once.");
  }
  switch (include.kind) {
    case Kind::none:
      outline.stream_options = options.empty ? StreamOptions::empty : StreamOptions::other;
      return Ok{};
    case Kind::yes:
      outline.stream_options = StreamOptions::asked;
      return Ok{};
    case Kind::no:
    case Kind::null:
      outline.stream_options = StreamOptions::declined;
      outline.stream_options_value = {options.value.begin + include.value.begin,
                                      options.value.begin + include.value.end};
      return Ok{};
    default:
      return refuse_member("stream_options.include_usage", "The member 'include_usage' must be a boolean.");
  }
}

Result<Ok> read_stream_options(const Member& member, std::string_view body, Outline& outline) {
  outline.stream_options_value = member.value;
  switch (member.kind) {
    case Kind::none:
      return Ok{};
    case Kind::null:
      outline.stream_options = StreamOptions::null;
      return Ok{};
    case Kind::object:
      return read_include_usage(member, body, outline);
    default:
      outline.stream_options = StreamOptions::unusable;
      return Ok{};
  }
}

// How include_usage gets into the request; an empty text if it need not.
Edit usage_edit(const Outline& outline) {
  const Range& value = outline.stream_options_value;
  const auto inside = Range{value.begin + 1, value.begin + 1};
  switch (outline.stream_options) {
    case StreamOptions::absent:
      return {{outline.object_end, outline.object_end}, R"(,"stream_options":{"include_usage":true})"};
    case StreamOptions::null:
      return {value, R"({"include_usage":true})"};
    case StreamOptions::empty:
      return {inside, R"("include_usage":true)"};
    case StreamOptions::other:
      return {inside, R"("include_usage":true,)"};
    case StreamOptions::declined:
      return {value, "true"};
    case StreamOptions::asked:
    case StreamOptions::unusable:
      break;
  }
  return {};
}

// Whether there may be a usage object somewhere.
bool may_have_usage(std::string_view data) {
  constexpr std::string_view name = R"("usage")";
  for (std::size_t at = json::find_quoted(data, name, 0); at != std::string_view::npos;
       at = json::find_quoted(data, name, at + name.size())) {
    const std::size_t value = json::value_begin(data, at + name.size());
    if (value < data.size() && data[value] == '{') return true;
  }
  return false;
}

// The length of the string behind a member's name; 0: it is not there, or no string.
std::size_t length_of(std::string_view data, std::string_view name) {
  const std::size_t at = json::find_quoted(data, name, 0);
  if (at == std::string_view::npos) return 0;
  const std::size_t begin = json::value_begin(data, at + name.size());
  if (begin >= data.size() || data[begin] != '"') return 0;
  std::size_t end = begin + 1;
  while (end < data.size() && data[end] != '"') end += data[end] == '\\' ? 2 : 1;
  return std::min(end, data.size()) - begin - 1;
}

// How much of the answer's own words a chunk brings: the first of each sort in it, without reading it.
std::size_t said_in(std::string_view data) {
  constexpr std::string_view delta = R"("delta")";
  const std::size_t at = json::find_quoted(data, delta, 0);
  if (at == std::string_view::npos) return data.size();
  const std::string_view said = data.substr(at);
  std::size_t length = 0;
  for (const std::string_view name :
       {R"("content")", R"("reasoning_content")", R"("reasoning")", R"("arguments")", R"("refusal")", R"("text")"}) {
    length += length_of(said, name);
  }
  return length;
}

enum Sensed : std::size_t { choices, usage, error, object, type };

constexpr std::size_t sensed_count = 5;

std::array<Member, sensed_count> sensed_members() {
  return {{{.name = "choices"}, {.name = "usage"}, {.name = "error"}, {.name = "object"}, {.name = "type"}}};
}

std::optional<Usage> usage_in(const std::array<Member, sensed_count>& members, std::string_view text) {
  if (members[usage].kind == Kind::object) return openai::read_usage(json::value_of(members[usage], text));
  return openai::usage_in(json::Tree::read(text).root());  // some have it further inside
}

bool is_failure(const std::array<Member, sensed_count>& members, std::string_view text) {
  if (members[error].kind == Kind::object) return true;
  if (members[error].kind == Kind::string) return json::value_of(members[error], text).size() > 2;
  return members[object].kind == Kind::string && json::value_of(members[object], text) == R"("error")";
}

class OpenAiChat final : public Dialect {
 public:
  std::string_view name() const override { return "openai_chat"; }

  Result<Outline> outline(const Asked& asked, std::string_view body, std::string& scratch) const override {
    auto members = deciding_members();
    auto outline = outline_of(asked, body, members, scratch);
    if (!outline || !has_stream(asked.task)) return outline;
    auto read = read_stream_options(members[stream_options], body, *outline);
    if (!read) return std::move(read).error();
    return outline;
  }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return openai::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    switch (asked.task) {
      case Task::chat:
        out += "/chat/completions";
        break;
      case Task::completion:
        out += "/completions";
        break;
      case Task::embedding:
        out += "/embeddings";
        break;
      case Task::rerank:
        out += "/rerank";
        break;
      case Task::moderation:
        out += "/moderations";
        break;
      case Task::image:
        out += "/images/generations";
        break;
      case Task::speech:
        out += "/audio/speech";
        break;
      case Task::transcription:
        out += "/audio/transcriptions";
        break;
      case Task::translation:
        out += "/audio/translations";
        break;
      case Task::count:
        break;  // there is no such request
    }
  }

  bool takes_along(std::string_view field) const override {
    return equals_ignoring_case(field, "openai-beta") || equals_ignoring_case(field, "idempotency-key");
  }

  http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                        bool ask_for_usage) const override {
    std::array<Edit, 2> edits{Edit{outline.model_value, model_json}, ask_for_usage ? usage_edit(outline) : Edit{}};
    if (edits[1].text.empty()) {
      edits[1].range = {body.size(), body.size()};
    } else if (edits[1].range.begin < edits[0].range.begin) {
      std::swap(edits[0], edits[1]);
    }
    return edited(body, edits);
  }

  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    if (!event.has_data) return sense;
    const std::string_view data = json::trimmed(event.data);
    if (data == "[DONE]") {
      sense.kind = EventSense::Kind::end;
      return sense;
    }
    sense.said = said_in(data);
    const bool is_error_event = event.name == "error";
    if (is_error_event) sense.kind = EventSense::Kind::error;
    const bool has_usage = may_have_usage(data);
    if (!has_usage && !json::may_have_error(data)) return sense;

    auto members = sensed_members();
    if (!json::read(data, members)) return sense;
    sense.usage = usage_in(members, data);
    if (is_error_event || is_failure(members, data)) {
      sense.kind = EventSense::Kind::error;
    } else if (members[choices].kind == Kind::array && members[choices].empty && members[usage].kind == Kind::object) {
      sense.kind = EventSense::Kind::usage_only;
    } else if (json::value_of(members[type], data) == R"("transcript.text.done")" ||
               json::value_of(members[object], data) == R"("chat.completion.done")") {
      sense.kind = EventSense::Kind::last;  // of servers that send no mark behind it
    }
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override {
    if (!may_have_usage(body)) return std::nullopt;
    auto members = sensed_members();
    if (!json::read(body, members)) return std::nullopt;
    return usage_in(members, body);
  }

  Error decode_error(int status, std::string_view body) const override { return openai::decode_failure(status, body); }

  void encode_error(const Error& error, std::string& out) const override { openai::encode_failure(error, out); }

  void encode_error_event(const Error& error, std::string& out) const override {
    out += "data: ";
    openai::encode_failure(error, out);
    out += "\n\n";
  }

  const Codec* codec() const override { return &openai::codec(); }
  const EmbeddingCodec* embedding_codec() const override { return &openai::embedding_codec(); }
  const RerankCodec* rerank_codec() const override { return &openai::rerank_codec(); }
};

}  // namespace

const Dialect& openai_chat() {
  static const OpenAiChat dialect;
  return dialect;
}

}  // namespace sluice::chat
