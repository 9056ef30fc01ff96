#include <array>
#include <string>
#include <utility>

#include <sluice/chat/dialect.hpp>

#include "chat/cohere_v2/parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Member;

// The members that decide something, here or at a provider; first those of outline_of().
std::array<Member, 18> deciding_members() {
  return {{{.name = "model"},
           {.name = "stream"},
           {.name = "messages"},
           {.name = "max_tokens"},
           {.name = "tools"},
           {.name = "tool_choice"},
           {.name = "strict_tools"},
           {.name = "response_format"},
           {.name = "thinking"},
           {.name = "documents"},
           {.name = "stop_sequences"},
           {.name = "temperature"},
           {.name = "safety_mode"},
           {.name = "priority"},
           {.name = "citation_options"},
           {.name = "texts"},
           {.name = "inputs"},
           {.name = "query"}}};
}

class CohereCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const override {
    return cohere::read_request(body, model, stream);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return cohere::write_request(request, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override { return cohere::read_response(body); }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    cohere::write_response(response, out, dropped);
  }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return cohere::make_decoder(); }
  std::span<const std::string_view> foreign_marks() const override {
    static constexpr std::array<std::string_view, 2> marks{R"("signature":")", R"("signature": ")"};
    return marks;
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm&) const override { return cohere::make_encoder(); }
  std::string_view stream_type(const AnswerForm&) const override { return "text/event-stream"; }
};

class CohereV2 final : public Dialect {
 public:
  std::string_view name() const override { return cohere::dialect_name; }

  Result<Outline> outline(const Asked& asked, std::string_view body, std::string& scratch) const override {
    auto members = deciding_members();
    return outline_of(asked, body, members, scratch);
  }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return cohere::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    if (asked.task == Task::embedding) {
      out += "/embed";
    } else if (asked.task == Task::rerank) {
      out += "/rerank";
    } else {
      out += "/chat";
    }
  }

  http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                        bool) const override {
    return with_model(body, outline, model_json);
  }

  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    if (!event.has_data) return sense;
    const std::string_view data = json::trimmed(event.data);
    if (data == "[DONE]") {
      sense.kind = EventSense::Kind::end;
      return sense;
    }
    // Text that a model wrote cannot look like this, because its quotes are escaped.
    if (!json::mentions(data, R"("message-end")") && json::mentions(data, R"("type")")) return sense;
    const json::Tree tree = json::Tree::read(data);
    const json::Value root = tree.root();
    const json::Value delta = root["delta"];
    sense.usage = cohere::read_usage(delta["usage"]);
    const bool is_bare = root["type"].absent() && root["message"].is_string();
    if (is_bare || cohere::is_failure(delta["finish_reason"].string())) {
      sense.kind = EventSense::Kind::error;
    } else if (root["type"].is("message-end")) {
      sense.kind = EventSense::Kind::last;
    }
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override {
    std::array<Member, 2> members{{{.name = "usage"}, {.name = "meta"}}};
    if (!json::read(body, members)) return std::nullopt;
    if (members[0].kind == json::Kind::object) {
      const json::Tree tree = json::Tree::read(json::value_of(members[0], body));
      return cohere::read_usage(tree.root());
    }
    if (members[1].kind != json::Kind::object) return std::nullopt;
    const json::Tree tree = json::Tree::read(json::value_of(members[1], body));
    return cohere::read_billed(tree.root());
  }

  Error decode_error(int status, std::string_view body) const override { return cohere::decode_failure(status, body); }
  void encode_error(const Error& error, std::string& out) const override { cohere::encode_failure(error, out); }
  void encode_error_event(const Error& error, std::string& out) const override {
    cohere::encode_failure_event(error, out);
  }

  const Codec* codec() const override {
    static const CohereCodec codec;
    return &codec;
  }
  const EmbeddingCodec* embedding_codec() const override { return &cohere::embedding_codec(); }
  const RerankCodec* rerank_codec() const override { return &cohere::rerank_codec(); }
};

}  // namespace

const Dialect& cohere_v2() {
  static const CohereV2 dialect;
  return dialect;
}

}  // namespace sluice::chat
