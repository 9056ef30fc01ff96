#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "chat/gemini_parts.hpp"
#include "chat/provider_words.hpp"

namespace sluice::chat::generate_content {
namespace {

// What kind of failure a provider reports, whatever it calls it.
enum class Class : std::uint8_t {
  server,
  overloaded,
  rate,
  quota,
  credential,
  timeout,
  overflow,
  too_large,
  not_found,
  refusal,
};

struct Complaint {
  int code = 0;
  std::string status;
  std::string message;
  bool bad_key = false;     // a detail says that the key is none
  bool for_long = false;    // the limit that was hit is not one for minutes
  std::string retry_after;  // as a detail says it: "34.4s"
};

bool says(const std::string& message, std::initializer_list<std::string_view> phrases) {
  std::string lower(message);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view phrase) { return lower.find(phrase) != std::string::npos; });
}

void read_detail(json::Value detail, Complaint& complaint) {
  const json::Value reason = detail["reason"];
  if (reason.is("API_KEY_INVALID") || reason.is("API_KEY_EXPIRED") || reason.is("ACCESS_TOKEN_EXPIRED")) {
    complaint.bad_key = true;
  }
  if (complaint.retry_after.empty()) complaint.retry_after = detail["retryDelay"].string();
  for (const json::Value violation : detail["violations"]) {
    if (violation["quotaId"].string().find("PerDay") != std::string::npos) complaint.for_long = true;
  }
}

// {"error":{…}}, the same in a list of one (a stream without events), and what stands in front of providers.
Complaint read_complaint(std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  const json::Value root = tree.root().is_array() ? tree.root()[std::size_t{0}] : tree.root();
  Complaint complaint;
  const json::Value error = root["error"];
  if (error.is_string()) complaint.message = error.string();
  const json::Value object = error.is_object() ? error : root;
  complaint.code = static_cast<int>(std::min<std::uint64_t>(object["code"].whole().value_or(0), 1000));
  complaint.status = object["status"].string();
  if (object["message"].is_string()) complaint.message = object["message"].string();
  for (const json::Value detail : object["details"]) read_detail(detail, complaint);
  return complaint;
}

std::optional<Class> class_of_status(std::string_view status) {
  struct Known {
    std::string_view status;
    Class means;
  };
  constexpr std::array known_statuses{
      Known{"INVALID_ARGUMENT", Class::refusal},
      Known{"FAILED_PRECONDITION", Class::refusal},
      Known{"OUT_OF_RANGE", Class::refusal},
      Known{"UNIMPLEMENTED", Class::refusal},
      Known{"UNAUTHENTICATED", Class::credential},
      Known{"PERMISSION_DENIED", Class::credential},
      Known{"NOT_FOUND", Class::not_found},
      Known{"RESOURCE_EXHAUSTED", Class::rate},
      Known{"UNAVAILABLE", Class::overloaded},
      Known{"DEADLINE_EXCEEDED", Class::timeout},
      Known{"INTERNAL", Class::server},
      Known{"UNKNOWN", Class::server},
      Known{"ABORTED", Class::server},
      Known{"CANCELLED", Class::server},
  };
  for (const Known& known : known_statuses) {
    if (known.status == status) return known.means;
  }
  return std::nullopt;
}

std::optional<Class> class_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return Class::credential;
    case 402:
      return Class::quota;
    case 404:
      return Class::not_found;
    case 408:
    case 504:
      return Class::timeout;
    case 413:
      return Class::too_large;
    case 429:
      return Class::rate;
    case 503:
      return Class::overloaded;
    default:
      break;
  }
  if (status >= 500 && status < 600) return Class::server;
  if (status >= 300 && status < 500) return Class::refusal;
  return std::nullopt;
}

// A status says what happened, but not that the prompt was too long, that the key is none, or whose account is empty.
Class class_of(int status, const Complaint& complaint) {
  const auto by_word = class_of_status(complaint.status);
  const auto by_code = class_of_status(complaint.code);
  const Class cls = class_of_status(status).value_or(by_word.value_or(by_code.value_or(Class::server)));
  const bool is_refusal = cls == Class::refusal || cls == Class::too_large;
  if (is_refusal && (complaint.bad_key || says(complaint.message, {"api key not valid", "api key expired"}))) {
    return Class::credential;
  }
  if (is_refusal && says(complaint.message, {"maximum number of tokens", "input token count", "context window",
                                             "prompt is too long", "context length"})) {
    return Class::overflow;
  }
  if (cls == Class::rate && (complaint.for_long || says(complaint.message, {"credits are depleted", "limit: 0,"}))) {
    return Class::quota;
  }
  if (cls == Class::refusal && says(complaint.message, {"billing account", "billing to be enabled"})) {
    return Class::quota;
  }
  return cls == Class::refusal && by_word ? *by_word : cls;
}

// "34.4s", from a detail or from behind "retry in " in a message.
std::optional<std::chrono::milliseconds> wait_of(const Complaint& complaint) {
  constexpr std::string_view phrase = "retry in ";
  constexpr double longest = 60.0;
  std::string_view text = complaint.retry_after;
  if (text.empty()) {
    const std::size_t at = complaint.message.find(phrase);
    if (at == std::string::npos) return std::nullopt;
    text = std::string_view(complaint.message).substr(at + phrase.size());
  }
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (error != std::errc() || end == text.data() + text.size() || !std::isfinite(seconds) || seconds <= 0) {
    return std::nullopt;
  }
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.starts_with('m')) seconds *= unit.starts_with("ms") ? 0.001 : 60;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(std::min(seconds, longest) * 1000)));
}

std::string sentence(std::string_view ours, const std::string& theirs) {
  std::string whole(ours);
  whole += theirs.empty() ? "." : ": ";
  return whole += theirs;
}

// A request that the provider refuses is the caller's to mend, and no other target will take it either.
Error refused(Fault fault, std::string_view code, std::string_view ours, const std::string& words) {
  return Error(fault, Blame::client, code, sentence(ours, words)).with_outcome(Outcome::client_error);
}

Error failed(Fault fault, std::string_view code, std::string message, Outcome outcome) {
  return Error(fault, Blame::upstream, code, std::move(message)).with_outcome(outcome).worth_retrying();
}

// Quota and credentials are the operator's affair: what the provider says about them is not shown to a caller.
Error error_of(Class cls, const std::string& words) {
  switch (cls) {
    case Class::rate:
      return failed(Fault::rate_limited, "rate_limit_exceeded", sentence("The provider limits our rate", words),
                    Outcome::rate_limited);
    case Class::quota:
      return failed(Fault::rate_limited, "insufficient_quota", "The account at the provider has no quota left.",
                    Outcome::rate_limited);
    case Class::credential:
      return failed(Fault::upstream_failed, "upstream_auth", "The provider does not accept the gateway's credential.",
                    Outcome::client_error);
    case Class::timeout:
      return failed(Fault::upstream_timeout, "upstream_timeout", sentence("The provider took too long", words),
                    Outcome::timeout);
    case Class::overloaded:
      return failed(Fault::unavailable, "upstream_error", sentence("The provider is overloaded", words),
                    Outcome::server_error);
    case Class::overflow:
      return refused(Fault::bad_request, "context_length_exceeded", "The prompt is too long for the model", words);
    case Class::too_large:
      return refused(Fault::too_large, "request_too_large", "The request is too large for the provider", words);
    case Class::not_found:
      // Another target may know the model.
      return refused(Fault::not_found, "model_not_found", "The provider does not know this", words).worth_retrying();
    case Class::refusal:
      return refused(Fault::bad_request, "invalid_request", "The provider refused the request", words);
    case Class::server:
      break;
  }
  return failed(Fault::upstream_failed, "upstream_error", sentence("The provider failed", words),
                Outcome::server_error);
}

std::string_view status_word_of(Fault fault) {
  switch (fault) {
    case Fault::unauthenticated:
      return "UNAUTHENTICATED";
    case Fault::forbidden:
      return "PERMISSION_DENIED";
    case Fault::not_found:
      return "NOT_FOUND";
    case Fault::method_not_allowed:
      return "UNIMPLEMENTED";
    case Fault::rate_limited:
      return "RESOURCE_EXHAUSTED";
    case Fault::client_left:
      return "CANCELLED";
    case Fault::internal:
      return "INTERNAL";
    case Fault::upstream_failed:
    case Fault::unavailable:
      return "UNAVAILABLE";
    case Fault::request_timeout:
    case Fault::upstream_timeout:
      return "DEADLINE_EXCEEDED";
    default:
      return "INVALID_ARGUMENT";
  }
}

}  // namespace

Error decode_failure(int status, std::string_view body) {
  const Complaint complaint = read_complaint(body);
  const bool is_shown = status < 300 || (status >= 400 && status < 500);
  return error_of(class_of(status, complaint), is_shown ? presentable(complaint.message) : std::string())
      .with_retry_after(wait_of(complaint));
}

void encode_failure(const Error& error, std::string& out) {
  json::Writer writer(out);
  writer.open_object().name("error").open_object();
  writer.member("code", std::int64_t{status_of(error.fault())}).member("message", error.message());
  writer.member("status", status_word_of(error.fault()));
  if (const auto wait = error.retry_after()) {
    const std::int64_t seconds = (wait->count() + 999) / 1000;
    writer.name("details").open_array().open_object();
    writer.member("@type", "type.googleapis.com/google.rpc.RetryInfo");
    writer.member("retryDelay", std::to_string(seconds) + "s").close_object().close_array();
  }
  writer.close_object().close_object();
}

Error unreadable(std::string message) {
  return failed(Fault::upstream_failed, "upstream_error", std::move(message), Outcome::server_error);
}

}  // namespace sluice::chat::generate_content
