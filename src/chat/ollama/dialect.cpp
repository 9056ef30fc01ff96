#include <array>
#include <string>
#include <utility>

#include <sluice/chat/dialect.hpp>

#include "chat/json_walk.hpp"
#include "chat/ollama/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Member;
using ollama_api::Form;

enum Named : std::size_t { model, stream };

std::array<Member, 20> deciding_members() {
  return {{{.name = "model"},  {.name = "stream"},     {.name = "messages"},   {.name = "prompt"},
           {.name = "system"}, {.name = "template"},   {.name = "context"},    {.name = "raw"},
           {.name = "suffix"}, {.name = "images"},     {.name = "format"},     {.name = "options"},
           {.name = "tools"},  {.name = "think"},      {.name = "keep_alive"}, {.name = "truncate"},
           {.name = "input"},  {.name = "dimensions"}, {.name = "logprobs"},   {.name = "shift"}}};
}

class MessagesCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const override {
    return ollama_api::read_request(Form::messages, body, model, stream);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return ollama_api::write_request(request, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override { return ollama_api::read_response(body); }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    ollama_api::write_response(Form::messages, response, out, dropped);
  }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return ollama_api::make_decoder(); }
  std::span<const std::string_view> foreign_marks() const override {
    static constexpr std::array<std::string_view, 3> marks{"thinking_proofs", R"("signature":")", R"("signature": ")"};
    return marks;
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm&) const override {
    return ollama_api::make_encoder(Form::messages);
  }
  std::string_view stream_type(const AnswerForm&) const override { return ollama_api::stream_type; }
};

// A prompt is a conversation with one message.
class PromptCodec final : public CallerCodec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const override {
    return ollama_api::read_request(Form::prompt, body, model, stream);
  }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    ollama_api::write_response(Form::prompt, response, out, dropped);
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm&) const override {
    return ollama_api::make_encoder(Form::prompt);
  }
  std::string_view stream_type(const AnswerForm&) const override { return ollama_api::stream_type; }
};

class Ollama final : public Dialect {
 public:
  std::string_view name() const override { return ollama_api::dialect_name; }

  Result<Outline> outline(const Asked& asked, std::string_view body, std::string& scratch) const override {
    auto members = deciding_members();
    auto outline = outline_of(asked, body, members, scratch);
    if (!outline || !has_stream(asked.task)) return outline;
    // Who does not say how gets a stream.
    const json::Kind said = members[stream].kind;
    if (said == json::Kind::none || said == json::Kind::null) outline->stream = true;
    return outline;
  }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return ollama_api::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    if (asked.task == Task::embedding) {
      out += "/embed";
    } else {
      out += asked.task == Task::completion ? "/generate" : "/chat";
    }
  }

  http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                        bool) const override {
    return with_model(body, outline, model_json);
  }

  bool streams_events() const override { return false; }

  // A line; one without its end is none.
  bool next_frame(std::string_view bytes, http::SseEvent& event) const override {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return false;
    const std::string_view line = json::trimmed(bytes.substr(0, end));
    event = {.raw = bytes.substr(0, end + 1), .name = {}, .data = line, .has_data = !line.empty()};
    return true;
  }

  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    // Nothing of these lines is true but that it is the last; in what a model wrote, quotes are escaped.
    if (!event.has_data || !(json::mentions(event.data, "true") || json::mentions(event.data, R"("error")")))
      return sense;
    const ollama_api::Sense seen = ollama_api::sense_of(event.data);
    sense.usage = seen.usage;
    if (seen.is_last) sense.kind = EventSense::Kind::end;
    if (seen.is_failure) sense.kind = EventSense::Kind::error;
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override { return ollama_api::sense_of(body).usage; }
  Error decode_error(int status, std::string_view body) const override {
    return ollama_api::decode_failure(status, body);
  }
  void encode_error(const Error& error, std::string& out) const override { ollama_api::encode_failure(error, out); }
  void encode_error_event(const Error& error, std::string& out) const override {
    ollama_api::encode_failure_line(error, out);
  }

  const Codec* codec() const override {
    static const MessagesCodec codec;
    return &codec;
  }
  const CallerCodec* caller_codec(Task task) const override {
    static const PromptCodec prompts;
    if (task == Task::completion) return &prompts;
    return task == Task::chat ? codec() : nullptr;
  }
  const EmbeddingCodec* embedding_codec() const override { return &ollama_api::embedding_codec(); }
};

}  // namespace

const Dialect& ollama() {
  static const Ollama dialect;
  return dialect;
}

}  // namespace sluice::chat
