#include <sluice/base/error.hpp>

#include <utility>

namespace sluice {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::rate_limited:
      return "429";
    case Outcome::client_error:
      return "4xx";
    case Outcome::server_error:
      return "5xx";
    case Outcome::timeout:
      return "timeout";
    case Outcome::connect:
      return "connect";
    case Outcome::tls:
      return "tls";
    case Outcome::reset:
      return "reset";
    case Outcome::truncated:
      return "truncated";
    case Outcome::cancelled:
      return "cancelled";
  }
  return "ok";
}

Error::Error(Fault fault, Blame blame, std::string_view code, std::string message)
    : info_(std::make_unique<Info>(Info{.fault = fault,
                                        .blame = blame,
                                        .outcome = Outcome::ok,
                                        .retryable = false,
                                        .code = code,
                                        .allow = {},
                                        .retry_after = {},
                                        .message = std::move(message),
                                        .param = {}})) {}

Error::Error(const Error& other) : info_(std::make_unique<Info>(*other.info_)) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) info_ = std::make_unique<Info>(*other.info_);
  return *this;
}

Error Error::with_message(std::string message) && {
  info_->message = std::move(message);
  return std::move(*this);
}

Error Error::with_param(std::string param) && {
  info_->param = std::move(param);
  return std::move(*this);
}

Error Error::with_allow(std::string_view methods) && {
  info_->allow = methods;
  return std::move(*this);
}

Error Error::with_outcome(Outcome outcome) && {
  info_->outcome = outcome;
  return std::move(*this);
}

Error Error::with_retry_after(std::optional<std::chrono::milliseconds> after) && {
  info_->retry_after = after;
  return std::move(*this);
}

Error Error::worth_retrying() && {
  info_->retryable = true;
  return std::move(*this);
}

Error Error::with_repeatable(bool repeatable) && {
  info_->repeatable = repeatable;
  return std::move(*this);
}

Error Error::never_again() && {
  info_->final = true;
  return std::move(*this);
}

int status_of(Fault fault) {
  switch (fault) {
    case Fault::bad_request:
      return 400;
    case Fault::unauthenticated:
      return 401;
    case Fault::forbidden:
      return 403;
    case Fault::not_found:
      return 404;
    case Fault::method_not_allowed:
      return 405;
    case Fault::request_timeout:
      return 408;
    case Fault::too_large:
      return 413;
    case Fault::unsupported:
      return 415;
    case Fault::client_left:
      return 499;
    case Fault::rate_limited:
      return 429;
    case Fault::internal:
      return 500;
    case Fault::upstream_failed:
      return 502;
    case Fault::unavailable:
      return 503;
    case Fault::upstream_timeout:
      return 504;
  }
  return 500;
}

}  // namespace sluice
