#include <array>
#include <string>
#include <utility>

#include "chat/openai_responses/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Kind;
using json::Member;

// The members that decide something, here or at a provider; first those of outline_of().
std::array<Member, 20> deciding_members() {
  return {{{.name = "model"},          {.name = "stream"},       {.name = "stream_options"},
           {.name = "input"},          {.name = "instructions"}, {.name = "max_output_tokens"},
           {.name = "max_tool_calls"}, {.name = "tools"},        {.name = "tool_choice"},
           {.name = "text"},           {.name = "reasoning"},    {.name = "include"},
           {.name = "service_tier"},   {.name = "user"},         {.name = "metadata"},
           {.name = "store"},          {.name = "background"},   {.name = "previous_response_id"},
           {.name = "conversation"},   {.name = "prompt"}}};
}

// What an event is by its name. Nothing for those that never end, fail or count.
enum class Turn : std::uint8_t { nothing, finished, failed };

Turn turn_of(std::string_view type) {
  if (type == "response.completed" || type == "response.incomplete") return Turn::finished;
  return type == "response.failed" || type == "error" ? Turn::failed : Turn::nothing;
}

// Whether an event whose name does not say it may be one that matters. A model's own text has its quotes escaped.
bool may_matter(std::string_view data) {
  constexpr std::array<std::string_view, 4> words{R"("response.completed")", R"("response.incomplete")",
                                                  R"("response.failed")", R"("error")"};
  for (const std::string_view word : words) {
    if (json::mentions(data, word)) return true;
  }
  return false;
}

std::optional<Usage> usage_in(std::string_view object) {
  std::array<Member, 1> members{{{.name = "usage"}}};
  if (!json::read(object, members) || members[0].kind != Kind::object) return std::nullopt;
  const json::Tree tree = json::Tree::read(json::value_of(members[0], object));
  return responses::read_usage(tree.root());
}

class OpenAiResponsesCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const override {
    return responses::decode_request(body, model, stream);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return responses::encode_request(request, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override { return responses::decode_response(body); }
  void encode_response(const Response& response, const AnswerForm& form, std::string& out,
                       Dropped& dropped) const override {
    responses::encode_response(response, form, out, dropped);
  }
  std::string repeats(std::string_view body) const override { return responses::repeats(body); }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return responses::stream_decoder(); }
  std::span<const std::string_view> foreign_marks() const override {
    static constexpr std::array<std::string_view, 2> marks{"_sluice_", "sluice:"};
    return marks;
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) const override {
    return responses::stream_encoder(form);
  }
  std::string_view stream_type(const AnswerForm&) const override { return "text/event-stream"; }
};

class OpenAiResponses final : public Dialect {
 public:
  std::string_view name() const override { return responses::dialect_name; }

  Result<Outline> outline(const Asked& asked, std::string_view body, std::string& scratch) const override {
    auto members = deciding_members();
    return outline_of(asked, body, members, scratch);
  }

  bool takes_along(std::string_view field) const override { return openai_chat().takes_along(field); }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return responses::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    if (asked.task != Task::chat && asked.task != Task::count) return openai_chat().append_path(asked, out);
    out += asked.task == Task::count ? "/responses/input_tokens" : "/responses";
  }

  // The usage always comes.
  http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                        bool) const override {
    return with_model(body, outline, model_json);
  }

  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    if (!event.has_data) return sense;
    const std::string_view data = json::trimmed(event.data);
    if (data == "[DONE]") {
      sense.kind = EventSense::Kind::end;  // some servers send it behind the last event
      return sense;
    }
    Turn turn = turn_of(event.name);
    // Everything is said again as a whole, three times over.
    if (!event.name.empty() && !event.name.ends_with(".delta")) sense.said = 0;
    if (turn == Turn::nothing && (event.name.starts_with("response.") || !may_matter(data))) return sense;
    std::array<Member, 3> members{{{.name = "type"}, {.name = "response"}, {.name = "error"}}};
    const bool readable = static_cast<bool>(json::read(data, members));
    std::string scratch;
    if (turn == Turn::nothing && readable) {
      turn = turn_of(json::string_of(members[0], data, scratch).value_or(""));
      const bool bare_error = members[0].kind == Kind::none && members[2].kind == Kind::object;
      if (bare_error) turn = Turn::failed;
    }
    if (turn == Turn::nothing) return sense;
    sense.kind = turn == Turn::finished ? EventSense::Kind::end : EventSense::Kind::error;
    if (readable && members[1].kind == Kind::object) sense.usage = usage_in(json::value_of(members[1], data));
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override {
    return json::mentions(body, R"("usage")") ? usage_in(body) : std::nullopt;
  }

  std::string answer_id(std::string_view json) const override { return responses::answer_id(json); }

  Error decode_error(int status, std::string_view body) const override {
    return responses::decode_failure(status, body);
  }

  void encode_error(const Error& error, std::string& out) const override { openai_chat().encode_error(error, out); }

  void encode_error_event(const Error& error, std::string& out) const override {
    responses::write_error_event(error, 0, out);
  }

  const Codec* codec() const override {
    static const OpenAiResponsesCodec codec;
    return &codec;
  }
  const CountCodec* count_codec() const override { return &responses::count_codec(); }
};

}  // namespace

const Dialect& openai_responses() {
  static const OpenAiResponses dialect;
  return dialect;
}

}  // namespace sluice::chat
