#include <array>
#include <string>

#include <sluice/base/percent.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/http/event_stream.hpp>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/exceptions.hpp"
#include "chat/json_walk.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Member;

// The name of what is no frame; no event and no exception is called so.
constexpr std::string_view unreadable_name = "unreadable frame";

enum Named : std::size_t { one_text, many_texts };

std::array<Member, 15> deciding_members() {
  return {{{.name = "inputText"},
           {.name = "texts"},
           {.name = "input"},
           {.name = "messages"},
           {.name = "system"},
           {.name = "inferenceConfig"},
           {.name = "toolConfig"},
           {.name = "guardrailConfig"},
           {.name = "additionalModelRequestFields"},
           {.name = "additionalModelResponseFieldPaths"},
           {.name = "outputConfig"},
           {.name = "promptVariables"},
           {.name = "requestMetadata"},
           {.name = "performanceConfig"},
           {.name = "serviceTier"}}};
}

class BedrockCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const override {
    return bedrock::read_request(body, model, stream);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return bedrock::write_request(request, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override { return bedrock::read_response(body); }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    bedrock::write_response(response, out, dropped);
  }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return bedrock::make_decoder(); }
  std::span<const std::string_view> foreign_marks() const override {
    static constexpr std::array<std::string_view, 3> marks{"sluice:", R"("signature":"")", R"("signature": "")"};
    return marks;
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm&) const override { return bedrock::make_encoder(); }
  std::string_view stream_type(const AnswerForm&) const override { return http::event_stream_type; }
};

class BedrockConverse final : public Dialect {
 public:
  std::string_view name() const override { return bedrock::dialect_name; }
  std::string_view request_id_field() const override { return "x-amzn-requestid"; }

  Result<Outline> outline(const Asked& asked, std::string_view body, std::string&) const override {
    auto members = deciding_members();
    auto end = read_request_object(body, members);
    if (!end) return std::move(end).error();
    Outline outline;
    outline.object_end = *end;
    outline.model = asked.model;
    outline.stream = asked.stream.value_or(false);
    auto good = check_model(asked.model);
    if (!good) return std::move(good).error();
    const bool has_texts = members[one_text].kind != json::Kind::none || members[many_texts].kind != json::Kind::none;
    if (asked.task == Task::embedding && !has_texts) {
      return refuse_member("inputText", "Only embeddings are served here: 'inputText' or 'texts' is missing.");
    }
    return outline;
  }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return bedrock::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    out += "/model/";
    append_percent_encoded(out, asked.model);
    if (asked.task == Task::embedding) {
      out += "/invoke";
    } else if (asked.task == Task::count) {
      out += "/count-tokens";
    } else {
      out += asked.stream.value_or(false) ? "/converse-stream" : "/converse";
    }
  }

  http::Slices retarget(std::string_view body, const Outline&, std::string_view, bool) const override { return {body}; }

  bool streams_events() const override { return false; }

  // The payload, or what an error without one says. Bytes that are no frame become one last error, which holds
  // none of them: they would spoil what the caller reads after it.
  bool next_frame(std::string_view bytes, http::SseEvent& event) const override {
    http::Frame frame;
    switch (http::read_frame(bytes, frame)) {
      case http::FrameStep::more:
        return false;
      case http::FrameStep::bad:
        event = {.raw = {}, .name = unreadable_name, .data = {}, .has_data = true};
        return true;
      case http::FrameStep::done:
        break;
    }
    const bool is_error = frame.message_type == "error" && frame.payload.empty();
    event = {
        .raw = frame.raw, .name = frame.name, .data = is_error ? frame.error_message : frame.payload, .has_data = true};
    return true;
  }

  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    if (event.name == "metadata") {
      sense.kind = EventSense::Kind::end;
      sense.usage = usage_of(event.data);
    } else if (event.name == unreadable_name || is_failure(event)) {
      sense.kind = EventSense::Kind::error;
    }
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override {
    std::array<Member, 2> members{{{.name = "usage"}, {.name = "inputTextTokenCount"}}};
    if (!json::read(body, members)) return std::nullopt;
    if (members[1].kind == json::Kind::number) return bedrock::read_embedding_usage(json::Tree::read(body).root());
    if (members[0].kind != json::Kind::object) return std::nullopt;
    const json::Tree tree = json::Tree::read(json::value_of(members[0], body));
    return bedrock::read_usage(tree.root());
  }

  Error decode_error(int status, std::string_view body) const override { return read_exception(status, body); }
  void encode_error(const Error& error, std::string& out) const override { bedrock::encode_failure(error, out); }
  void encode_error_event(const Error& error, std::string& out) const override {
    bedrock::encode_failure_frame(error, out);
  }

  const Codec* codec() const override {
    static const BedrockCodec codec;
    return &codec;
  }
  const EmbeddingCodec* embedding_codec() const override { return &bedrock::embedding_codec(); }
  const CountCodec* count_codec() const override { return &bedrock::count_codec(); }

 private:
  // Events that are not known yet are passed on; their frame says what they are.
  static bool is_failure(const http::SseEvent& event) {
    if (event.name.starts_with("contentBlock") || event.name.starts_with("message")) return false;
    if (event.name.ends_with("Exception")) return true;
    http::Frame frame;
    if (http::read_frame(event.raw, frame) != http::FrameStep::done) return false;
    return frame.message_type == "error" || frame.message_type == "exception";
  }
};

}  // namespace

const Dialect& bedrock_converse() {
  static const BedrockConverse dialect;
  return dialect;
}

}  // namespace sluice::chat
