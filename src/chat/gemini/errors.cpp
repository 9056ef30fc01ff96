#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "chat/gemini/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/provider_words.hpp"

namespace sluice::chat::generate_content {
namespace {

struct Complaint {
  int code = 0;
  std::string status;
  std::string message;
  bool bad_key = false;     // a detail says that the key is none
  bool for_long = false;    // the limit that was hit is not one for minutes
  std::string retry_after;  // as a detail says it: "34.4s"
};

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

std::optional<FailureClass> class_of_word(std::string_view status) {
  struct Known {
    std::string_view status;
    FailureClass means;
  };
  constexpr std::array known_statuses{
      Known{"INVALID_ARGUMENT", FailureClass::refusal},
      Known{"FAILED_PRECONDITION", FailureClass::refusal},
      Known{"OUT_OF_RANGE", FailureClass::refusal},
      Known{"UNIMPLEMENTED", FailureClass::refusal},
      Known{"UNAUTHENTICATED", FailureClass::credential},
      Known{"PERMISSION_DENIED", FailureClass::credential},
      Known{"NOT_FOUND", FailureClass::not_found},
      Known{"RESOURCE_EXHAUSTED", FailureClass::rate},
      Known{"UNAVAILABLE", FailureClass::overloaded},
      Known{"DEADLINE_EXCEEDED", FailureClass::timeout},
      Known{"INTERNAL", FailureClass::server},
      Known{"UNKNOWN", FailureClass::server},
      Known{"ABORTED", FailureClass::server},
      Known{"CANCELLED", FailureClass::server},
  };
  for (const Known& known : known_statuses) {
    if (known.status == status) return known.means;
  }
  return std::nullopt;
}

// A status says what happened, but not that the prompt was too long, that the key is none, or whose account is empty.
FailureClass class_of(int status, const Complaint& complaint) {
  const auto by_word = class_of_word(complaint.status);
  const auto by_code = class_of_status(complaint.code);
  const FailureClass cls = class_of_status(status).value_or(by_word.value_or(by_code.value_or(FailureClass::server)));
  if (cls == FailureClass::server && by_word == FailureClass::overloaded) return FailureClass::overloaded;
  const bool is_refusal = cls == FailureClass::refusal || cls == FailureClass::too_large;
  if (is_refusal && (complaint.bad_key || says(complaint.message, {"api key not valid", "api key expired"}))) {
    return FailureClass::credential;
  }
  if (is_refusal && (says_overflow(complaint.message) || says(complaint.message, {"input token count"}))) {
    return FailureClass::overflow;
  }
  if (cls == FailureClass::rate &&
      (complaint.for_long || says(complaint.message, {"credits are depleted", "limit: 0,"}))) {
    return FailureClass::quota;
  }
  if (cls == FailureClass::refusal && says(complaint.message, {"billing account", "billing to be enabled"})) {
    return FailureClass::quota;
  }
  if (is_refusal && (says_filtered(complaint.message) || says(complaint.message, {"prompt was blocked"}))) {
    return FailureClass::filtered;
  }
  const FailureClass told = cls == FailureClass::refusal && by_word ? *by_word : cls;
  return told == FailureClass::not_found ? class_of_absence(complaint.message) : told;
}

// "34.4s", from a detail or from a message.
std::optional<std::chrono::milliseconds> wait_of(const Complaint& complaint) {
  return complaint.retry_after.empty() ? wait_told_in(complaint.message) : duration_in(complaint.retry_after);
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
  return failure_of(class_of(status, complaint), is_shown ? complaint.message : std::string())
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

}  // namespace sluice::chat::generate_content
