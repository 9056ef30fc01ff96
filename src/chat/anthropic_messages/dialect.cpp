#include <array>

#include <sluice/base/text.hpp>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using anthropic::Counts;
using json::Kind;
using json::Member;

// The members that decide something, here or at a provider; first those of outline_of().
std::array<Member, 18> deciding_members() {
  return {{{.name = "model"},
           {.name = "stream"},
           {.name = "messages"},
           {.name = "system"},
           {.name = "max_tokens"},
           {.name = "tools"},
           {.name = "tool_choice"},
           {.name = "thinking"},
           {.name = "output_config"},
           {.name = "output_format"},
           {.name = "metadata"},
           {.name = "service_tier"},
           {.name = "container"},
           {.name = "mcp_servers"},
           {.name = "context_management"},
           {.name = "stop_sequences"},
           {.name = "anthropic_version"},
           {.name = "anthropic_beta"}}};
}

std::optional<Usage> counted(std::string_view usage) {
  const json::Tree tree = json::Tree::read(usage);
  Counts counts;
  counts.take(tree.root());
  return counts.usage();
}

// The usage of an answer, or of the event that starts or ends one.
std::optional<Usage> usage_in(std::string_view text) {
  if (!json::mentions(text, R"("usage")")) return std::nullopt;
  std::array<Member, 2> members{{{.name = "usage"}, {.name = "message"}}};
  if (!json::read(text, members)) return std::nullopt;
  if (members[0].kind == Kind::object) return counted(json::value_of(members[0], text));
  if (members[1].kind != Kind::object) return std::nullopt;
  const std::string_view message = json::value_of(members[1], text);
  std::array<Member, 1> inner{{{.name = "usage"}}};
  if (!json::read(message, inner) || inner[0].kind != Kind::object) return std::nullopt;
  return counted(json::value_of(inner[0], message));
}

// The type of an event; most say it twice.
EventSense::Kind kind_of(const http::SseEvent& event, std::string_view data) {
  const bool may_end = json::mentions(data, R"("message_stop")");
  if (may_end || json::mentions(data, R"("error")")) {
    std::array<Member, 1> members{{{.name = "type"}}};
    if (json::read(data, members) && members[0].kind == Kind::string) {
      const std::string_view type = json::value_of(members[0], data);
      if (type == R"("message_stop")") return EventSense::Kind::end;
      if (type == R"("error")") return EventSense::Kind::error;
      return EventSense::Kind::content;
    }
  }
  if (event.name == "error") return EventSense::Kind::error;
  return event.name == "message_stop" ? EventSense::Kind::end : EventSense::Kind::content;
}

class MessagesCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view name, bool streams) const override {
    return anthropic::decode_request(body, name, streams);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return anthropic::encode_request(request, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override { return anthropic::decode_response(body); }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    anthropic::encode_response(response, out, dropped);
  }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return anthropic::stream_decoder(); }
  std::span<const std::string_view> foreign_marks() const override {
    static constexpr std::array<std::string_view, 3> marks{"sluice:", R"("signature":"")", R"("signature": "")"};
    return marks;
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) const override {
    return anthropic::stream_encoder(form);
  }
  std::string_view stream_type(const AnswerForm&) const override { return "text/event-stream"; }
};

class AnthropicMessages final : public Dialect {
 public:
  std::string_view name() const override { return anthropic::dialect_name; }

  // A path may have the model and whether to stream, where somebody else serves these bodies.
  Result<Outline> outline(const Asked& asked, std::string_view body, std::string& scratch) const override {
    auto members = deciding_members();
    return outline_of(asked, body, members, scratch);
  }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return anthropic::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    out += asked.task == Task::count ? "/messages/count_tokens" : "/messages";
  }

  // Clients name new features of the API in fields of this family: an open list.
  std::string_view request_id_field() const override { return "request-id"; }

  bool takes_along(std::string_view field) const override {
    constexpr std::string_view family = "anthropic-";
    return equals_ignoring_case(field.substr(0, family.size()), family) ||
           equals_ignoring_case(field, "idempotency-key");
  }

  http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                        bool) const override {
    return with_model(body, outline, model_json);
  }

  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    if (!event.has_data) return sense;
    sense.kind = kind_of(event, event.data);
    sense.usage = usage_in(event.data);
    sense.usage_continues = true;
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override { return usage_in(body); }

  Error decode_error(int status, std::string_view body) const override {
    return anthropic::decode_failure(status, body);
  }
  void encode_error(const Error& error, std::string& out) const override { anthropic::encode_failure(error, out); }
  void encode_error_event(const Error& error, std::string& out) const override {
    anthropic::encode_failure_event(error, out);
  }

  const Codec* codec() const override { return &codec_; }
  const CountCodec* count_codec() const override { return &anthropic::count_codec(); }
  std::span<const Door* const> doors() const override { return anthropic::doors(); }

 private:
  MessagesCodec codec_;
};

}  // namespace

const Dialect& anthropic_messages() {
  static const AnthropicMessages dialect;
  return dialect;
}

}  // namespace sluice::chat
