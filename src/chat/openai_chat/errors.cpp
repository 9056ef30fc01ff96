#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_walk.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/provider_words.hpp"

namespace sluice::chat::openai {
namespace {

using json::Kind;
using json::Member;

// What kind of failure a provider reports, whatever it calls it.
enum class Class : std::uint8_t {
  server,
  overloaded,
  rate,
  quota,
  credential,
  timeout,
  overflow,
  not_found,
  missing,
  too_large,
  filtered,
  refusal,
  redirect
};

// What could be read of a provider's error body.
struct Complaint {
  std::string message;
  std::string code;  // as text, also when it was sent as a number
  std::string type;
  std::string status;
};

std::string text_of(const Member& member, std::string_view text) {
  std::string scratch;
  if (const auto string = json::string_of(member, text, scratch)) return std::string(*string);
  return member.kind == Kind::number ? std::string(json::value_of(member, text)) : std::string();
}

enum Named : std::size_t { message, code, type, status_code, raw_status_code, error, detail, metadata, names };

std::array<Member, names> members_of_errors() {
  return {{{.name = "message"},
           {.name = "code"},
           {.name = "type"},
           {.name = "status_code"},
           {.name = "raw_status_code"},
           {.name = "error"},
           {.name = "detail"},
           {.name = "metadata"}}};
}

// What a list of complaints says of each member, as servers made with FastAPI have it, and what one holds in `detail`.
std::string words_of_details(json::Value details) {
  if (details["detail"]) return words_of_details(details["detail"]);
  if (details.is_string()) return details.string();
  std::string words;
  for (const json::Value each : items_of(details)) {
    const std::string said = each["msg"].string();
    if (said.empty()) continue;
    if (!words.empty()) words += "; ";
    std::string where;
    for (const json::Value step : items_of(each["loc"])) {
      if (!where.empty()) where += '.';
      where += step.is_string() ? step.string() : std::string(step.raw());
    }
    if (!where.empty()) words += where + ": ";
    words += said;
  }
  return words;
}

// What somebody passed on of the server behind it, whose complaint it is.
std::string words_behind(json::Value metadata) {
  std::string raw = metadata["raw"].string();
  const json::Tree tree = json::Tree::read(raw);
  const json::Value behind = tree.root();
  if (!behind.is_object()) return raw;
  for (const json::Value said : {behind["error"]["message"], behind["message"], behind["error"]}) {
    if (said.is_string()) return said.string();
  }
  return raw;
}

// Reads {"error":{…}}, {"error":"text"} with members beside it, and all members at the top.
Complaint read_complaint(std::string_view body) {
  body = json::trimmed(body);
  auto members = members_of_errors();
  if (!json::read(body, members)) return {};
  std::string_view text = body;
  std::string words;
  if (members[error].kind == Kind::object) {
    text = json::value_of(members[error], body);
    members = members_of_errors();
    if (!json::read(text, members)) return {};
  }
  for (const Named named : {message, error, detail}) {
    if (words.empty() && members[named].kind == Kind::string) words = text_of(members[named], text);
  }
  for (const Named named : {message, detail}) {
    const Kind kind = members[named].kind;
    if (!words.empty() || (kind != Kind::array && kind != Kind::object)) continue;
    const json::Tree tree = json::Tree::read(json::value_of(members[named], text));
    words = words_of_details(tree.root());
  }
  if (members[metadata].kind == Kind::object) {
    const json::Tree tree = json::Tree::read(json::value_of(members[metadata], text));
    if (const std::string behind = words_behind(tree.root()); !behind.empty()) {
      words += words.empty() ? behind : ": " + behind;
    }
  }
  const Named status = members[status_code].kind != Kind::none ? status_code : raw_status_code;
  return {std::move(words), text_of(members[code], text), text_of(members[type], text), text_of(members[status], text)};
}

struct KnownName {
  std::string_view part;  // of a code or type, in lower case
  Class means;
};

// Codes and types as servers of this dialect send them, by what tells them apart. The first match counts.
constexpr std::array known_names{
    KnownName{"model_not_found", Class::not_found},
    KnownName{"invalid_model", Class::not_found},
    KnownName{"modelnotfound", Class::not_found},
    KnownName{"deploymentnotfound", Class::not_found},
    KnownName{"insufficient_quota", Class::quota},
    KnownName{"insufficient_balance", Class::quota},
    KnownName{"quota_exceeded", Class::quota},
    KnownName{"credit_balance", Class::quota},
    KnownName{"billing", Class::quota},
    KnownName{"insufficient_credits", Class::quota},
    KnownName{"rate_limit", Class::rate},
    KnownName{"ratelimit", Class::rate},
    KnownName{"too_many_requests", Class::rate},
    KnownName{"slow_down", Class::overloaded},
    KnownName{"throttl", Class::rate},
    KnownName{"api_key", Class::credential},
    KnownName{"authentication", Class::credential},
    KnownName{"permission", Class::credential},
    KnownName{"unauthorized", Class::credential},
    KnownName{"timeout", Class::timeout},
    KnownName{"timed_out", Class::timeout},
    KnownName{"overload", Class::overloaded},
    KnownName{"unavailable", Class::overloaded},
    KnownName{"server_error", Class::server},
    KnownName{"internal", Class::server},
    KnownName{"capacity", Class::overloaded},
    KnownName{"invalid_prompt", Class::refusal},
    KnownName{"context_length", Class::overflow},
    KnownName{"context_size", Class::overflow},
    KnownName{"too_many_prompt_tokens", Class::overflow},
    KnownName{"tokens_limit_reached", Class::overflow},
    KnownName{"content_filter", Class::filtered},
    KnownName{"content_policy", Class::filtered},
    KnownName{"moderation_blocked", Class::filtered},
    KnownName{"data_inspection_failed", Class::filtered},
    KnownName{"not_found", Class::missing},
    KnownName{"unsupported", Class::refusal},
    KnownName{"tool_use_failed", Class::refusal},
    KnownName{"invalid_request", Class::refusal},
};

std::optional<Class> class_of_name(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  for (const KnownName& known : known_names) {
    if (lower.find(known.part) != std::string::npos) return known.means;
  }
  return std::nullopt;
}

std::optional<Class> class_of_status(int status) {
  if (status == 429) return Class::rate;
  if (status == 402) return Class::quota;
  if (status == 401 || status == 403) return Class::credential;
  if (status == 408 || status == 504) return Class::timeout;
  // 498 is no registered status; a server of this dialect says by it that its spare capacity is used up.
  if (status == 498 || status == 503 || status == 529) return Class::overloaded;
  if (status >= 500 && status < 600) return Class::server;
  if (status == 404) return Class::not_found;
  if (status == 413) return Class::too_large;
  if (status >= 300 && status < 400) return Class::redirect;
  if (status >= 400 && status < 500) return Class::refusal;
  return std::nullopt;
}

// The class that a code means which is a status, as a number or spelled in digits.
std::optional<Class> class_of_digits(std::string_view digits) {
  const auto status = parse_decimal(digits);
  if (!status || *status < 400 || *status > 599) return std::nullopt;
  return class_of_status(static_cast<int>(*status));
}

// What a name or status leaves open, the words say: whether the model is missing or something else, and whether what
// was refused is what the conversation says. Some say the latter with the status of a key that may not do this.
Class narrowed(Class cls, const Complaint& complaint) {
  const bool is_absence = cls == Class::not_found || cls == Class::missing;
  if (is_absence && class_of_name(complaint.code) != Class::not_found) {
    return class_of_absence(complaint.message) == FailureClass::not_found ? Class::not_found : Class::missing;
  }
  if (cls == Class::server && says(complaint.message, {"overloaded"})) return Class::overloaded;
  const bool may_be_filtered = cls == Class::refusal || cls == Class::credential;
  if (may_be_filtered && says_filtered(complaint.message)) return Class::filtered;
  return cls;
}

// Inside of a stream there is no status, so the most telling member decides.
Class class_in_stream(const Complaint& complaint) {
  for (const auto& found : {class_of_digits(complaint.code), class_of_name(complaint.code),
                            class_of_digits(complaint.status), class_of_name(complaint.type)}) {
    if (found) return narrowed(*found, complaint);
  }
  return narrowed(Class::server, complaint);
}

// A status says what happened, but not whose account is empty, nor that a refusal is about the gateway's key.
Class class_of(int status, const Complaint& complaint) {
  const auto by_status = class_of_status(status);
  if (!by_status) return class_in_stream(complaint);
  for (const std::string* name : {&complaint.code, &complaint.type}) {
    const auto by_name = class_of_name(*name);
    if (*by_status == Class::rate && by_name == Class::quota) return Class::quota;
    const bool refused = *by_status == Class::refusal || *by_status == Class::not_found;
    if (refused && by_name == Class::credential) return Class::credential;
    if (*by_status == Class::server && by_name == Class::overloaded) return Class::overloaded;
    const bool is_telling = by_name == Class::overflow || by_name == Class::filtered || by_name == Class::not_found;
    if (*by_status == Class::refusal && is_telling) return *by_name;
    if (*by_status == Class::too_large && by_name == Class::overflow) return Class::overflow;
  }
  const bool may_overflow = *by_status == Class::refusal || *by_status == Class::too_large;
  const bool is_overflow = may_overflow && says_overflow(complaint.message);
  return is_overflow ? Class::overflow : narrowed(*by_status, complaint);
}

std::string sentence(std::string_view ours, const std::string& theirs) {
  std::string whole(ours);
  whole += theirs.empty() ? "." : ": ";
  return whole += theirs;
}

// Quota and credentials are the operator's affair: what the provider says about them is not shown to a caller.
Error error_of(Class cls, const std::string& words) {
  const auto make = [](Fault fault, std::string_view name, std::string text, Outcome outcome) {
    return Error(fault, Blame::upstream, name, std::move(text)).with_outcome(outcome);
  };
  switch (cls) {
    case Class::rate:
      return make(Fault::rate_limited, "rate_limit_exceeded", sentence("The provider limits our rate", words),
                  Outcome::rate_limited)
          .worth_retrying();
    case Class::quota:
      return make(Fault::rate_limited, "insufficient_quota", "The account at the provider has no quota left.",
                  Outcome::rate_limited)
          .worth_retrying();
    case Class::credential:
      return make(Fault::upstream_failed, "upstream_auth", "The provider does not accept the gateway's credential.",
                  Outcome::client_error)
          .worth_retrying();
    case Class::timeout:
      return make(Fault::upstream_timeout, "upstream_timeout", sentence("The provider took too long", words),
                  Outcome::timeout)
          .worth_retrying();
    case Class::refusal:
      return failure_of(FailureClass::refusal, words);
    case Class::overloaded:
      return failure_of(FailureClass::overloaded, words);
    case Class::filtered:
      return failure_of(FailureClass::filtered, words);
    case Class::missing:
      return failure_of(FailureClass::missing, words);
    case Class::overflow:
      return failure_of(FailureClass::overflow, words);
    case Class::not_found:
      return failure_of(FailureClass::not_found, words);
    case Class::too_large:
      return failure_of(FailureClass::too_large, words);
    case Class::redirect:
      return make(Fault::upstream_failed, "upstream_error", "The provider sends us elsewhere, where we do not go.",
                  Outcome::client_error);
    case Class::server:
      break;
  }
  return make(Fault::upstream_failed, "upstream_error", sentence("The provider failed", words), Outcome::server_error)
      .worth_retrying();
}

// The `type` of an error object. OpenAI's own names; `requests` is what it calls a limit on requests.
std::string_view type_of(const Error& error) {
  switch (error.fault()) {
    case Fault::rate_limited:
      if (error.code() == "insufficient_quota" || error.code() == "budget_exceeded") return "insufficient_quota";
      return error.code() == "rate_limit_exceeded" ? "requests" : "server_error";
    case Fault::internal:
    case Fault::upstream_failed:
    case Fault::unavailable:
    case Fault::upstream_timeout:
      return "server_error";
    default:
      return "invalid_request_error";
  }
}

void append_string_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
    return;
  }
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

}  // namespace

Error decode_failure(int status, std::string_view body) {
  const Complaint complaint = read_complaint(body);
  const bool is_shown = status < 300 || (status >= 400 && status < 500);
  const Class cls = class_of(status, complaint);
  Error error = error_of(cls, is_shown ? presentable(complaint.message) : std::string());
  if (cls != Class::rate && cls != Class::overloaded) return error;
  return std::move(error).with_retry_after(wait_told_in(complaint.message));
}

void encode_failure(const Error& error, std::string& out) {
  out += R"({"error":{"message":")";
  append_json_escaped(out, error.message());
  out += R"(","type":")";
  out += type_of(error);
  out += R"(","param":)";
  append_string_or_null(out, error.param());
  out += R"(,"code":)";
  append_string_or_null(out, error.code());
  out += "}}";
}

}  // namespace sluice::chat::openai
