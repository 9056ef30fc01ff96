#include <array>
#include <string>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_responses/parts.hpp"

// Complete answers.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;
using json::Writer;

// What an answer says of the request it answers, or in other members as well: nothing is lost without them.
constexpr std::array repeated_members{
    std::string_view("id"),
    std::string_view("object"),
    std::string_view("created_at"),
    std::string_view("completed_at"),
    std::string_view("status"),
    std::string_view("error"),
    std::string_view("incomplete_details"),
    std::string_view("model"),
    std::string_view("output"),
    std::string_view("output_text"),
    std::string_view("usage"),
    std::string_view("service_tier"),
    std::string_view("background"),
    std::string_view("frequency_penalty"),
    std::string_view("input"),
    std::string_view("instructions"),
    std::string_view("max_output_tokens"),
    std::string_view("max_tool_calls"),
    std::string_view("metadata"),
    std::string_view("parallel_tool_calls"),
    std::string_view("presence_penalty"),
    std::string_view("previous_response_id"),
    std::string_view("prompt"),
    std::string_view("prompt_cache_key"),
    std::string_view("prompt_cache_options"),
    std::string_view("prompt_cache_retention"),
    std::string_view("reasoning"),
    std::string_view("safety_identifier"),
    std::string_view("store"),
    std::string_view("temperature"),
    std::string_view("text"),
    std::string_view("tool_choice"),
    std::string_view("tools"),
    std::string_view("top_logprobs"),
    std::string_view("top_p"),
    std::string_view("truncation"),
    std::string_view("user"),
};

bool is_repeated(std::string_view name) {
  for (const std::string_view known : repeated_members) {
    if (known == name) return true;
  }
  return false;
}

// A count that may be left out. False: it is there and none.
bool read_count(Value value, std::uint64_t& count) {
  if (value.absent()) return true;
  const auto whole = value.whole();
  if (whole) count = *whole;
  return whole.has_value();
}

std::uint64_t without(std::uint64_t whole, std::uint64_t part) { return whole > part ? whole - part : 0; }

void read_logprobs(Value item, RawJson& logprobs) {
  for (const Value part : item["content"]) {
    const RawJson more = part.is_object() ? read_list(part["logprobs"]) : RawJson{};
    if (!more) continue;
    if (logprobs) {
      logprobs.bytes.back() = ',';
      logprobs.bytes.append(more.bytes, 1);
    } else {
      logprobs = more;
    }
  }
}

// Everything of an answer but its choices, for the dropped list.
void drop_unsayable(const Response& response, Dropped& dropped) {
  if (response.choices.size() > 1) drop(dropped, "n");
  if (!response.system_fingerprint.empty()) drop(dropped, "system_fingerprint");
  if (response.dialect == dialect_name) return;
  for (const Extra& extra : response.extras) drop(dropped, path_of(extra));
}

}  // namespace

std::int64_t read_time(Value seconds) {
  const double time = seconds.number().value_or(0);
  return time > 0 && time < 9e15 ? static_cast<std::int64_t>(time) : 0;
}

std::optional<Usage> read_usage(Value usage) {
  if (!usage.is_object() || usage["input_tokens"].absent()) return std::nullopt;
  const Value of_input = usage["input_tokens_details"];
  const Value of_output = usage["output_tokens_details"];
  if (!(of_input.is_object() || of_input.absent()) || !(of_output.is_object() || of_output.absent())) {
    return std::nullopt;
  }
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  std::uint64_t total = 0;
  Usage read;
  const bool usable = read_count(usage["input_tokens"], input) && read_count(usage["output_tokens"], output) &&
                      read_count(usage["total_tokens"], total) &&
                      read_count(of_input["cached_tokens"], read.cache_read) &&
                      read_count(of_input["cache_write_tokens"], read.cache_write) &&
                      read_count(of_output["reasoning_tokens"], read.reasoning);
  if (!usable) return std::nullopt;
  read.input = without(without(input, read.cache_read), read.cache_write);
  // Some servers count reasoning beside the output instead of inside; their total gives it away.
  const bool beside = read.reasoning > 0 && total == input + output + read.reasoning;
  read.output = beside ? output : without(output, read.reasoning);
  return read;
}

void write_usage(Writer& writer, const Usage& usage) {
  writer.open_object().member("input_tokens", usage.all_input());
  writer.name("input_tokens_details").open_object().member("cached_tokens", usage.cache_read);
  writer.member("cache_write_tokens", usage.cache_write).close_object();
  writer.member("output_tokens", usage.all_output());
  writer.name("output_tokens_details").open_object().member("reasoning_tokens", usage.reasoning).close_object();
  writer.member("total_tokens", usage.all_input() + usage.all_output()).close_object();
}

Ending read_ending(Value response, bool calls) {
  const std::string status = response["status"].string();
  const std::string reason = response["incomplete_details"]["reason"].string();
  if (status == "incomplete") {
    return {reason == "content_filter" ? Finish::content_filter : Finish::length, reason.empty() ? status : reason, {}};
  }
  if (status == "queued" || status == "in_progress") return {Finish::pause, status, {}};
  return {calls ? Finish::tool_calls : Finish::stop, status.empty() ? "completed" : status, {}};
}

Status status_of(const Ending& ending, Dropped& dropped) {
  if (!ending.stop_sequence.empty()) drop(dropped, "stop_sequence");
  constexpr std::array own{Status{"completed"},
                           Status{"queued"},
                           Status{"in_progress"},
                           Status{"incomplete"},
                           Status{"incomplete", "max_output_tokens"},
                           Status{"incomplete", "content_filter"}};
  for (const Status& status : own) {
    if (ending.raw == (status.reason.empty() ? status.status : status.reason)) return status;
  }
  switch (ending.finish) {
    case Finish::length:
      return own[4];
    case Finish::content_filter:
      return own[5];
    case Finish::error:
      return {"failed"};
    case Finish::pause:
      drop(dropped, "finish_reason");
      return own[3];
    case Finish::unset:
    case Finish::stop:
    case Finish::tool_calls:
      break;
  }
  return own[0];
}

std::string_view failure_code(const Error& error) {
  if (error.fault() == Fault::rate_limited) return "rate_limit_exceeded";
  return error.fault() == Fault::bad_request ? "invalid_prompt" : "server_error";
}

void write_head(Writer& writer, const Head& head, const Status& status, const Error* failure) {
  writer.member("id", head.id).member("object", "response").member("created_at", head.created);
  writer.member("status", status.status).name("error");
  if (failure != nullptr) {
    writer.open_object().member("code", failure_code(*failure)).member("message", failure->message()).close_object();
  } else if (status.status == "failed") {
    writer.open_object().member("code", "server_error");
    writer.member("message", "The model's answer cannot be used.").close_object();
  } else {
    writer.null();
  }
  writer.name("incomplete_details");
  if (status.reason.empty()) {
    writer.null();
  } else {
    writer.open_object().member("reason", status.reason).close_object();
  }
  writer.member("model", head.model);
}

bool is_tier(std::string_view tier) {
  constexpr std::array<std::string_view, 7> known{"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"};
  return std::find(known.begin(), known.end(), tier) != known.end();
}

std::string known_tier(const std::string& tier, Dropped& dropped) {
  if (tier.empty() || is_tier(tier)) return tier;
  drop(dropped, "service_tier");
  return {};
}

void write_tail(Writer& writer, const Head& head, const std::optional<Usage>& usage) {
  writer.raw(head.repeats);
  writer.member_if("service_tier", head.service_tier).member("store", false).member("truncation", "disabled");
  if (!usage) return;
  writer.name("usage");
  write_usage(writer, *usage);
}

Result<Response> decode_response(std::string_view body) {
  const Tree tree = Tree::read(body);
  if (!tree) return unreadable("is not JSON");
  const Value root = tree.root();
  if (root["status"].is("failed") || root["status"].is("cancelled") || root["error"].is_object()) {
    return decode_failure(200, body);
  }
  if (!root["output"].is_array()) return unreadable("has no output");
  Response response;
  response.dialect = dialect_name;
  response.id = root["id"].string();
  response.model = root["model"].string();
  response.created = read_time(root["created_at"]);
  response.service_tier = root["service_tier"].string();
  Choice& choice = response.choices.emplace_back();
  for (const Value item : root["output"]) {
    if (!item.is_object()) continue;
    read_item(item, Author::provider, choice.parts);
    if (item["type"].is("message")) read_logprobs(item, choice.logprobs);
  }
  bool calls = false;
  for (const Part& part : choice.parts) calls = calls || std::holds_alternative<ToolCall>(part.what);
  choice.ending = read_ending(root, calls);
  response.usage = read_usage(root["usage"]);
  for (const Value member : root) {
    std::string name = member.name();
    if (member.absent() || is_repeated(name)) continue;
    response.extras.push_back({std::move(name), {std::string(member.raw())}});
  }
  return response;
}

void encode_response(const Response& response, const AnswerForm& form, std::string& out, Dropped& dropped) {
  drop_unsayable(response, dropped);
  static const Choice nothing;
  const Choice& choice = response.choices.empty() ? nothing : response.choices.front();
  Items items(false, response.id);
  for (const Part& part : choice.parts) items.add(part, dropped);
  const Status status = status_of(choice.ending, dropped);
  if (Piece* const text = items.first_text(); text != nullptr) {
    add_logprobs(choice.logprobs, *text);
  } else if (choice.logprobs) {
    drop(dropped, "logprobs");
  }
  const Head head{response.id, response.model, response.created, known_tier(response.service_tier, dropped),
                  repeats_of(form)};
  Writer writer(out);
  writer.open_object();
  write_head(writer, head, status, nullptr);
  writer.name("output").open_array();
  const ItemForm written{.status = status.status == "incomplete" ? "incomplete" : "completed"};
  for (const Item& item : items.all()) write_item(writer, item, written);
  writer.close_array();
  write_tail(writer, head, response.usage);
  if (response.dialect == dialect_name) {
    for (const Extra& extra : response.extras) writer.raw_member(extra.name, extra.value.bytes);
  }
  writer.close_object();
}

}  // namespace sluice::chat::responses
