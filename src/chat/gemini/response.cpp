#include <algorithm>
#include <array>

#include "chat/extras.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/timestamps.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::generate_content {
namespace {

constexpr std::string_view usage_path = "usageMetadata";

bool is_empty(json::Value value) { return (value.is_object() || value.is_array()) && value.size() == 0; }

Part rider(std::string kind, json::Value value) {
  return {Opaque{std::string(dialect_name), std::move(kind), {compact(value.raw())}}, {}};
}

Choice read_candidate(json::Value candidate, std::string_view answer_id, std::size_t& number) {
  Choice choice;
  std::vector<Part> parts;
  for (const json::Value part : items(candidate["content"]["parts"])) read_part(part, Side::provider, parts);
  bool has_calls = false;
  bool after_rider = false;
  for (Part& part : parts) {
    if (says_nothing(part) && !after_rider) continue;
    if (!after_rider && !choice.parts.empty() && continues(choice.parts.back(), part)) {
      join(choice.parts.back(), std::move(part));
      continue;
    }
    if (auto* const call = std::get_if<ToolCall>(&part.what)) {
      has_calls = true;
      if (call->id.empty()) call->id = minted_id(answer_id, number);
    }
    const auto* const opaque = std::get_if<Opaque>(&part.what);
    after_rider = opaque != nullptr && is_own(*opaque, part_rider);
    choice.parts.push_back(std::move(part));
    ++number;
  }
  choice.ending = ending_of(finish_word(candidate["finishReason"]), has_calls, !choice.parts.empty());
  choice.logprobs.bytes = read_logprobs(candidate["logprobsResult"]);
  std::vector<Part> riders = read_candidate_riders(candidate);
  number += riders.size();
  std::move(riders.begin(), riders.end(), std::back_inserter(choice.parts));
  return choice;
}

void read_extras(json::Value root, Response& response) {
  constexpr std::array<std::string_view, 6> known{"candidates",   "promptFeedback", "usageMetadata",
                                                  "modelVersion", "createTime",     "responseId"};
  constexpr std::array<std::string_view, 7> known_counts{
      "promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount",
      "totalTokenCount",  "cachedContentTokenCount", "serviceTier"};
  const auto is_in = [](const auto& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const json::Value value : root["usageMetadata"]) {
    const std::string name = value.name();
    if (value.is_null() || is_in(known_counts, name)) continue;
    response.extras.push_back({name, {compact(value.raw())}, std::string(usage_path)});
  }
  for (const json::Value value : root) {
    const std::string name = value.name();
    if (value.is_null() || is_in(known, name)) continue;
    response.extras.push_back({name, {compact(value.raw())}});
  }
}

void write_candidate(json::Writer& out, const Choice& choice, std::size_t index, bool ours, Dropped& dropped) {
  out.open_object().name("content").open_object().name("parts").open_array();
  PartWriter writer(out, Side::caller, dropped);
  bool after_rider = false;
  for (const Part& part : choice.parts) {
    if (is_candidate_rider(part) || !PartWriter::can_say(part, Side::caller, dropped)) continue;
    if (says_nothing(part) && !after_rider) continue;
    const auto* const opaque = std::get_if<Opaque>(&part.what);
    after_rider = opaque != nullptr && is_own(*opaque, part_rider);
    writer.write(part);
  }
  out.close_array().member("role", "model").close_object();
  out.member_if("finishReason", word_of(choice.ending, ours));
  drop_ending(dropped, choice.ending);
  out.member("index", std::uint64_t{index});
  for (const Part& part : choice.parts) {
    const auto* const opaque = std::get_if<Opaque>(&part.what);
    if (opaque == nullptr || !is_own(*opaque, candidate_rider)) continue;
    out.raw_member(opaque->kind.substr(candidate_rider.size()), opaque->json.bytes);
  }
  if (choice.logprobs) {
    out.name("logprobsResult");
    write_logprobs(out, choice.logprobs.bytes);
  }
  out.close_object();
}

void write_metadata(json::Writer& out, const Response& response, bool ours, Dropped& dropped) {
  std::string metadata;
  json::Writer inner(metadata);
  inner.open_object();
  if (response.usage) write_usage(inner, *response.usage);
  inner.member_if("serviceTier", tier_of(response.service_tier, dropped));
  if (ours) write_within(inner, response.extras, usage_path);
  inner.close_object();
  if (metadata != "{}") out.raw_member("usageMetadata", metadata);
}

void write_extras_of(json::Writer& out, const Response& response, bool ours, Dropped& dropped) {
  if (ours) return write_within(out, response.extras, "");
  for (const Extra& extra : response.extras) drop(dropped, path_of(extra));
}

bool is_only_feedback(const Choice& choice) {
  return choice.parts.size() == 1 && is_refused_prompt(choice.ending, feedback_in(choice.parts));
}

}  // namespace

std::vector<Part> read_candidate_riders(json::Value candidate) {
  constexpr std::array<std::string_view, 4> known{"content", "finishReason", "index", "logprobsResult"};
  std::vector<Part> riders;
  for (const json::Value value : candidate) {
    const std::string name = value.name();
    if (value.is_null() || is_empty(value) || std::find(known.begin(), known.end(), name) != known.end()) continue;
    riders.push_back(rider(std::string(candidate_rider) + name, value));
  }
  return riders;
}

bool is_candidate_rider(const Part& part) {
  const auto* const opaque = std::get_if<Opaque>(&part.what);
  return opaque != nullptr &&
         (is_own(*opaque, candidate_rider) || (opaque->dialect == dialect_name && opaque->kind == feedback_rider));
}

const Opaque* feedback_in(const std::vector<Part>& riders) {
  for (const Part& part : riders) {
    const auto* const opaque = std::get_if<Opaque>(&part.what);
    if (opaque != nullptr && opaque->dialect == dialect_name && opaque->kind == feedback_rider) return opaque;
  }
  return nullptr;
}

Ending ending_of_feedback(json::Value feedback) {
  std::string word = block_word(member(feedback, "blockReason"));
  if (word.empty()) word = "BLOCKED_REASON_UNSPECIFIED";
  return {Finish::content_filter, std::move(word), {}};
}

bool is_refused_prompt(const Ending& ending, const Opaque* feedback) {
  if (feedback == nullptr) return false;
  const json::Tree tree = json::Tree::read(feedback->json.bytes);
  return ending == ending_of_feedback(tree.root());
}

Result<Response> decode_response(std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  const json::Value root = tree.root();
  if (!root.is_object()) return unreadable("The provider's answer is not a JSON object.");
  if (root["error"].is_object()) return decode_failure(200, body);
  const std::vector<json::Value> candidates = items(root["candidates"]);
  const json::Value feedback = root["promptFeedback"];
  const bool has_feedback = feedback.is_object() && feedback.size() > 0;
  if (candidates.empty() && !has_feedback) return unreadable("The provider's answer has nothing in it.");
  Response response;
  response.id = root["responseId"].string();
  response.model = root["modelVersion"].string();
  response.created = read_timestamp(root["createTime"].string());
  response.usage = read_usage(root["usageMetadata"]);
  response.service_tier = read_tier(root["usageMetadata"]);
  response.dialect = dialect_name;
  std::size_t number = 0;
  for (const json::Value candidate : candidates) {
    response.choices.push_back(read_candidate(candidate, response.id, number));
  }
  if (has_feedback) {
    if (candidates.empty()) response.choices.push_back({{}, ending_of_feedback(feedback), {}});
    response.choices.front().parts.push_back(rider(std::string(feedback_rider), feedback));
  }
  read_extras(root, response);
  return response;
}

void encode_response(const Response& response, std::string& out, Dropped& dropped) {
  const bool ours = response.dialect == dialect_name;
  if (!response.system_fingerprint.empty()) drop(dropped, "system_fingerprint");
  json::Writer writer(out);
  writer.open_object();
  if (response.choices.size() != 1 || !is_only_feedback(response.choices.front())) {
    writer.name("candidates").open_array();
    for (std::size_t i = 0; i < response.choices.size(); ++i) {
      write_candidate(writer, response.choices[i], i, ours, dropped);
    }
    writer.close_array();
  }
  for (const Choice& choice : response.choices) {
    const Opaque* const feedback = feedback_in(choice.parts);
    if (feedback == nullptr) continue;
    writer.raw_member(feedback_rider, feedback->json.bytes);
    break;
  }
  write_metadata(writer, response, ours, dropped);
  writer.member_if("modelVersion", response.model).member_if("createTime", timestamp_of(response.created));
  writer.member_if("responseId", response.id);
  write_extras_of(writer, response, ours, dropped);
  writer.close_object();
}

}  // namespace sluice::chat::generate_content
