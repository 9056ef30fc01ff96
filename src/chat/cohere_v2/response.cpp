#include <utility>

#include "chat/cohere_v2/parts.hpp"
#include "chat/extras.hpp"
#include "chat/provider_failures.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view billed_name = "billed_units";

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
  response.id = root["id"].string();
  const std::string reason = root["finish_reason"].string();
  if (is_failure(reason)) return decode_failure(200, root);
  Choice choice;
  if (!read_message(root["message"], choice.parts)) return unreadable("The provider's answer cannot be read.");
  choice.ending = read_ending(reason, has_calls(choice));
  response.choices.push_back(std::move(choice));
  response.usage = read_usage(root["usage"]);
  for (const Value member : root) {
    const std::string name = member.name();
    const bool is_known = name == "id" || name == "message" || name == "finish_reason" || name == "usage";
    if (!is_known) response.extras.push_back({name, {std::string(member.raw())}});
  }
  // Not what the model read, but what is paid for.
  const Value billed = root["usage"][billed_name];
  if (response.usage && billed.is_object()) {
    response.extras.push_back({std::string(billed_name), {std::string(billed.raw())}, "usage"});
  }
  return response;
}

void write_response(const Response& response, std::string& out, Dropped& dropped) {
  const Reader reader{dropped, false, response.dialect == dialect_name};
  const Choice nothing;
  const Choice& choice = response.choices.empty() ? nothing : response.choices.front();
  if (response.choices.size() > 1) drop(dropped, "n");
  if (choice.logprobs) drop(dropped, "logprobs");
  Writer writer(out);
  writer.open_object().member("id", response.id);
  const std::string members = assistant_members(choice.parts, reader);
  writer.raw_member("message", R"({"role":"assistant")" + (members.empty() ? "" : "," + members) + "}");
  writer.member("finish_reason", write_ending(choice.ending));
  drop_ending(dropped, choice.ending);
  std::string_view billed;
  for (const Extra& extra : response.extras) {
    if (!reader.is_own) {
      drop(dropped, path_of(extra));
    } else if (!extra.within.empty()) {
      billed = extra.value.bytes;
    } else {
      writer.raw_member(extra.name, extra.value.bytes);
    }
  }
  if (response.usage) write_usage(writer.name("usage"), *response.usage, billed);
  writer.close_object();
}

}  // namespace sluice::chat::cohere
