#include <sluice/http/event_stream.hpp>

#include "chat/bedrock_converse/parts.hpp"

namespace sluice::chat::bedrock {
namespace {

std::string_view type_of(const Error& error) {
  switch (error.fault()) {
    case Fault::unauthenticated:
      return "UnrecognizedClientException";
    case Fault::forbidden:
      return "AccessDeniedException";
    case Fault::not_found:
      return "ResourceNotFoundException";
    case Fault::rate_limited:
      return error.code() == "insufficient_quota" ? "ServiceQuotaExceededException" : "ThrottlingException";
    case Fault::internal:
      return "InternalServerException";
    case Fault::upstream_failed:
      return "ModelErrorException";
    case Fault::unavailable:
      return "ServiceUnavailableException";
    case Fault::upstream_timeout:
      return "ModelTimeoutException";
    default:
      return "ValidationException";
  }
}

// The few types that a stream has.
std::string_view type_in_stream(const Error& error) {
  switch (error.fault()) {
    case Fault::rate_limited:
      return "throttlingException";
    case Fault::internal:
      return "internalServerException";
    case Fault::unavailable:
      return "serviceUnavailableException";
    case Fault::upstream_failed:
    case Fault::upstream_timeout:
      return "modelStreamErrorException";
    default:
      return "validationException";
  }
}

}  // namespace

void encode_failure(const Error& error, std::string& out) {
  // Clients that do not get the header of this name look for the type here.
  json::Writer(out).open_object().member("__type", type_of(error)).member("message", error.message()).close_object();
}

void encode_failure_frame(const Error& error, std::string& out) {
  std::string payload;
  json::Writer(payload).open_object().member("message", error.message()).close_object();
  http::append_frame(out,
                     {{":exception-type", type_in_stream(error)},
                      {":content-type", "application/json"},
                      {":message-type", "exception"}},
                     payload);
}

}  // namespace sluice::chat::bedrock
