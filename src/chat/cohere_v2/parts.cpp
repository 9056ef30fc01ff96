#include "chat/cohere_v2/parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "chat/json_walk.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;
using json::Writer;

struct Word {
  std::string_view raw;
  Finish finish;
};

constexpr std::array words{
    Word{"COMPLETE", Finish::stop},        Word{"STOP_SEQUENCE", Finish::stop}, Word{"MAX_TOKENS", Finish::length},
    Word{"TOOL_CALL", Finish::tool_calls}, Word{"ERROR", Finish::error},        Word{"TIMEOUT", Finish::error},
};

// A count that may be left out. False: it is there and no count.
bool read_count(Value value, std::uint64_t& count) {
  if (value.absent()) return true;
  const auto whole = value.whole();
  count = whole.value_or(0);
  return whole.has_value();
}

FailureClass class_of(int status, Value report, std::string_view message) {
  const Value type = report["error_type"];
  if (type.is("TOO_MANY_TOKENS")) return FailureClass::overflow;
  // The model stumbled; another time it may not.
  if (type.is("INVALID_TOOL_GENERATION") || report["finish_reason"].is("TIMEOUT")) return FailureClass::server;
  // No registered status: the provider gave up waiting for us.
  if (status == 499) return FailureClass::timeout;
  // Nor is this one: it was blocked for what it says.
  if (status == 498) return FailureClass::filtered;
  const FailureClass what = class_of_status(status).value_or(FailureClass::server);
  if (what == FailureClass::rate && says(message, {"/ month", "per month", "billing", "quota"})) {
    return FailureClass::quota;
  }
  const bool is_open = what == FailureClass::refusal || status < 300;
  if (is_open && says_overflow(message)) return FailureClass::overflow;
  if (is_open && says(message, {"invalid api token", "incorrect api key"})) return FailureClass::credential;
  if (is_open && says_filtered(message)) return FailureClass::filtered;
  if (status < 300 && says(message, {"rate limit", "too many requests"})) return FailureClass::rate;
  if (what == FailureClass::server && says(message, {"overloaded", "unavailable"})) return FailureClass::overloaded;
  return what == FailureClass::not_found ? class_of_absence(message) : what;
}

// What was billed is less than what the model read, which has the template's tokens in it. Nothing where it is the
// same, or nothing at all was billed: that is not believed.
std::optional<Usage::Billed> billed_beside(const Usage& counts, Value units) {
  Usage::Billed billed{counts.all_input(), counts.all_output()};
  const Usage::Billed whole = billed;
  if (!read_count(units["input_tokens"], billed.input) || !read_count(units["output_tokens"], billed.output)) return {};
  if (billed == whole || billed == Usage::Billed{}) return std::nullopt;
  return billed;
}

}  // namespace

std::optional<Usage> read_usage(Value usage) {
  const Value tokens = usage["tokens"].is_object() ? usage["tokens"] : usage["billed_units"];
  if (!tokens.is_object() || (tokens["input_tokens"].absent() && tokens["output_tokens"].absent())) return std::nullopt;
  Usage counts;
  const bool good =
      read_count(tokens["input_tokens"], counts.input) && read_count(tokens["output_tokens"], counts.output) &&
      read_count(tokens["reasoning_tokens"], counts.reasoning) && read_count(usage["cached_tokens"], counts.cache_read);
  if (!good) return std::nullopt;
  counts.cache_read = std::min(counts.cache_read, counts.input);
  counts.reasoning = std::min(counts.reasoning, counts.output);
  counts.input -= counts.cache_read;
  counts.output -= counts.reasoning;
  counts.billed = billed_beside(counts, usage["billed_units"]);
  return counts;
}

std::optional<Usage> read_billed(Value meta) {
  const Value units = meta["billed_units"];
  Usage counts;
  std::uint64_t pictures = 0;
  const bool good = read_count(units["input_tokens"], counts.input) && read_count(units["image_tokens"], pictures);
  if (!good || (units["input_tokens"].absent() && units["image_tokens"].absent())) return std::nullopt;
  counts.input += pictures;
  return counts;
}

void write_usage(Writer& writer, const Usage& usage, std::string_view billed) {
  writer.open_object().name("billed_units");
  if (billed.empty()) {
    const Usage::Billed units = usage.billed.value_or(Usage::Billed{usage.all_input(), usage.all_output()});
    writer.open_object().member("input_tokens", units.input).member("output_tokens", units.output).close_object();
  } else {
    writer.raw(billed);
  }
  writer.name("tokens").open_object();
  writer.member("input_tokens", usage.all_input()).member("output_tokens", usage.all_output());
  if (usage.reasoning > 0) writer.member("reasoning_tokens", usage.reasoning);
  writer.close_object().member("cached_tokens", usage.cache_read).close_object();
}

bool is_failure(std::string_view reason) { return reason == "ERROR" || reason == "TIMEOUT"; }

Ending read_ending(std::string_view reason, bool has_calls) {
  Ending ending;
  ending.raw = reason;
  ending.finish = Finish::stop;
  for (const Word& word : words) {
    if (word.raw == reason) ending.finish = word.finish;
  }
  if (has_calls && ending.finish == Finish::stop) ending.finish = Finish::tool_calls;
  return ending;
}

std::string_view write_ending(const Ending& ending) {
  for (const Word& word : words) {
    if (word.raw == ending.raw) return word.raw;
  }
  if (ending.finish == Finish::stop && !ending.stop_sequence.empty()) return "STOP_SEQUENCE";
  // There is no word for what a filter held back; that the answer is not what was asked for is the nearest.
  if (ending.finish == Finish::content_filter) return "ERROR";
  for (const Word& word : words) {
    if (word.finish == ending.finish) return word.raw;
  }
  return "COMPLETE";
}

Error decode_failure(int status, Value report) {
  if (report["delta"].is_object()) report = report["delta"];
  std::string message = report["message"].string();
  if (message.empty()) message = report["error"].string();
  const bool is_shown = status < 300 || (status >= 400 && status < 500);
  return failure_of(class_of(status, report, message), is_shown ? message : std::string());
}

Error decode_failure(int status, std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  return decode_failure(status, tree.root());
}

void encode_failure(const Error& error, std::string& out) {
  Writer writer(out);
  writer.open_object().member("message", error.message());
  if (error.code() == "context_length_exceeded") writer.member("error_type", "TOO_MANY_TOKENS");
  writer.close_object();
}

void encode_failure_event(const Error& error, std::string& out) {
  out += "event: message-end\ndata: ";
  Writer writer(out);
  writer.open_object().member("type", "message-end").name("delta").open_object();
  writer.member("finish_reason", "ERROR").member("error", error.message());
  if (error.code() == "context_length_exceeded") writer.member("error_type", "TOO_MANY_TOKENS");
  writer.close_object().close_object();
  out += "\n\n";
}

}  // namespace sluice::chat::cohere
