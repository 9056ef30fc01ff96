#include <sluice/chat/door.hpp>

#include <algorithm>
#include <array>
#include <cctype>

#include <sluice/base/percent.hpp>
#include <sluice/base/text.hpp>
#include <sluice/http/event_stream.hpp>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/base64.hpp"
#include "chat/exceptions.hpp"
#include "chat/json_walk.hpp"
#include "chat/request_body.hpp"

// The clouds' doors to this dialect: the model goes into the path, and the version, elsewhere a header, into the body.
namespace sluice::chat::anthropic {
namespace {

using json::Kind;
using json::Member;

constexpr std::string_view beta_field = "anthropic-beta";

// ---- Envelopes

// What a door does with the members that it has its own mind about.
struct Seal {
  std::string_view version;  // the value of `anthropic_version`
  bool names_model = false;  // `model` stays
  bool says_stream = true;   // `stream` stays
  bool lists_betas = false;  // the field of their names becomes a member
};

// The members `found` of a body, taken out or rewritten in the order they stand.
class Rewriting {
 public:
  explicit Rewriting(std::string_view body, std::size_t open) : body_(body), begin_(open + 1) {
    put({{begin_, begin_}, {}});
  }

  void replace(const Member& member, std::string_view value) { put({member.value, value}); }

  // With the comma in front of it; the first has none, and what follows it brings its own.
  void leave_out(const Member& member) {
    // The names that are asked for have no quotes in them, however they are spelled.
    const std::size_t colon = body_.rfind(':', member.value.begin - 1);
    const std::size_t name = body_.rfind('"', body_.rfind('"', colon) - 1);
    const std::size_t before = body_.find_last_not_of(json::white_space, name - 1);
    const bool is_first = before < begin_;
    first_goes_ = first_goes_ || is_first;
    put({{is_first ? name : before, member.value.end}, {}});
  }

  // With members in front of all; a comma is put behind them if need be.
  http::Slices with(std::string& added) && {
    const bool is_empty = body_[body_.find_first_not_of(json::white_space, begin_)] == '}';
    if (!first_goes_ && !is_empty) added += ',';
    edits_[0].text = added;
    return edited(body_, std::span(edits_).first(count_));
  }

 private:
  // Where it stands in the body.
  void put(const Edit& edit) {
    std::size_t at = count_++;
    for (; at > 0 && edits_[at - 1].range.begin > edit.range.begin; --at) edits_[at] = edits_[at - 1];
    edits_[at] = edit;
  }

  std::string_view body_;
  std::size_t begin_;
  std::array<Edit, 4> edits_{};
  std::size_t count_ = 0;
  bool first_goes_ = false;
};

// The names in all fields of betas, as a list.
void append_betas(std::span<const http::Field> fields, std::string& added) {
  std::string list;
  json::Writer names(list);
  names.open_array();
  for (const http::Field& field : fields) {
    if (!equals_ignoring_case(field.name, beta_field)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view name = json::trimmed(rest.substr(0, comma));
      if (!name.empty()) names.string(name);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  names.close_array();
  if (list != "[]") added.append(R"(,"anthropic_beta":)").append(list);
}

http::Slices sealed(const Letter& letter, const Seal& seal, std::string& added) {
  enum : std::size_t { version, betas, model, stream };
  std::array<Member, 4> members{
      {{.name = "anthropic_version"}, {.name = "anthropic_beta"}, {.name = "model"}, {.name = "stream"}}};
  const json::Verdict verdict = json::read(letter.body, members);
  if (!verdict || verdict.root != Kind::object) return {letter.body};
  const auto has = [&](std::size_t which) { return members[which].kind != Kind::none; };

  added.assign(R"("anthropic_version":")").append(seal.version).append("\"");
  // A list of the caller's own says it all.
  if (seal.lists_betas && !has(betas)) append_betas(letter.fields, added);
  Rewriting rewriting(letter.body, verdict.value.begin);
  if (has(version)) rewriting.leave_out(members[version]);
  if (has(stream) && !seal.says_stream) rewriting.leave_out(members[stream]);
  if (has(model) && !seal.names_model) rewriting.leave_out(members[model]);
  if (has(model) && seal.names_model && !letter.model_json.empty())
    rewriting.replace(members[model], letter.model_json);
  return std::move(rewriting).with(added);
}

// ---- Two verbs behind the model's name: `rawPredict`

class RawPredict final : public Door {
 public:
  std::string_view name() const override { return "raw_predict"; }
  bool serves(Task task) const override { return task == Task::chat || task == Task::count; }

  // What is counted is a model of its own, which is told in the body whose tokens they are.
  void append_path(const Asked& asked, std::string& out) const override {
    out += "/models/";
    if (asked.task == Task::count) {
      out += "count-tokens:rawPredict";
      return;
    }
    for (const char& c : asked.model) {
      if (c == '@') {  // stands before a model's version
        out += c;
      } else {
        append_percent_encoded(out, {&c, 1});
      }
    }
    out += asked.stream.value_or(false) ? ":streamRawPredict" : ":rawPredict";
  }
  bool takes_along(std::string_view field) const override { return anthropic_messages().takes_along(field); }

  http::Slices envelop(const Letter& letter, std::string& added) const override {
    return sealed(letter, {.version = "vertex-2023-10-16", .names_model = letter.task == Task::count}, added);
  }

  std::string_view stream_type() const override { return "text/event-stream"; }
  Result<std::size_t> unwrap(std::string_view bytes, std::string& out) const override {
    out += bytes;
    return bytes.size();
  }

  bool is_own_failure(std::string_view body) const override { return is_failure(body); }
  // What the house calls a quota is one of requests and tokens a minute, not of money.
  Error decode_error(int status, std::string_view body) const override {
    if (status == 429 && !is_failure(body)) return failure_of(FailureClass::rate, {});
    return decode_failure(status, body);
  }
};

// ---- The model's id in the path, and binary frames: `InvokeModel`

// The event in a frame's payload, {"bytes":"…"} in base64, as the dialect streams it. False: it is none.
bool unwrap_event(std::string_view payload, std::string& out) {
  std::array<Member, 1> outer{{{.name = "bytes"}}};
  if (!json::read(payload, outer)) return false;
  if (outer[0].kind == Kind::none) return true;  // a frame that brings nothing
  std::string scratch;
  const auto text = json::string_of(outer[0], payload, scratch);
  const auto event = text ? from_base64(*text) : std::nullopt;
  std::array<Member, 1> inner{{{.name = "type"}}};
  if (!event || !json::read(*event, inner)) return false;
  const auto type = json::string_of(inner[0], *event, scratch);
  const bool is_word = type && !type->empty() && std::all_of(type->begin(), type->end(), [](char c) {
                         return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
                       });
  if (is_word) out.append("event: ").append(*type).append("\n");
  const bool has_lines = event->find_first_of("\r\n") != std::string::npos;
  out.append("data: ").append(has_lines ? json::on_one_line(*event) : *event).append("\n\n");
  return true;
}

class InvokeModel final : public Door {
 public:
  std::string_view name() const override { return "invoke_model"; }
  bool serves(Task task) const override { return task == Task::chat; }

  void append_path(const Asked& asked, std::string& out) const override {
    out += "/model/";
    append_percent_encoded(out, asked.model);
    out += asked.stream.value_or(false) ? "/invoke-with-response-stream" : "/invoke";
  }
  // What they say is in the envelope.
  bool takes_along(std::string_view) const override { return false; }

  http::Slices envelop(const Letter& letter, std::string& added) const override {
    return sealed(letter, {.version = "bedrock-2023-05-31", .says_stream = false, .lists_betas = true}, added);
  }

  std::string_view stream_type() const override { return http::event_stream_type; }
  bool wraps_streams() const override { return true; }
  Result<std::size_t> unwrap(std::string_view bytes, std::string& out) const override {
    http::Frame frame;
    for (std::size_t done = 0;; done += frame.raw.size()) {
      const http::FrameStep step = http::read_frame(bytes.substr(done), frame);
      if (step == http::FrameStep::more) return done;
      if (step == http::FrameStep::bad) return unreadable("The provider's stream cannot be read.");
      if (frame.message_type == "exception" || frame.message_type == "error") {
        return read_exception(200, frame.payload.empty() ? frame.error_message : frame.payload, frame.name);
      }
      if (frame.name == "chunk" && !unwrap_event(frame.payload, out)) {
        return unreadable("The provider's stream cannot be read.");
      }
    }
  }

  bool is_own_failure(std::string_view body) const override { return is_failure(body); }
  Error decode_error(int status, std::string_view body) const override {
    return is_failure(body) ? decode_failure(status, body) : read_exception(status, body);
  }
};

}  // namespace

std::span<const Door* const> doors() {
  static const RawPredict raw_predict;
  static const InvokeModel invoke_model;
  static const std::array<const Door*, 2> all{&raw_predict, &invoke_model};
  return all;
}

}  // namespace sluice::chat::anthropic
