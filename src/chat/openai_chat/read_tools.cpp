#include <algorithm>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/request_body.hpp"

// What a caller says of tools: which there are and which may be called.
namespace sluice::chat::openai {
namespace {

using json::Value;

std::string place_of(std::string_view list, std::size_t number) {
  return std::string(list) + "[" + std::to_string(number) + "]";
}

Result<Tool> read_function(Value function, const std::string& place) {
  Tool tool;
  tool.name = function["name"].string();
  if (tool.name.empty()) return refuse_member(place + ".name", "A tool must have a name.");
  tool.description = function["description"].string();
  if (const Value schema = function["parameters"]; !schema.absent()) tool.schema.bytes = schema.raw();
  tool.strict = function["strict"].boolean();
  return tool;
}

// A grammar stands in an object of its own here, beside its type elsewhere.
std::string flat_format(Value format) {
  const Value grammar = format["grammar"];
  if (!format["type"].is("grammar") || !grammar.is_object()) return std::string(format.raw());
  std::string flat;
  json::Writer to(flat);
  to.open_object().member("type", "grammar");
  for (const std::string_view name : grammar_members) to.raw_member_if(name, grammar[name].raw());
  to.close_object();
  return flat;
}

Result<Ok> read_tool(Value entry, std::size_t number, Request& request) {
  const std::string place = place_of("tools", number);
  const Value function = entry["function"];
  const Value custom = entry["custom"];
  if (!entry.is_object()) return refuse_member(place, "A tool must be an object.");
  Tool tool;
  if (function.is_object()) {
    auto read = read_function(function, place + ".function");
    if (!read) return std::move(read).error();
    tool = *std::move(read);
    keep_rest(entry, place, {"type", "function", "cache_control"}, request.extras);
    keep_rest(function, place + ".function", {"name", "description", "parameters", "strict"}, request.extras);
  } else if (custom.is_object()) {
    auto read = read_function(custom, place + ".custom");
    if (!read) return std::move(read).error();
    tool = *std::move(read);
    tool.is_custom = true;
    tool.schema.bytes = custom["format"].absent() ? std::string() : flat_format(custom["format"]);
    keep_rest(entry, place, {"type", "custom", "cache_control"}, request.extras);
    keep_rest(custom, place + ".custom", {"name", "description", "format"}, request.extras);
  } else {
    tool.opaque = Opaque{std::string(dialect_name), "tools." + entry["type"].string(), {std::string(entry.raw())}};
  }
  if (!tool.opaque) tool.cache = read_cache_mark(entry);
  request.tools.push_back(std::move(tool));
  return Ok{};
}

// The names in the `tools` of an "allowed_tools" choice.
std::vector<std::string> allowed_names(Value tools) {
  std::vector<std::string> names;
  for (const Value tool : items_of(tools)) {
    for (const std::string_view kind : {"function", "custom"}) {
      if (std::string name = tool[kind]["name"].string(); !name.empty()) names.push_back(std::move(name));
    }
  }
  return names;
}

ToolChoice::Mode mode_of(Value word) {
  if (word.is("auto")) return ToolChoice::Mode::automatic;
  if (word.is("none")) return ToolChoice::Mode::none;
  if (word.is("required") || word.is("any")) return ToolChoice::Mode::required;
  return ToolChoice::Mode::unset;
}

// A choice as a word or an object; false when it is neither of those that are known.
bool read_choice(Value choice, ToolChoice& to) {
  to.mode = mode_of(choice);
  if (to.mode != ToolChoice::Mode::unset) return true;
  for (const std::string_view kind : {"function", "custom"}) {
    to.name = choice[kind]["name"].string();
    if (to.name.empty()) continue;
    to.mode = ToolChoice::Mode::named;
    return true;
  }
  const Value allowed = choice["allowed_tools"];
  to.only = allowed_names(allowed["tools"]);
  if (to.only.empty()) return false;
  to.mode = mode_of(allowed["mode"]);
  if (to.mode == ToolChoice::Mode::unset) to.mode = ToolChoice::Mode::automatic;
  return true;
}

}  // namespace

Result<Ok> read_tools(Value root, Request& request) {
  const Value tools = root["tools"];
  if (!tools.absent() && !tools.is_array()) return refuse_member("tools", "The member 'tools' must be a list.");
  std::size_t number = 0;
  for (const Value entry : items_of(tools)) {
    if (auto read = read_tool(entry, number++, request); !read) return read;
  }
  // The older way to say the same.
  for (const Value function : items_of(root["functions"])) {
    auto tool = read_function(function, place_of("functions", number++));
    if (!tool) return std::move(tool).error();
    request.tools.push_back(*std::move(tool));
  }
  if (const Value choice = root["tool_choice"]; !choice.absent()) {
    if (!read_choice(choice, request.tool_choice)) {
      request.extras.push_back({"tool_choice", {std::string(choice.raw())}});
    }
  } else if (const Value legacy = root["function_call"]; !legacy.absent()) {
    request.tool_choice.mode = mode_of(legacy);
    request.tool_choice.name = legacy["name"].string();
    if (!request.tool_choice.name.empty()) request.tool_choice.mode = ToolChoice::Mode::named;
  }
  const Value parallel = root["parallel_tool_calls"];
  request.tool_choice.parallel = parallel.boolean();
  if (!parallel.absent() && !request.tool_choice.parallel) {
    return refuse_member("parallel_tool_calls", "The member 'parallel_tool_calls' must be a boolean.");
  }
  return Ok{};
}

}  // namespace sluice::chat::openai
