#include "chat/request_body.hpp"

#include <algorithm>
#include <utility>

namespace sluice::chat {
namespace {

using json::Kind;
using json::Member;

constexpr std::size_t longest_model = 256;  // bytes of a model's name

Error describe(const json::Verdict& verdict) {
  std::string message = "The body is not valid JSON: ";
  message += verdict.problem;
  message += " (near byte ";
  message += std::to_string(verdict.at);
  message += ").";
  return refuse("invalid_json", std::move(message));
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Error refuse(std::string_view code, std::string message) {
  return Error(Fault::bad_request, Blame::client, code, std::move(message));
}

Error refuse_member(std::string_view member, std::string message) {
  return refuse("", std::move(message)).with_param(std::string(member));
}

Error wrong_member(std::string_view member, std::string_view predicate) {
  std::string message = "The member '";
  message.append(member).append("' ").append(predicate);
  return refuse_member(member, std::move(message));
}

Error cannot_tell(std::string_view member, std::string message) {
  return refuse("unsupported_parameter", std::move(message))
      .with_param(std::string(member))
      .with_outcome(Outcome::client_error)
      .worth_retrying();
}

Result<std::size_t> read_request_object(std::string_view body, std::span<Member> members) {
  const json::Verdict verdict = json::read(body, members);
  if (!verdict) return describe(verdict);
  if (verdict.root != Kind::object) return refuse("invalid_json", "The body must be a JSON object.");
  for (const Member& member : members) {
    // Some readers fold case: they would find another model, say, than the one that was allowed.
    if (member.other_case) {
      return wrong_member(member.name, "is there in another case.");
    }
    if (member.repeated) {
      return wrong_member(member.name, "is there more than once.");
    }
  }
  return verdict.value.end - 1;
}

Result<Ok> check_model(std::string_view name) {
  if (name.empty()) return refuse_member("model", "The member 'model' must not be empty.");
  if (name.size() > longest_model) {
    return refuse_member("model", "The member 'model' must not be longer than 256 bytes.");
  }
  if (has_control(name)) return refuse_member("model", "The member 'model' must not have control characters.");
  return Ok{};
}

Result<Ok> read_model(const Member& member, std::string_view body, std::string& scratch, Outline& outline) {
  if (member.kind == Kind::none) return refuse_member("model", "The member 'model' is missing.");
  const auto name = json::string_of(member, body, scratch);
  if (!name) return refuse_member("model", "The member 'model' must be a string.");
  Result<Ok> good = check_model(*name);
  outline.model = *name;
  outline.model_value = member.value;
  return good;
}

Result<Ok> read_stream(const Member& member, Outline& outline) {
  outline.stream = member.kind == Kind::yes;
  if (outline.stream || member.kind == Kind::none || member.kind == Kind::null || member.kind == Kind::no) return Ok{};
  return refuse_member("stream", "The member 'stream' must be a boolean.");
}

Result<Outline> outline_of(const Asked& asked, std::string_view body, std::span<Member> members, std::string& scratch) {
  auto end = read_request_object(body, members);
  if (!end) return std::move(end).error();
  Outline outline;
  outline.object_end = *end;
  outline.model = asked.model;
  auto read = asked.model.empty() ? read_model(members[0], body, scratch, outline) : check_model(asked.model);
  if (read && !asked.stream && has_stream(asked.task)) read = read_stream(members[1], outline);
  if (!read) return std::move(read).error();
  outline.stream = asked.stream.value_or(outline.stream);
  return outline;
}

http::Slices with_model(std::string_view body, const Outline& outline, std::string_view model_json) {
  if (outline.model_value.end == 0) return {body};
  const Edit edit{outline.model_value, model_json};
  return edited(body, {&edit, 1});
}

http::Slices edited(std::string_view body, std::span<const Edit> edits) {
  http::Slices slices;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    slices.add(body.substr(at, edit.range.begin - at));
    slices.add(edit.text);
    at = edit.range.end;
  }
  slices.add(body.substr(at));
  return slices;
}

}  // namespace sluice::chat
