#include "chat/provider_failures.hpp"

#include <algorithm>
#include <utility>

#include "chat/provider_words.hpp"

namespace sluice::chat {
namespace {

std::string sentence(std::string_view ours, std::string_view theirs) {
  std::string whole(ours);
  whole += theirs.empty() ? "." : ": ";
  return whole += presentable(theirs);
}

// What the provider refuses is the caller's to mend.
Error refused(Fault fault, std::string_view code, std::string message) {
  return Error(fault, Blame::client, code, std::move(message)).with_outcome(Outcome::client_error);
}

Error failed(Fault fault, std::string_view code, std::string message, Outcome outcome) {
  return Error(fault, Blame::upstream, code, std::move(message)).with_outcome(outcome).worth_retrying();
}

}  // namespace

std::optional<FailureClass> class_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return FailureClass::credential;
    case 402:
      return FailureClass::quota;
    case 404:
      return FailureClass::not_found;
    case 408:
    case 504:
      return FailureClass::timeout;
    case 413:
      return FailureClass::too_large;
    case 429:
      return FailureClass::rate;
    case 503:
    case 529:
      return FailureClass::overloaded;
    default:
      break;
  }
  if (status >= 500 && status < 600) return FailureClass::server;
  if (status >= 300 && status < 500) return FailureClass::refusal;
  return std::nullopt;
}

bool says(std::string_view message, std::initializer_list<std::string_view> phrases) {
  std::string lower(message.substr(0, 4096));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view phrase) { return lower.find(phrase) != std::string::npos; });
}

bool says_overflow(std::string_view message) {
  return says(message, {"input tokens exceeded",
                        "input is too long",
                        "prompt is too long",
                        "prompt too long",
                        "too many tokens: size limit",
                        "context length",
                        "context window",
                        "exceed context limit",
                        "maximum number of tokens",
                        "exceeds maximum length",
                        "length of all messages is too long",
                        "maximum prompt length",
                        "exceeded model token limit",
                        "range of input length should be",
                        "too many tokens: total number of tokens",
                        "too many input tokens",
                        "prompt exceeds max length",
                        "exceeds the maximum allowed length",
                        "maximum model length",
                        "input_too_large"});
}

bool says_filtered(std::string_view message) {
  return says(message, {"content management policy",
                        "content filter",
                        "content_filter",
                        "content policy",
                        "content_policy",
                        "responsible ai",
                        "prohibited content",
                        "prohibited_content",
                        "safety system",
                        "usage guidelines",
                        "violating our usage polic",
                        "flagged as",
                        "flagged for",
                        "input was flagged",
                        "prompt was flagged",
                        "content was flagged",
                        "requires moderation",
                        "inappropriate content",
                        "content exists risk",
                        "considered high risk",
                        "unsafe or sensitive content",
                        "blocked by guardrail"});
}

FailureClass class_of_absence(std::string_view message) {
  return message.empty() || says(message, {"model", "deployment"}) ? FailureClass::not_found : FailureClass::missing;
}

// Quota and credentials are the operator's affair: what the provider says about them is not shown to a caller.
Error failure_of(FailureClass what, std::string_view words) {
  switch (what) {
    case FailureClass::rate:
      return failed(Fault::rate_limited, "rate_limit_exceeded", sentence("The provider limits our rate", words),
                    Outcome::rate_limited);
    case FailureClass::quota:
      return failed(Fault::rate_limited, "insufficient_quota", "The account at the provider has no quota left.",
                    Outcome::rate_limited);
    case FailureClass::credential:
      return failed(Fault::upstream_failed, "upstream_auth", "The provider does not accept the gateway's credential.",
                    Outcome::client_error);
    case FailureClass::timeout:
      return failed(Fault::upstream_timeout, "upstream_timeout", sentence("The provider took too long", words),
                    Outcome::timeout);
    case FailureClass::overloaded:
      return failed(Fault::unavailable, "upstream_error", sentence("The provider is overloaded", words),
                    Outcome::server_error);
    case FailureClass::overflow:
      return refused(Fault::bad_request, "context_length_exceeded",
                     sentence("The prompt is too long for the model", words));
    case FailureClass::too_large:
      return refused(Fault::too_large, "request_too_large",
                     sentence("The request is too large for the provider", words));
    case FailureClass::not_found:
      // Another target may know the model.
      return refused(Fault::not_found, "model_not_found", sentence("The provider does not know this", words))
          .worth_retrying();
    case FailureClass::missing:
      return refused(Fault::not_found, "not_found",
                     sentence("The provider does not know what the request names", words))
          .worth_retrying();
    case FailureClass::filtered:
      return refused(Fault::bad_request, "content_policy_violation",
                     sentence("The provider does not allow what the request says", words));
    case FailureClass::refusal:
      return refused(Fault::bad_request, "invalid_request", sentence("The provider refused the request", words));
    case FailureClass::server:
      break;
  }
  return failed(Fault::upstream_failed, "upstream_error", sentence("The provider failed", words),
                Outcome::server_error);
}

Error unreadable(std::string message) {
  return failed(Fault::upstream_failed, "upstream_error", std::move(message), Outcome::server_error);
}

}  // namespace sluice::chat
