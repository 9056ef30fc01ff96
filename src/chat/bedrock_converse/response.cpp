#include <utility>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/extras.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Value;
using json::Writer;

// What stands for how long the model took where nobody knows it: readers rely on the member.
constexpr std::string_view unknown_metrics = R"({"latencyMs":0})";

bool has_calls(const Choice& choice) {
  for (const Part& part : choice.parts) {
    if (std::holds_alternative<ToolCall>(part.what)) return true;
  }
  return false;
}

}  // namespace

Result<Response> read_response(std::string_view body) {
  const json::Tree tree = json::Tree::read(body);
  const Value root = tree.root();
  Response response;
  response.dialect = dialect_name;
  Choice choice;
  if (!read_blocks(root["output"]["message"]["content"], choice.parts))
    return unreadable("The provider's answer cannot be read.");
  choice.ending = read_ending(root["stopReason"].string(), has_calls(choice));
  response.choices.push_back(std::move(choice));
  response.usage = read_usage(root["usage"]);
  for (const Value member : root) {
    const std::string name = member.name();
    if (name == "serviceTier" && member["type"].is_string()) {
      response.service_tier = member["type"].string();
    } else if (name != "output" && name != "stopReason" && name != "usage" && member.raw() != unknown_metrics) {
      response.extras.push_back({name, {std::string(member.raw())}});
    }
  }
  return response;
}

void write_response(const Response& response, std::string& out, Dropped& dropped) {
  Writer writer(out);
  const Reader reader{dropped, false, response.dialect == dialect_name};
  const Choice nothing;
  const Choice& choice = response.choices.empty() ? nothing : response.choices.front();
  if (response.choices.size() > 1) drop(dropped, "n");
  if (choice.logprobs) drop(dropped, "logprobs");
  writer.open_object().name("output").open_object().name("message").open_object();
  writer.member("role", "assistant").name("content").open_array();
  for (const Part& part : choice.parts) write_part(writer, part, reader);
  writer.close_array().close_object().close_object();
  writer.member("stopReason", write_ending(choice.ending));
  drop_ending(dropped, choice.ending);
  write_usage(writer.name("usage"), response.usage);
  write_tier(writer, response.service_tier, dropped);
  bool has_metrics = false;
  for (const Extra& extra : response.extras) {
    if (!reader.is_own) {
      drop(dropped, path_of(extra));
      continue;
    }
    writer.raw_member(extra.name, extra.value.bytes);
    has_metrics = has_metrics || extra.name == "metrics";
  }
  if (!has_metrics) writer.raw_member("metrics", unknown_metrics);
  writer.close_object();
}

}  // namespace sluice::chat::bedrock
