#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <sluice/chat/dialect.hpp>

#include "chat/openai_responses/parts.hpp"
#include "chat/provider_failures.hpp"

// Failures. The error object is the chat dialect's; here it may also lie in an event or in a failed response.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return text;
}

template <std::size_t size>
bool has_one_of(const std::string& text, const std::array<std::string_view, size>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

// The request is longer than the model reads; servers of this dialect have several words for it.
bool is_overflow(const std::string& code, const std::string& words) {
  constexpr std::array<std::string_view, 2> codes{"context_length", "context_size"};
  constexpr std::array<std::string_view, 6> phrases{"context window",  "context length",     "maximum number of tokens",
                                                    "prompt too long", "prompt is too long", "input is too long"};
  return has_one_of(code, codes) || has_one_of(words, phrases);
}

// The key is wrong, said with a status that does not say so.
bool is_credential(const std::string& words) {
  constexpr std::array<std::string_view, 3> phrases{"incorrect api key", "invalid api key", "api key not valid"};
  return has_one_of(words, phrases);
}

}  // namespace

Error unreadable(std::string_view what) { return chat::unreadable("The provider's answer " + std::string(what) + "."); }

Error decode_failure(int status, std::string_view body) {
  const Tree tree = Tree::read(body);
  Value report = tree.root();
  // A failed response, alone or in its event.
  if (report["response"].is_object()) report = report["response"];
  Error error = openai_chat().decode_error(status, report ? report.raw() : body);
  const Value inner = report["error"].is_object() ? report["error"] : report;
  const std::string code = lower(inner["code"].string() + ' ' + inner["type"].string());
  const std::string words = lower(report["error"].is_string() ? report["error"].string() : inner["message"].string());
  const bool refused = error.outcome() == Outcome::client_error;
  if (error.code() == "upstream_auth" || (refused && is_credential(words))) {
    return Error(Fault::upstream_failed, Blame::upstream, "upstream_auth",
                 "The provider does not accept the gateway's credential.")
        .with_outcome(Outcome::client_error)
        .worth_retrying();
  }
  if (refused && code.find("insufficient_quota") != std::string::npos) {
    return openai_chat().decode_error(429, R"({"error":{"code":"insufficient_quota"}})");
  }
  if ((refused || status < 300) && is_overflow(code, words)) {
    return Error(Fault::bad_request, Blame::client, "context_length_exceeded", error.message())
        .with_outcome(Outcome::client_error);
  }
  return error;
}

// Readers know two shapes: the members beside `type`, and an error object; both are there.
void write_error_event(const Error& error, std::uint64_t sequence, std::string& out) {
  out += "event: error\ndata: ";
  std::string object;
  openai_chat().encode_error(error, object);
  const Tree tree = Tree::read(object);
  const Value inner = tree.root()["error"];
  json::Writer writer(out);
  writer.open_object().member("type", "error");
  for (const std::string_view member : {"code", "message", "param"}) writer.raw_member(member, inner[member].raw());
  writer.raw_member("error", inner.raw()).member("sequence_number", sequence).close_object();
  out += "\n\n";
}

}  // namespace sluice::chat::responses
