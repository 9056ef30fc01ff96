#include "traffic/evidence.hpp"

#include <sluice/traffic/failure.hpp>

namespace sluice::traffic {
namespace {

using Of = Evidence::Of;

// It is the provider who refused it. What we refuse before we ask, and callers who leave, tell nothing.
bool is_refusal(const Error& error) {
  return error.blame() == Blame::client && error.outcome() == Outcome::client_error;
}

Evidence of_deployment(FailureClass failure) {
  switch (failure) {
    case FailureClass::rate_limited:
      // Its cool-down's affair: a breaker that is half open learns nothing from it.
      return {.provider = Of::well};
    case FailureClass::overloaded:
    case FailureClass::server_error:
      return {.provider = Of::well, .deployment = Of::ill};
    default:
      // Too slow, or broken off: nobody knows whether the provider was there.
      return {.deployment = Of::ill};
  }
}

}  // namespace

Evidence evidence_of(const Error& error) {
  switch (suspect_of(error)) {
    case Suspect::provider:
      return {.provider = Of::ill};
    case Suspect::deployment:
      return of_deployment(class_of(error));
    case Suspect::key:
      return {.key = Of::ill};
    case Suspect::nobody:
      break;
  }
  if (is_refusal(error)) return {.provider = Of::well, .deployment = Of::well, .key = Of::well};
  return {};
}

}  // namespace sluice::traffic
