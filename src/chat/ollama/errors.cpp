#include "chat/json_walk.hpp"
#include "chat/ollama/parts.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::ollama_api {
namespace {

// What a failure without a status of its own is, by its words.
FailureClass class_of_words(std::string_view message) {
  if (says(message, {"server busy", "overloaded", "unavailable"})) return FailureClass::overloaded;
  if (says(message, {"try pulling it", "' not found", "\" not found"})) return FailureClass::not_found;
  if (says_filtered(message)) return FailureClass::filtered;
  if (says(message, {"unauthorized"})) return FailureClass::credential;
  if (says(message, {"rate limit", "too many"})) return FailureClass::rate;
  return FailureClass::server;
}

FailureClass class_of(int status, std::string_view message) {
  // No registered status: whoever runs the model was told that we had left.
  if (status == 499) return FailureClass::timeout;
  const FailureClass what = class_of_status(status).value_or(class_of_words(message));
  // A prompt that is still too long after it was cut fails on the server's side.
  const bool is_open = what == FailureClass::refusal || what == FailureClass::server;
  if (is_open && says_overflow(message)) return FailureClass::overflow;
  if (what == FailureClass::refusal && says_filtered(message)) return FailureClass::filtered;
  if (status == 404) return class_of_absence(message);
  const bool is_limit = what == FailureClass::rate || status < 300;
  return is_limit && says(message, {"usage limit"}) ? FailureClass::quota : what;
}

}  // namespace

Error decode_failure(int status, std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  const json::Value error = tree.root()["error"];
  const std::string message = error.is_object() ? error["message"].string() : error.string();
  const FailureClass what = class_of(status, message);
  const bool is_shown = status < 500 || what == FailureClass::overflow;
  return failure_of(what, is_shown ? message : std::string());
}

void encode_failure(const Error& error, std::string& out) {
  json::Writer(out).open_object().member("error", error.message()).close_object();
}

void encode_failure_line(const Error& error, std::string& out) {
  encode_failure(error, out);
  out += '\n';
}

}  // namespace sluice::chat::ollama_api
