#include <algorithm>
#include <array>
#include <string>

#include "chat/anthropic_parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/provider_words.hpp"

namespace sluice::chat::anthropic {
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
  std::string type;
  std::string message;
};

// {"type":"error","error":{…}}, the error alone, and what stands in front of providers and says {"message"}.
Complaint read_complaint(std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  const json::Value root = tree.root();
  const json::Value error = root["error"];
  if (error.is_object()) return {error["type"].string(), error["message"].string()};
  std::string message = error.is_string() ? error.string() : root["message"].string();
  if (message.empty()) message = root["Message"].string();
  const std::string type = root["type"].string();
  return {type == "error" ? std::string() : type, std::move(message)};
}

std::optional<Class> class_of_type(std::string_view type) {
  struct Known {
    std::string_view type;
    Class means;
  };
  constexpr std::array known_types{
      Known{"invalid_request_error", Class::refusal}, Known{"authentication_error", Class::credential},
      Known{"billing_error", Class::quota},           Known{"permission_error", Class::credential},
      Known{"not_found_error", Class::not_found},     Known{"request_too_large", Class::too_large},
      Known{"rate_limit_error", Class::rate},         Known{"timeout_error", Class::timeout},
      Known{"overloaded_error", Class::overloaded},   Known{"api_error", Class::server},
      Known{"conflict_error", Class::refusal},
  };
  for (const Known& known : known_types) {
    if (known.type == type) return known.means;
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
    case 529:
      return Class::overloaded;
    default:
      break;
  }
  if (status >= 500 && status < 600) return Class::server;
  if (status >= 300 && status < 500) return Class::refusal;
  return std::nullopt;
}

bool says(const std::string& message, std::initializer_list<std::string_view> phrases) {
  std::string lower(message);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view phrase) { return lower.find(phrase) != std::string::npos; });
}

// A status or type says what happened, but not that the prompt was too long or whose account is empty.
Class class_of(int status, const Complaint& complaint) {
  const auto by_type = class_of_type(complaint.type);
  Class cls = class_of_status(status).value_or(by_type.value_or(Class::server));
  const bool is_refusal = cls == Class::refusal || cls == Class::too_large;
  if (is_refusal && says(complaint.message, {"prompt is too long", "exceed context limit", "context window",
                                             "input is too long", "context length", "maximum number of tokens"})) {
    return Class::overflow;
  }
  if ((is_refusal || cls == Class::rate) &&
      (by_type == Class::quota || says(complaint.message, {"credit balance", "usage limits", "quota"}))) {
    return Class::quota;
  }
  if (cls == Class::refusal && by_type) return *by_type;
  return cls;
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

std::string_view type_of(const Error& error) {
  switch (error.fault()) {
    case Fault::unauthenticated:
      return "authentication_error";
    case Fault::forbidden:
      return "permission_error";
    case Fault::not_found:
      return "not_found_error";
    case Fault::too_large:
      return "request_too_large";
    case Fault::rate_limited:
      return "rate_limit_error";
    case Fault::internal:
    case Fault::upstream_failed:
      return "api_error";
    case Fault::unavailable:
      return "overloaded_error";
    case Fault::upstream_timeout:
    case Fault::request_timeout:
      return "timeout_error";
    default:
      return "invalid_request_error";
  }
}

}  // namespace

Error decode_failure(int status, std::string_view body) {
  const Complaint complaint = read_complaint(body);
  const bool is_shown = status < 300 || (status >= 400 && status < 500);
  return error_of(class_of(status, complaint), is_shown ? presentable(complaint.message) : std::string());
}

void encode_failure(const Error& error, std::string& out) {
  // By these words the dialect's clients know that they must shorten the conversation.
  constexpr std::string_view overflow = "prompt is too long";
  std::string message = error.message();
  if (error.code() == "context_length_exceeded" && message.find(overflow) == std::string::npos) {
    message = std::string(overflow) + ": " + message;
  }
  json::Writer writer(out);
  writer.open_object().member("type", "error").name("error").open_object();
  writer.member("type", type_of(error)).member("message", message);
  writer.close_object().close_object();
}

void encode_failure_event(const Error& error, std::string& out) {
  out += "event: error\ndata: ";
  encode_failure(error, out);
  out += "\n\n";
}

Error unreadable(std::string message) {
  return failed(Fault::upstream_failed, "upstream_error", std::move(message), Outcome::server_error);
}

}  // namespace sluice::chat::anthropic
