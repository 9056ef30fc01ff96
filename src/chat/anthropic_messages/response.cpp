#include <algorithm>
#include <array>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/extras.hpp"
#include "chat/json_walk.hpp"

namespace sluice::chat::anthropic {
namespace {

template <class What>
bool has(const std::vector<Part>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [](const Part& part) { return std::holds_alternative<What>(part.what); });
}

// Whether it ends with a call that nobody answered. A call of a provider's program is followed by what came of it.
bool awaits_result(const std::vector<Part>& parts) {
  return !parts.empty() && std::holds_alternative<ToolCall>(parts.back().what);
}

constexpr std::string_view usage_prefix = "usage.";
constexpr std::size_t most_riders = 64;

}  // namespace

void read_message_riders(json::Value message, std::vector<Opaque>& riders) {
  constexpr std::array<std::string_view, 9> known{"id",          "type",          "role",  "model", "content",
                                                  "stop_reason", "stop_sequence", "usage", "delta"};
  for (const json::Value member : message) {
    const std::string name = member.name();
    if (member.is_null() || std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (name.starts_with(usage_prefix)) continue;  // the path of a rider of the usage, and no member of any answer
    put_rider(riders, rider(name, name, member.raw()));
  }
}

void read_usage_riders(json::Value usage, std::vector<Opaque>& riders) {
  for (const std::string_view name : {"iterations", "server_tool_use"}) {
    const json::Value member = usage[name];
    // Most answers count no uses of anything.
    if (member.raw().find_first_of("123456789") == std::string_view::npos) continue;
    put_rider(riders, rider(std::string(usage_prefix) + std::string(name), name, member.raw()));
  }
}

void put_rider(std::vector<Opaque>& riders, Opaque opaque) {
  const auto known = std::find_if(riders.begin(), riders.end(), [&](const Opaque& r) { return r.kind == opaque.kind; });
  if (known != riders.end()) {
    *known = std::move(opaque);
  } else if (riders.size() < most_riders) {
    riders.push_back(std::move(opaque));
  }
}

MessageRiders sorted_riders(const std::vector<Opaque>& riders) {
  MessageRiders sorted;
  for (const Opaque& opaque : riders) {
    if (opaque.kind.starts_with(usage_prefix)) {
      put_rider(sorted.of_usage, opaque);
    } else {
      put_rider(opaque.kind == "context_management" ? sorted.of_event : sorted.of_message, opaque);
    }
  }
  return sorted;
}

Result<Response> decode_response(std::string_view body) {
  const json::Tree tree = json::Tree::read(json::trimmed(body));
  const json::Value root = tree.root();
  if (root["type"].is("error")) return decode_failure(200, body);
  if (!root["content"].is_array()) return unreadable("The provider's answer cannot be read.");
  Response response;
  response.dialect = dialect_name;
  response.id = root["id"].string();
  response.model = root["model"].string();
  response.service_tier = read_tier(root["usage"]["service_tier"].string());
  Choice choice;
  for (const json::Value block : root["content"]) read_block(block, Side::provider, choice.parts);
  choice.ending = read_ending(root, awaits_result(choice.parts));
  std::vector<Opaque> riders;
  read_message_riders(root, riders);
  read_usage_riders(root["usage"], riders);
  // In the order in which a stream brings them.
  MessageRiders sorted = sorted_riders(riders);
  for (auto* const group : {&sorted.of_message, &sorted.of_event, &sorted.of_usage}) {
    for (Opaque& opaque : *group) choice.parts.push_back({std::move(opaque), std::nullopt});
  }
  response.choices.push_back(std::move(choice));
  Counts counts;
  counts.take(root["usage"]);
  response.usage = counts.usage();
  return response;
}

void encode_response(const Response& response, std::string& out, Dropped& dropped) {
  if (response.choices.size() > 1) drop(dropped, "n");
  const Choice none;
  const Choice& choice = response.choices.empty() ? none : response.choices.front();
  json::Writer writer(out);
  writer.open_object().member("id", response.id).member("type", "message").member("role", "assistant");
  writer.member("model", response.model).name("content").open_array();
  BlockWriter blocks(writer, Side::caller, Role::assistant, dropped);
  for (const Part& part : choice.parts) blocks.write(part);
  const MessageRiders riders = sorted_riders(blocks.waiting());
  writer.close_array();
  writer.member("stop_reason",
                stop_reason_of(choice.ending, has<ToolCall>(choice.parts), has<Refusal>(choice.parts), dropped));
  writer.name("stop_sequence");
  if (choice.ending.stop_sequence.empty()) {
    writer.null();
  } else {
    writer.string(choice.ending.stop_sequence);
  }
  write_riders(writer, riders.of_message);
  write_riders(writer, riders.of_event);
  writer.name("usage").open_object();
  write_usage(writer, response.usage);
  write_riders(writer, riders.of_usage);
  writer.member_if("service_tier", tier_of(response.service_tier, dropped)).close_object();
  for (const Extra& extra : response.extras) {
    if (response.dialect == dialect_name) {
      writer.raw_member(extra.name, extra.value.bytes);
    } else {
      drop(dropped, path_of(extra));
    }
  }
  if (choice.logprobs) drop(dropped, "logprobs");
  if (!response.system_fingerprint.empty()) drop(dropped, "system_fingerprint");
  writer.close_object();
}

}  // namespace sluice::chat::anthropic
