#include <sluice/traffic/failure.hpp>

#include <algorithm>
#include <array>

namespace sluice::traffic {
namespace {

struct Name {
  FailureClass failure;
  std::string_view text;
};

constexpr std::array names{Name{FailureClass::connection, "connection"},
                           Name{FailureClass::timeout, "timeout"},
                           Name{FailureClass::rate_limited, "rate_limited"},
                           Name{FailureClass::overloaded, "overloaded"},
                           Name{FailureClass::server_error, "server_error"},
                           Name{FailureClass::context_length, "context_length"},
                           Name{FailureClass::model_not_found, "model_not_found"},
                           Name{FailureClass::content_refusal, "content_refusal"},
                           Name{FailureClass::other, "other"}};

bool is_unreached(Outcome outcome) {
  return outcome == Outcome::connect || outcome == Outcome::tls || outcome == Outcome::reset;
}

}  // namespace

std::string_view to_string(FailureClass failure) {
  const auto found =
      std::find_if(names.begin(), names.end(), [=](const Name& name) { return name.failure == failure; });
  return found == names.end() ? std::string_view() : found->text;
}

std::optional<FailureClass> failure_class_named(std::string_view text) {
  const auto found = std::find_if(names.begin(), names.end(), [=](const Name& name) { return name.text == text; });
  if (found == names.end()) return std::nullopt;
  return found->failure;
}

FailureClass class_of(const Error& error) {
  if (error.code() == "context_length_exceeded") return FailureClass::context_length;
  if (error.code() == "model_not_found") return FailureClass::model_not_found;
  if (error.code() == "content_policy_violation") return FailureClass::content_refusal;
  if (error.fault() == Fault::rate_limited) return FailureClass::rate_limited;
  if (error.blame() == Blame::client || error.fault() == Fault::client_left) return FailureClass::other;
  if (is_unreached(error.outcome())) return FailureClass::connection;
  if (error.outcome() == Outcome::timeout || error.fault() == Fault::upstream_timeout) return FailureClass::timeout;
  if (error.blame() != Blame::upstream) return FailureClass::other;
  if (error.fault() == Fault::unavailable) return FailureClass::overloaded;
  return FailureClass::server_error;
}

Suspect suspect_of(const Error& error) {
  if (error.blame() != Blame::upstream) return Suspect::nobody;
  if (error.code() == "upstream_auth" || error.code() == "insufficient_quota") return Suspect::key;
  switch (class_of(error)) {
    case FailureClass::connection:
      // A connection that broke while it was in use says something of whom it led to; one that was never there, of the
      // whole place.
      return error.outcome() == Outcome::reset ? Suspect::deployment : Suspect::provider;
    case FailureClass::timeout:
    case FailureClass::rate_limited:
    case FailureClass::overloaded:
    case FailureClass::server_error:
      return Suspect::deployment;
    default:
      return Suspect::nobody;
  }
}

}  // namespace sluice::traffic
