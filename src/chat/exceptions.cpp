#include "chat/exceptions.hpp"

#include <array>
#include <optional>
#include <string>

#include <sluice/base/text.hpp>
#include <sluice/http/event_stream.hpp>

#include "chat/json_tree.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat {
namespace {

using json::Value;

// Names of exceptions, without the word itself. In streams they begin with a small letter.
std::optional<FailureClass> class_of_type(std::string_view type) {
  struct Known {
    std::string_view name;
    FailureClass means;
  };
  constexpr std::array known_types{
      Known{"Validation", FailureClass::refusal},
      Known{"Throttling", FailureClass::rate},
      Known{"TooManyRequests", FailureClass::rate},
      Known{"ModelNotReady", FailureClass::overloaded},
      Known{"ServiceQuotaExceeded", FailureClass::quota},
      Known{"AccessDenied", FailureClass::credential},
      Known{"UnrecognizedClient", FailureClass::credential},
      Known{"ExpiredToken", FailureClass::credential},
      Known{"InvalidSignature", FailureClass::credential},
      Known{"IncompleteSignature", FailureClass::credential},
      Known{"MissingAuthenticationToken", FailureClass::credential},
      Known{"ResourceNotFound", FailureClass::not_found},
      Known{"ModelTimeout", FailureClass::timeout},
      Known{"ServiceUnavailable", FailureClass::overloaded},
      Known{"ModelError", FailureClass::server},
      Known{"ModelStreamError", FailureClass::server},
      Known{"InternalServer", FailureClass::server},
      Known{"InternalFailure", FailureClass::server},
  };
  for (const Known& known : known_types) {
    if (type.size() >= known.name.size() && equals_ignoring_case(type.substr(0, known.name.size()), known.name)) {
      return known.means;
    }
  }
  return std::nullopt;
}

// The bare name in "com.amazon.service#ThrottlingException:http://…".
std::string_view bare_type(std::string_view type) {
  type = type.substr(type.find('#') == std::string_view::npos ? 0 : type.find('#') + 1);
  return type.substr(0, type.find(':'));
}

// Inside of a stream only words and the model's own status are left to tell by.
FailureClass class_in_stream(Value report, std::string_view message) {
  if (says(message, {"too many tokens, please wait", "too many requests", "throttl", "rate exceeded"})) {
    return FailureClass::rate;
  }
  const auto original = report["originalStatusCode"].whole();
  if (original && *original == 429) return FailureClass::rate;
  if (original && *original < 500 && *original >= 400) return FailureClass::refusal;
  if (says(message, {"validation", "malformed input", "is not supported", "doesn't support"})) {
    return FailureClass::refusal;
  }
  if (says(message, {"unable to process", "unavailable"})) return FailureClass::overloaded;
  return FailureClass::server;
}

FailureClass class_of(int status, std::string_view type, Value report, std::string_view message) {
  FailureClass what = class_of_type(type).value_or(class_of_status(status).value_or(FailureClass::refusal));
  if (status < 300 && !class_of_type(type)) what = class_in_stream(report, message);
  const auto original = report["originalStatusCode"].whole();
  const bool was_busy = original == std::optional<std::uint64_t>(503) || original == std::optional<std::uint64_t>(529);
  if (what == FailureClass::server && (was_busy || says(message, {"overloaded"}))) return FailureClass::overloaded;
  // A dependency that failed; the request is as good as it was.
  if (status == 424 && what == FailureClass::refusal) what = FailureClass::server;
  if (what == FailureClass::rate && says(message, {"not ready"})) return FailureClass::overloaded;
  if (what == FailureClass::refusal || (what == FailureClass::server && status < 300)) {
    if (says_overflow(message)) return FailureClass::overflow;
    if (says(message, {"model identifier is invalid"})) return FailureClass::not_found;
    if (says_filtered(message)) return FailureClass::filtered;
  }
  return what == FailureClass::not_found ? class_of_absence(message) : what;
}

}  // namespace

Error read_exception(int status, std::string_view body, std::string_view type) {
  http::Frame frame;
  if (type.empty() && http::read_frame(body, frame) == http::FrameStep::done) {
    return read_exception(status, frame.payload.empty() ? frame.error_message : frame.payload, frame.name);
  }
  const json::Tree tree = json::Tree::read(body);
  const Value report = tree.root();
  std::string message = report["message"].string();
  if (message.empty()) message = report["Message"].string();
  if (!report && !body.starts_with('<')) message = body;
  const std::string inner_type = report["__type"].string();
  if (type.empty()) type = inner_type;
  const bool is_shown = status < 300 || (status >= 400 && status < 500);
  return failure_of(class_of(status, bare_type(type), report, message), is_shown ? message : std::string());
}

}  // namespace sluice::chat
