#include <algorithm>
#include <array>
#include <utility>

#include "chat/call_ids.hpp"
#include "chat/efforts.hpp"
#include "chat/extras.hpp"
#include "chat/json_walk.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/short_user.hpp"

// A request for a provider: its top level.
namespace sluice::chat::openai {
namespace {

bool is_known_tier(std::string_view tier) {
  constexpr std::array<std::string_view, 5> tiers{"auto", "default", "flex", "priority", "scale"};
  return std::find(tiers.begin(), tiers.end(), tier) != tiers.end();
}

bool has(std::string_view body, std::string_view quoted) {
  return json::find_quoted(body, quoted, 0) != std::string_view::npos;
}

bool has_other_ids(std::string_view body, std::size_t size) {
  constexpr std::string_view name = R"("tool_call_id")";
  for (std::size_t at = json::find_quoted(body, name, 0); at != std::string_view::npos;
       at = json::find_quoted(body, name, at + name.size())) {
    const std::size_t value = json::value_begin(body, at + name.size());
    if (value >= body.size() || body[value] != '"') continue;
    const std::string_view id = body.substr(value + 1, body.find('"', value + 1) - value - 1);
    if (!is_exact_id(id, size)) return true;
  }
  return false;
}

}  // namespace

bool must_rewrite(std::string_view body, const Quirks& quirks) {
  constexpr std::string_view older = R"("max_tokens")";
  constexpr std::string_view newer = R"("max_completion_tokens")";
  if (!quirks.max_tokens.empty() && has(body, quirks.max_tokens == "max_tokens" ? newer : older)) return true;
  if (quirks.tells_usage && has(body, R"("stream_options")")) return true;
  const bool is_renamed = std::any_of(quirks.members.begin(), quirks.members.end(),
                                      [body](const auto& member) { return has(body, '"' + member.first + '"'); });
  return is_renamed || (quirks.call_ids != 0 && has_other_ids(body, quirks.call_ids));
}

bool RequestWriter::allows(std::string_view member) {
  if (quirks_.takes(member)) return true;
  lose(member);
  return false;
}

bool RequestWriter::has_beside(std::string_view within) const {
  return is_own() && has_within(request_.extras, within);
}

void RequestWriter::write_beside(std::string_view within) {
  if (is_own()) write_within(to_, request_.extras, within);
}

void RequestWriter::write_number(std::string_view member, const std::optional<Number>& number) {
  if (number && allows(member)) to_.raw_member(quirks_.name_of(member), number->spelled);
}

void RequestWriter::write_sampling() {
  const Sampling& sampling = request_.sampling;
  std::string_view longest = quirks_.max_tokens;
  if (longest.empty()) longest = "max_completion_tokens";
  if (sampling.max_tokens && allows(longest)) to_.member(longest, *sampling.max_tokens);
  write_number("temperature", sampling.temperature);
  write_number("top_p", sampling.top_p);
  write_number("frequency_penalty", sampling.frequency_penalty);
  write_number("presence_penalty", sampling.presence_penalty);
  // Not the dialect's own, although many servers of it know them.
  if (is_own()) {
    write_number("top_k", sampling.top_k);
    write_number("min_p", sampling.min_p);
  } else {
    if (sampling.top_k) lose("top_k");
    if (sampling.min_p) lose("min_p");
  }
  if (sampling.seed && allows("seed")) to_.member(quirks_.name_of("seed"), *sampling.seed);
  if (!sampling.stop.empty() && allows("stop")) {
    constexpr std::size_t most_stops = 4;  // OpenAI's schema of this API
    const std::size_t count = is_own() ? sampling.stop.size() : std::min(sampling.stop.size(), most_stops);
    if (count < sampling.stop.size()) lose("stop");
    to_.name(quirks_.name_of("stop")).open_array();
    for (std::size_t i = 0; i < count; ++i) to_.string(sampling.stop[i]);
    to_.close_array();
  }
  if (sampling.choices && allows("n")) to_.member(quirks_.name_of("n"), *sampling.choices);
  if (sampling.logprobs && allows("logprobs")) to_.member("logprobs", *sampling.logprobs);
  if (sampling.top_logprobs && allows("top_logprobs")) to_.member("top_logprobs", *sampling.top_logprobs);
}

void RequestWriter::write_format() {
  const OutputFormat& format = request_.format;
  if (format.kind == OutputFormat::Kind::text || !allows("response_format")) return;
  to_.name("response_format").open_object();
  if (format.kind == OutputFormat::Kind::json_object) {
    to_.member("type", "json_object");
  } else {
    to_.member("type", "json_schema").name("json_schema").open_object();
    // The dialect wants a name where others have none.
    to_.member_if("name", format.name.empty() && !is_own() ? std::string_view("response") : format.name);
    to_.member_if("description", format.description).raw_member_if("schema", format.schema.bytes);
    if (format.strict) to_.member("strict", *format.strict);
    to_.close_object();
  }
  to_.close_object();
}

// An object that says all there is, as the servers read it that have more than a word for the effort.
void RequestWriter::write_own_reasoning() {
  const Reasoning& reasoning = request_.reasoning;
  const bool has_more = reasoning.budget_tokens || reasoning.enabled || !reasoning.summary.empty() ||
                        reasoning.include_thoughts || has_beside("reasoning");
  if (!has_more) {
    if (!reasoning.effort.empty() && allows("reasoning_effort")) to_.member("reasoning_effort", reasoning.effort);
  } else if (allows("reasoning")) {
    to_.name("reasoning").open_object().member_if("effort", reasoning.effort);
    if (reasoning.budget_tokens) to_.member("max_tokens", *reasoning.budget_tokens);
    if (reasoning.enabled) to_.member("enabled", *reasoning.enabled);
    to_.member_if("summary", reasoning.summary);
    if (reasoning.include_thoughts) to_.member("exclude", !*reasoning.include_thoughts);
    write_beside("reasoning");
    to_.close_object();
  }
  if ((reasoning.adaptive || has_beside("thinking")) && allows("thinking")) {
    to_.name("thinking").open_object();
    if (reasoning.adaptive) to_.member("type", "adaptive");
    write_beside("thinking");
    to_.close_object();
  }
}

void RequestWriter::write_reasoning() {
  if (is_own()) return write_own_reasoning();
  const Reasoning& reasoning = request_.reasoning;
  std::string_view effort = reasoning.effort;
  // Not every model knows the word for not thinking at all.
  const bool is_off = effort.empty() && reasoning.budget_tokens == 0U;
  if (is_off) lose("reasoning.enabled");
  if (effort.empty() && reasoning.budget_tokens && !is_off) {
    effort = effort_like(*reasoning.budget_tokens);
    lose("reasoning.max_tokens");
  }
  // Without an effort, whether a model thinks is its own affair here.
  if (effort.empty() && (reasoning.enabled || reasoning.adaptive)) lose("reasoning.enabled");
  if (!reasoning.summary.empty()) lose("reasoning.summary");
  if (!effort.empty() && allows("reasoning_effort")) to_.member("reasoning_effort", effort);
}

void RequestWriter::write_rest() {
  if (!request_.user.empty() && allows("user")) {
    if (!is_own() && request_.user.size() > longest_user) lose("user");
    to_.member("user", is_own() ? request_.user : short_user(request_.user));
  }
  if (request_.metadata && allows("metadata")) {
    // It is refused where nothing is kept that it could stand beside.
    if (is_own() || request_.store == true) {
      to_.raw_member("metadata", request_.metadata.bytes);
    } else {
      lose("metadata");
    }
  }
  if (!request_.verbosity.empty() && allows("verbosity")) to_.member("verbosity", request_.verbosity);
  if (!request_.service_tier.empty()) {
    if (!is_own() && !is_known_tier(request_.service_tier)) {
      lose("service_tier");
    } else if (allows("service_tier")) {
      to_.member("service_tier", request_.service_tier);
    }
  }
  if (request_.store && allows("store")) to_.member("store", *request_.store);
  if (request_.cache) write_mark(request_.cache);
}

void RequestWriter::write_extras() {
  for (const Extra& extra : request_.extras) {
    if (!is_own()) {
      lose(path_of(extra));
    } else if (extra.within.empty() && allows(extra.name)) {
      to_.raw_member(quirks_.name_of(extra.name), extra.value.bytes);
    }
  }
}

void RequestWriter::write() {
  to_.open_object().member("model", request_.model);
  write_messages();
  write_tools();
  write_sampling();
  write_format();
  write_reasoning();
  write_rest();
  if (request_.stream) to_.member("stream", true);
  // Dialects in which the usage is not a choice have it always. Providers refuse the options where nothing is streamed.
  const bool wants_usage = request_.stream && (request_.wants_usage || !is_own());
  const bool has_options = request_.stream && (wants_usage || has_beside("stream_options"));
  if (has_options && !quirks_.tells_usage && allows("stream_options")) {
    to_.name("stream_options").open_object();
    if (wants_usage) to_.member("include_usage", true);
    write_beside("stream_options");
    to_.close_object();
  }
  write_extras();
  to_.close_object();
}

Result<Rendered> write_request(const Request& request, const Quirks& quirks) {
  Rendered rendered;
  RequestWriter(request, quirks, rendered.body, rendered.dropped).write();
  return rendered;
}

}  // namespace sluice::chat::openai
