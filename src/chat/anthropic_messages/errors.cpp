#include <array>
#include <string>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/json_walk.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::anthropic {
namespace {

struct Complaint {
  std::string type;
  std::string message;
};

// {"type":"error","error":{…}}, the error alone, either in a list, and what stands in front of providers and says
// {"message"}.
Complaint read_complaint(std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  const json::Value root = tree.root().is_array() ? tree.root()[std::size_t{0}] : tree.root();
  const json::Value error = root["error"];
  if (error.is_object()) return {error["type"].string(), error["message"].string()};
  std::string message = error.is_string() ? error.string() : root["message"].string();
  if (message.empty()) message = root["Message"].string();
  const std::string type = root["type"].string();
  return {type == "error" ? std::string() : type, std::move(message)};
}

std::optional<FailureClass> class_of_type(std::string_view type) {
  struct Known {
    std::string_view type;
    FailureClass means;
  };
  constexpr std::array known_types{
      Known{"invalid_request_error", FailureClass::refusal}, Known{"authentication_error", FailureClass::credential},
      Known{"billing_error", FailureClass::quota},           Known{"permission_error", FailureClass::credential},
      Known{"not_found_error", FailureClass::not_found},     Known{"request_too_large", FailureClass::too_large},
      Known{"rate_limit_error", FailureClass::rate},         Known{"timeout_error", FailureClass::timeout},
      Known{"overloaded_error", FailureClass::overloaded},   Known{"api_error", FailureClass::server},
      Known{"conflict_error", FailureClass::refusal},
  };
  for (const Known& known : known_types) {
    if (known.type == type) return known.means;
  }
  return std::nullopt;
}

// A status or type says what happened, but not that the prompt was too long or whose account is empty.
FailureClass class_of(int status, const Complaint& complaint) {
  const auto by_type = class_of_type(complaint.type);
  const FailureClass cls = class_of_status(status).value_or(by_type.value_or(FailureClass::server));
  if (cls == FailureClass::server && by_type == FailureClass::overloaded) return FailureClass::overloaded;
  const bool is_refusal = cls == FailureClass::refusal || cls == FailureClass::too_large;
  if (is_refusal && says_overflow(complaint.message)) return FailureClass::overflow;
  if ((is_refusal || cls == FailureClass::rate) &&
      (by_type == FailureClass::quota || says(complaint.message, {"credit balance", "usage limits", "quota"}))) {
    return FailureClass::quota;
  }
  if (is_refusal && says_filtered(complaint.message)) return FailureClass::filtered;
  const FailureClass told = cls == FailureClass::refusal && by_type ? *by_type : cls;
  return told == FailureClass::not_found ? class_of_absence(complaint.message) : told;
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

bool is_failure(std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  return tree.root()["type"].is("error") && tree.root()["error"]["type"].is_string();
}

Error decode_failure(int status, std::string_view body) {
  const Complaint complaint = read_complaint(body);
  const bool is_shown = status < 300 || (status >= 400 && status < 500);
  return failure_of(class_of(status, complaint), is_shown ? complaint.message : std::string());
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

}  // namespace sluice::chat::anthropic
