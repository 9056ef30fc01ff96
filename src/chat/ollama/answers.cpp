#include <algorithm>
#include <array>
#include <utility>

#include "chat/extras.hpp"
#include "chat/json_walk.hpp"
#include "chat/logprobs.hpp"
#include "chat/ollama/parts.hpp"
#include "chat/provider_failures.hpp"
#include "chat/timestamps.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Value;
using json::Writer;

bool is_known(std::string_view name) {
  constexpr std::array<std::string_view, 8> known{"model",       "created_at",        "message",    "done",
                                                  "done_reason", "prompt_eval_count", "eval_count", "logprobs"};
  return std::find(known.begin(), known.end(), name) != known.end();
}

bool has_calls(const Choice& choice) {
  return std::any_of(choice.parts.begin(), choice.parts.end(),
                     [](const Part& part) { return std::holds_alternative<ToolCall>(part.what); });
}

}  // namespace

void write_said(Writer& writer, Form form, const Head& head, const Said& said, Dropped& dropped) {
  writer.member("model", head.model);
  // Readers parse it as a time, whatever it is.
  const std::string created = timestamp_of(head.created);
  writer.member("created_at", created.empty() ? "1970-01-01T00:00:00Z" : created);
  if (form == Form::messages) {
    writer.name("message").open_object().member("role", "assistant");
    said.write_members(writer);
    writer.close_object();
    return;
  }
  writer.member("response", said.text()).member_if("thinking", said.thinking());
  if (said.has_calls()) drop(dropped, "messages.tool_calls");
  if (said.has_images()) drop(dropped, name_of(Media::Kind::image));
}

void write_end(Writer& writer, const Ending& ending, const std::optional<Usage>& usage) {
  writer.member("done", true).member("done_reason", write_ending(ending));
  if (!usage) return;
  writer.member("prompt_eval_count", usage->all_input()).member("eval_count", usage->all_output());
}

Result<Response> read_response(std::string_view body) {
  const json::Tree tree = json::Tree::read(body);
  const Value root = tree.root();
  if (!root["error"].absent()) return decode_failure(200, body);
  const Value message = root["message"];
  const std::string created = root["created_at"].string();
  Choice choice;
  const bool is_cut = !root["done"].absent() && !root["done"].boolean().value_or(false);
  if (is_cut || !read_message(message, created, 0, choice.parts)) {
    return unreadable("The provider's answer cannot be read.");
  }
  // In a stream they have to be on one line.
  for (Part& part : choice.parts) {
    if (auto* call = std::get_if<ToolCall>(&part.what)) call->arguments = json::on_one_line(call->arguments);
  }
  Response response;
  response.dialect = dialect_name;
  response.model = root["model"].string();
  response.created = read_timestamp(created);
  choice.ending = read_ending(root["done_reason"].string(), has_calls(choice));
  if (root["logprobs"].size() > 0 && root["logprobs"].is_array())
    choice.logprobs.bytes = complete_logprobs(root["logprobs"]);
  response.choices.push_back(std::move(choice));
  response.usage = sense_of(body).usage;
  for (const Value member : root) {
    const std::string name = member.name();
    if (!is_known(name)) response.extras.push_back({name, {std::string(member.raw())}});
  }
  return response;
}

void write_response(Form form, const Response& response, std::string& out, Dropped& dropped) {
  const Choice nothing;
  const Choice& choice = response.choices.empty() ? nothing : response.choices.front();
  if (response.choices.size() > 1) drop(dropped, "n");
  Said said(Reader{dropped, false});
  for (const Part& part : choice.parts) said.add(part);
  Writer writer(out);
  writer.open_object();
  write_said(writer, form, {response.model, response.created}, said, dropped);
  write_end(writer, choice.ending, response.usage);
  drop_ending(dropped, choice.ending);
  writer.raw_member_if("logprobs", choice.logprobs.bytes);
  for (const Extra& extra : response.extras) {
    if (response.dialect == dialect_name) {
      writer.raw_member(extra.name, extra.value.bytes);
    } else {
      drop(dropped, path_of(extra));
    }
  }
  writer.close_object();
}

}  // namespace sluice::chat::ollama_api
