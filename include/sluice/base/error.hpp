#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// What went wrong, in words a caller can act on. Each maps to one HTTP status, see status_of().
enum class Fault : std::uint8_t {
  bad_request,         // 400: the caller sent something we cannot accept
  unauthenticated,     // 401: no credential, or a wrong one
  forbidden,           // 403: a good credential that may not do this
  not_found,           // 404: no such path or model
  method_not_allowed,  // 405
  request_timeout,     // 408: the caller was too slow with its request
  too_large,           // 413: the request is over a limit
  unsupported,         // 415: a content coding we do not take
  client_left,         // 499 in logs, never sent: nobody is there to read it
  rate_limited,        // 429
  internal,            // 500: a bug of ours
  upstream_failed,     // 502: the provider answered badly, or broke off
  unavailable,         // 503: nobody could be reached, or we are full
  upstream_timeout,    // 504: the provider was too slow
};

// Whose fault it was. Only faults of the upstream say something about a provider's health.
enum class Blame : std::uint8_t { client, gateway, upstream };

// How an attempt at a target ended; the label values of sluice_upstream_attempts_total.
enum class Outcome : std::uint8_t {
  ok,
  rate_limited,
  client_error,
  server_error,
  timeout,
  connect,
  tls,
  reset,
  truncated,
  cancelled,
};
std::string_view to_string(Outcome outcome);

// Why something did not work: what, whose fault, whether trying again makes sense, and what the
// caller may be told. As wide as one pointer, so that success costs nothing; building one allocates.
class Error {
 public:
  // `code` is the machine-readable code of the caller's error object ("model_not_found"); it must
  // outlive the program (a literal). `message` is shown to the caller: it must not hold secrets,
  // upstream addresses or credentials.
  Error(Fault fault, Blame blame, std::string_view code, std::string message);
  Error(const Error& other);
  Error(Error&& other) noexcept = default;
  Error& operator=(const Error& other);
  Error& operator=(Error&& other) noexcept = default;
  ~Error() = default;

  Fault fault() const { return info_->fault; }
  Blame blame() const { return info_->blame; }
  std::string_view code() const { return info_->code; }
  const std::string& message() const { return info_->message; }
  // The request member at fault ("model", "messages[2].role"); empty when there is none.
  const std::string& param() const { return info_->param; }
  // True when the same request may succeed at another target.
  bool retryable() const { return info_->retryable; }
  // True when it makes no sense to send the same request again, whatever its status says.
  bool final() const { return info_->final; }
  // Whether the same request may succeed at the same target, where that target says so itself.
  std::optional<bool> repeatable() const { return info_->repeatable; }
  // How long the party at fault asked us to wait.
  std::optional<std::chrono::milliseconds> retry_after() const { return info_->retry_after; }
  // How the attempt ended that produced this error.
  Outcome outcome() const { return info_->outcome; }
  // The value of an `allow` header; only for method_not_allowed.
  std::string_view allow() const { return info_->allow; }

  Error with_message(std::string message) &&;
  Error with_param(std::string param) &&;
  Error with_allow(std::string_view methods) &&;
  Error with_outcome(Outcome outcome) &&;
  Error with_retry_after(std::optional<std::chrono::milliseconds> after) &&;
  Error worth_retrying() &&;
  Error with_repeatable(bool repeatable) &&;
  Error never_again() &&;

 private:
  struct Info {
    Fault fault;
    Blame blame;
    Outcome outcome = Outcome::ok;
    bool retryable = false;
    bool final = false;
    std::optional<bool> repeatable{};
    std::string_view code;
    std::string_view allow;
    std::optional<std::chrono::milliseconds> retry_after;
    std::string message;
    std::string param;
  };
  std::unique_ptr<Info> info_;
};

// The HTTP status a fault is answered with (RFC 9110; 499 is the log's word for a caller who left).
int status_of(Fault fault);

}  // namespace sluice
