#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <sluice/base/error.hpp>

// Errors as attempts end with them.
namespace sluice::traffic {

inline Error upstream(Fault fault, std::string_view code, Outcome outcome) {
  return Error(fault, Blame::upstream, code, "").with_outcome(outcome);
}

inline Error unreached() { return upstream(Fault::unavailable, "upstream_unavailable", Outcome::connect); }
inline Error broken() { return upstream(Fault::upstream_failed, "upstream_error", Outcome::server_error); }
inline Error too_slow() { return upstream(Fault::upstream_timeout, "upstream_timeout", Outcome::timeout); }
inline Error no_quota() { return upstream(Fault::rate_limited, "insufficient_quota", Outcome::rate_limited); }
inline Error key_refused() { return upstream(Fault::upstream_failed, "upstream_auth", Outcome::client_error); }
inline Error limited(std::optional<std::chrono::milliseconds> retry_after) {
  return upstream(Fault::rate_limited, "rate_limit_exceeded", Outcome::rate_limited).with_retry_after(retry_after);
}
inline Error refusal(Fault fault = Fault::bad_request, std::string_view code = "invalid_request") {
  return Error(fault, Blame::client, code, "").with_outcome(Outcome::client_error);
}
inline Error client_left() { return Error(Fault::client_left, Blame::client, "", "").with_outcome(Outcome::cancelled); }

}  // namespace sluice::traffic
