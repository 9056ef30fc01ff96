#include <algorithm>
#include <utility>

#include "chat/openai_chat/codec.hpp"

// The tools of a request for a provider.
namespace sluice::chat::openai {
namespace {

// As flat_format() reads it.
void write_grammar(json::Writer& to, const RawJson& format) {
  const json::Tree tree = json::Tree::read(format.bytes);
  const json::Value root = tree.root();
  if (!root["type"].is("grammar") || !root["grammar"].absent()) {
    to.raw(format.bytes);
    return;
  }
  to.open_object().member("type", "grammar").name("grammar").open_object();
  for (const std::string_view name : grammar_members) to.raw_member_if(name, root[name].raw());
  to.close_object().close_object();
}

}  // namespace

void RequestWriter::write_tool(const Tool& tool, std::size_t number) {
  const std::string place = "tools[" + std::to_string(number) + "]";
  to_.open_object().member("type", tool.is_custom ? "custom" : "function");
  to_.name(tool.is_custom ? "custom" : "function").open_object().member("name", tool.name);
  to_.member_if("description", tool.description);
  if (tool.is_custom && tool.schema) {
    write_grammar(to_.name("format"), tool.schema);
  } else {
    to_.raw_member_if("parameters", tool.schema.bytes);
  }
  if (tool.strict && !tool.is_custom) to_.member("strict", *tool.strict);
  write_beside(place + (tool.is_custom ? ".custom" : ".function"));
  to_.close_object();
  write_mark(tool.cache);
  write_beside(place);
  to_.close_object();
}

void RequestWriter::write_named(const std::string& name) {
  const auto tool = std::find_if(request_.tools.begin(), request_.tools.end(),
                                 [&](const Tool& candidate) { return candidate.name == name; });
  const bool is_custom = tool != request_.tools.end() && tool->is_custom;
  to_.open_object().member("type", is_custom ? "custom" : "function");
  to_.name(is_custom ? "custom" : "function").open_object().member("name", name).close_object().close_object();
}

void RequestWriter::write_allowed() {
  const bool is_required = request_.tool_choice.mode == ToolChoice::Mode::required;
  to_.open_object().member("type", "allowed_tools").name("allowed_tools").open_object();
  to_.member("mode", is_required ? "required" : "auto").name("tools").open_array();
  for (const std::string& name : request_.tool_choice.only) write_named(name);
  to_.close_array().close_object().close_object();
}

void RequestWriter::write_choice() {
  const ToolChoice& choice = request_.tool_choice;
  const bool is_limited =
      !choice.only.empty() && choice.mode != ToolChoice::Mode::none && choice.mode != ToolChoice::Mode::named;
  if (choice.mode == ToolChoice::Mode::unset && !is_limited) return;
  if (!allows("tool_choice")) return;
  to_.name("tool_choice");
  if (is_limited) {
    write_allowed();
  } else if (choice.mode == ToolChoice::Mode::named) {
    write_named(choice.name);
  } else if (choice.mode == ToolChoice::Mode::none) {
    to_.string("none");
  } else {
    to_.string(choice.mode == ToolChoice::Mode::required ? "required" : "auto");
  }
}

void RequestWriter::write_tools() {
  std::vector<std::pair<const Tool*, std::size_t>> sayable;
  for (std::size_t number = 0; number < request_.tools.size(); ++number) {
    const Tool& tool = request_.tools[number];
    if (tool.opaque && (tool.opaque->dialect != dialect_name || !is_own())) {
      lose(tool.opaque->kind);
    } else {
      sayable.emplace_back(&tool, number);
    }
  }
  const bool has_tools = !sayable.empty() && allows("tools");
  if (has_tools) {
    to_.name("tools").open_array();
    for (const auto& [tool, number] : sayable) {
      if (tool->opaque) {
        to_.raw(tool->opaque->json.bytes);
      } else {
        write_tool(*tool, number);
      }
    }
    to_.close_array();
  }
  // A choice without tools is refused.
  if (!has_tools && !is_own()) return;
  write_choice();
  if (request_.tool_choice.parallel && allows("parallel_tool_calls")) {
    to_.member("parallel_tool_calls", *request_.tool_choice.parallel);
  }
}

}  // namespace sluice::chat::openai
