#include <array>
#include <string>
#include <utility>

#include <sluice/base/percent.hpp>

#include "chat/gemini/operations.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

using json::Kind;
using json::Member;

// The members that decide something, in both spellings. If one could be there twice, the gateway and the provider could
// each believe a different one.
enum Named : std::size_t { model };

std::array<Member, 21> deciding_members() {
  return {{{.name = "model"},
           {.name = "contents"},
           {.name = "tools"},
           {.name = "labels"},
           {.name = "systemInstruction"},
           {.name = "system_instruction"},
           {.name = "toolConfig"},
           {.name = "tool_config"},
           {.name = "generationConfig"},
           {.name = "generation_config"},
           {.name = "safetySettings"},
           {.name = "safety_settings"},
           {.name = "cachedContent"},
           {.name = "cached_content"},
           {.name = "serviceTier"},
           {.name = "service_tier"},
           {.name = "taskType"},
           {.name = "task_type"},
           {.name = "requests"},
           {.name = "content"},
           {.name = "store"}}};
}
constexpr std::size_t pairs_begin = 4;
constexpr std::size_t pairs_end = 18;

// The path has the model; a body may repeat it, but not name another.
Result<Ok> check_repeated_model(const Member& member, std::string_view body, std::string_view asked) {
  if (member.kind == Kind::none) return Ok{};
  std::string scratch;
  const auto name = json::string_of(member, body, scratch);
  if (name && generate_content::is_same_model(*name, asked)) return Ok{};
  return refuse_member("model", "The member 'model' must not differ from the model in the path.");
}

// A name may be a path of its own ("publishers/…"), but must not lead out of its folder.
bool is_plain_path(std::string_view name) {
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string_view segment = name.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

void append_encoded(std::string_view name, std::string& out) {
  const bool keeps_slashes = is_plain_path(name);
  for (const char& c : name) {
    if (c == '@' || (c == '/' && keeps_slashes)) {
      out += c;
    } else {
      append_percent_encoded(out, {&c, 1});
    }
  }
}

std::string_view verb_of(const Asked& asked) {
  if (asked.task == Task::embedding && asked.way == Way::instances) return ":predict";
  if (asked.task == Task::embedding) return asked.way == Way::single ? ":embedContent" : ":batchEmbedContents";
  if (asked.task == Task::count) return ":countTokens";
  return asked.stream.value_or(false) ? ":streamGenerateContent?alt=sse" : ":generateContent";
}

enum Sensed : std::size_t { candidates, usage, error, feedback };

std::array<Member, 4> sensed_members() {
  return {{{.name = "candidates"}, {.name = "usageMetadata"}, {.name = "error"}, {.name = "promptFeedback"}}};
}

std::optional<Usage> usage_in(const Member& member, std::string_view text) {
  if (member.kind != Kind::object) return std::nullopt;
  return generate_content::read_usage(json::Tree::read(json::value_of(member, text)).root());
}

// Whether every candidate of a chunk says why it ended.
bool all_ended(std::string_view list) {
  const json::Tree tree = json::Tree::read(list);
  if (tree.root().size() == 0) return false;
  for (const json::Value candidate : tree.root()) {
    if (generate_content::finish_word(candidate["finishReason"]).empty()) return false;
  }
  return true;
}

class GeminiCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model_name, bool stream) const override {
    return generate_content::decode_request(body, model_name, stream);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return generate_content::encode_request(request, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override {
    return generate_content::decode_response(body);
  }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    generate_content::encode_response(response, out, dropped);
  }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return generate_content::stream_decoder(); }
  // "sluice:" in base64, as all signatures here.
  std::span<const std::string_view> foreign_marks() const override {
    static constexpr std::array<std::string_view, 1> marks{"c2x1aWNlO"};
    return marks;
  }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) const override {
    return generate_content::stream_encoder(form);
  }
  std::string_view stream_type(const AnswerForm& form) const override {
    return form.json_array ? "application/json" : "text/event-stream";
  }
};

class Gemini final : public Dialect {
 public:
  std::string_view name() const override { return generate_content::dialect_name; }

  Result<Outline> outline(const Asked& asked, std::string_view body, std::string&) const override {
    auto members = deciding_members();
    auto end = read_request_object(body, members);
    if (!end) return std::move(end).error();
    for (std::size_t i = pairs_begin; i < pairs_end; i += 2) {
      if (members[i].kind == Kind::none || members[i + 1].kind == Kind::none) continue;
      return wrong_member(members[i].name, "is there twice.");
    }
    auto good = check_model(asked.model);
    if (good) good = check_repeated_model(members[model], body, asked.model);
    if (good && asked.task != Task::chat) good = generate_content::check_inner_models(body, asked.model);
    if (!good) return std::move(good).error();
    Outline outline;
    outline.model = asked.model;
    outline.stream = asked.stream.value_or(false);
    outline.model_value = members[model].value;
    outline.object_end = *end;
    return outline;
  }

  Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) const override {
    return generate_content::features(asked, body, hash_key);
  }

  void append_path(const Asked& asked, std::string& out) const override {
    using generate_content::model_folder;
    out += '/';
    out += model_folder;
    append_encoded(asked.model.starts_with(model_folder) ? asked.model.substr(model_folder.size()) : asked.model, out);
    out += verb_of(asked);
  }

  http::Slices retarget(std::string_view body, const Outline& outline, std::string_view model_json,
                        bool) const override {
    return with_model(body, outline, model_json);
  }

  // The official client for Python takes every line for JSON that does not begin with `data: `.
  bool has_comments() const override { return false; }

  // A chunk in which all candidates have ended is the last one.
  EventSense sense(const http::SseEvent& event) const override {
    EventSense sense;
    if (!event.has_data) return sense;
    const std::string_view data = json::trimmed(event.data);
    const bool may_end = json::mentions(data, "\"finishReason\"") || json::mentions(data, "\"blockReason\"");
    const bool may_fail = json::mentions(data, "\"error\"");
    if (!may_end && !may_fail && !json::mentions(data, "\"usageMetadata\"")) return sense;
    auto members = sensed_members();
    if (!json::read(data, members)) {
      // The array's form of a failure, which some servers also put into an event.
      if (may_fail && data.starts_with('[')) sense.kind = EventSense::Kind::error;
      return sense;
    }
    sense.usage = usage_in(members[usage], data);
    if (members[error].kind == Kind::object || (may_fail && data.starts_with('['))) {
      sense.kind = EventSense::Kind::error;
    } else if (may_end) {
      const bool refused = members[candidates].kind == Kind::none && members[feedback].kind == Kind::object;
      const bool ended =
          members[candidates].kind == Kind::array && all_ended(json::value_of(members[candidates], data));
      if (refused || ended) sense.kind = EventSense::Kind::end;
    }
    return sense;
  }

  std::optional<Usage> usage_of(std::string_view body) const override {
    auto members = sensed_members();
    if (!json::read(body, members)) return std::nullopt;
    return usage_in(members[usage], body);
  }

  Error decode_error(int status, std::string_view body) const override {
    return generate_content::decode_failure(status, body);
  }

  void encode_error(const Error& failure, std::string& out) const override {
    generate_content::encode_failure(failure, out);
  }

  void encode_error_event(const Error& failure, std::string& out) const override {
    out += "data: ";
    generate_content::encode_failure(failure, out);
    out += "\r\n\r\n";
  }

  const Codec* codec() const override { return &codec_; }
  const EmbeddingCodec* embedding_codec() const override { return &generate_content::embedding_codec(); }
  const CountCodec* count_codec() const override { return &generate_content::count_codec(); }

 private:
  GeminiCodec codec_{};
};

}  // namespace

const Dialect& gemini() {
  static const Gemini dialect;
  return dialect;
}

}  // namespace sluice::chat
