#include <algorithm>

#include "chat/extras.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::generate_content {
namespace {

constexpr std::string_view config_path = "toolConfig";
constexpr std::string_view calling_path = "toolConfig.functionCallingConfig";

void add_extra(Request& request, std::string_view within, json::Value value) {
  if (!value.is_null()) {
    request.extras.push_back({camel(value.name()), {std::string(value.raw())}, std::string(within)});
  }
}

void read_function(json::Value declared, Request& request) {
  Tool tool;
  tool.name = declared["name"].string();
  tool.description = declared["description"].string();
  const json::Value full = member(declared, "parametersJsonSchema");
  const json::Value older = member(declared, "parameters");
  if (full) {
    tool.schema.bytes = full.raw();
  } else if (older) {
    tool.schema.bytes = json_schema_of(older);
  }
  request.tools.push_back(std::move(tool));
  for (const json::Value value : declared) {
    const std::string name = camel(value.name());
    const bool known =
        name == "name" || name == "description" || name == "parameters" || name == "parametersJsonSchema";
    if (!known) add_extra(request, declarations_path, value);
  }
}

Result<Ok> read_declarations(json::Value tools, Request& request) {
  std::vector<Tool> run_by_provider;
  for (const json::Value tool : items(tools)) {
    if (!tool.is_object()) return refuse_member("tools", "The member 'tools' must be a list of objects.");
    for (const json::Value value : tool) {
      const std::string name = camel(value.name());
      if (value.is_null()) continue;
      if (name == "functionDeclarations") {
        for (const json::Value declared : items(value)) read_function(declared, request);
        continue;
      }
      std::string whole;
      json::Writer(whole).open_object().raw_member(name, value.raw()).close_object();
      Tool opaque;
      opaque.opaque = Opaque{std::string(dialect_name), "tools." + name, {std::move(whole)}};
      run_by_provider.push_back(std::move(opaque));
    }
  }
  // Functions stand together in one tool, so the others come behind them.
  std::move(run_by_provider.begin(), run_by_provider.end(), std::back_inserter(request.tools));
  return Ok{};
}

Result<Ok> read_mode(json::Value mode, Request& request) {
  ToolChoice& choice = request.tool_choice;
  if (!mode || mode.is("MODE_UNSPECIFIED")) {
    if (!choice.only.empty()) choice.mode = ToolChoice::Mode::automatic;
  } else if (mode.is("AUTO") || mode.is("VALIDATED")) {
    choice.mode = ToolChoice::Mode::automatic;
    // Only where names are given can this be said in other words.
    if (mode.is("VALIDATED") && choice.only.empty()) add_extra(request, calling_path, mode);
  } else if (mode.is("NONE")) {
    choice.mode = ToolChoice::Mode::none;
  } else if (mode.is("ANY")) {
    choice.mode = ToolChoice::Mode::required;
    if (choice.only.size() == 1) {
      choice.mode = ToolChoice::Mode::named;
      choice.name = std::move(choice.only.front());
      choice.only.clear();
    }
  } else {
    return refuse_member(std::string(calling_path) + ".mode", "The mode of function calling is not known.");
  }
  return Ok{};
}

Result<Ok> read_choice(json::Value config, Request& request) {
  if (config.absent()) return Ok{};
  if (!config.is_object()) return refuse_member("toolConfig", "The member 'toolConfig' must be an object.");
  for (const json::Value value : config) {
    if (camel(value.name()) != "functionCallingConfig") add_extra(request, config_path, value);
  }
  const json::Value calling = member(config, "functionCallingConfig");
  for (const json::Value value : calling) {
    const std::string name = camel(value.name());
    if (name != "mode" && name != "allowedFunctionNames") add_extra(request, calling_path, value);
  }
  for (const json::Value name : items(member(calling, "allowedFunctionNames"))) {
    request.tool_choice.only.push_back(name.string());
  }
  return read_mode(member(calling, "mode"), request);
}

void write_function(json::Writer& out, const Tool& tool, Dropped& dropped) {
  if (tool.strict == true) drop(dropped, "tools.strict");
  if (tool.cache) drop(dropped, "tools.cache_control");
  out.open_object().member("name", tool.name).member_if("description", tool.description);
  out.raw_member_if("parametersJsonSchema", tool.schema.bytes).close_object();
}

bool is_function(const Tool& tool) { return !tool.opaque && !tool.is_custom; }

bool has_functions(const Request& request) {
  return std::any_of(request.tools.begin(), request.tools.end(), is_function);
}

std::string_view mode_of(const ToolChoice& choice) {
  switch (choice.mode) {
    case ToolChoice::Mode::unset:
      return {};
    case ToolChoice::Mode::automatic:
      // Names are taken only with the modes that check them.
      return choice.only.empty() ? "AUTO" : "VALIDATED";
    case ToolChoice::Mode::none:
      return "NONE";
    default:
      return "ANY";
  }
}

bool has_extra(const Request& request, std::string_view within) {
  return request.dialect == dialect_name && has_within(request.extras, within);
}

bool has_own_mode(const Request& request) {
  return request.dialect == dialect_name &&
         std::any_of(request.extras.begin(), request.extras.end(),
                     [](const Extra& extra) { return extra.within == calling_path && extra.name == "mode"; });
}

void write_calling(json::Writer& out, const Request& request) {
  const ToolChoice& choice = request.tool_choice;
  out.name("functionCallingConfig").open_object();
  if (!has_own_mode(request)) out.member_if("mode", mode_of(choice));
  if (choice.mode == ToolChoice::Mode::named) {
    out.name("allowedFunctionNames").open_array().string(choice.name).close_array();
  } else if (!choice.only.empty() && (choice.mode != ToolChoice::Mode::none || request.dialect == dialect_name)) {
    out.name("allowedFunctionNames").open_array();
    for (const std::string& name : choice.only) out.string(name);
    out.close_array();
  }
  write_extras(out, request, calling_path);
  out.close_object();
}

void write_choice(json::Writer& out, const Request& request, Dropped& dropped) {
  const ToolChoice& choice = request.tool_choice;
  if (choice.parallel == false) drop(dropped, "parallel_tool_calls");
  const bool is_own = request.dialect == dialect_name;
  // Servers refuse a choice between no functions.
  bool has_choice = choice.mode != ToolChoice::Mode::unset || !choice.only.empty();
  if (has_choice && (!has_functions(request) || !can_be_forced(request)) && !is_own) {
    if (choice.mode != ToolChoice::Mode::automatic && choice.mode != ToolChoice::Mode::none) {
      drop(dropped, "tool_choice");
    }
    has_choice = false;
  }
  if (!has_choice && !has_extra(request, config_path) && !has_extra(request, calling_path)) return;
  out.name("toolConfig").open_object();
  if (has_choice || has_extra(request, calling_path)) write_calling(out, request);
  write_extras(out, request, config_path);
  out.close_object();
}

}  // namespace

Result<Ok> read_tools(json::Value root, Request& request) {
  auto read = read_declarations(member(root, "tools"), request);
  if (!read) return read;
  return read_choice(member(root, "toolConfig"), request);
}

void write_tools(json::Writer& out, const Request& request, const Quirks& quirks, Dropped& dropped) {
  if (request.tools.empty()) return write_choice(out, request, dropped);
  if (!quirks.takes("tools")) return drop(dropped, "tools");
  std::string tools;
  json::Writer inner(tools);
  inner.open_array();
  if (has_functions(request)) {
    inner.open_object().name("functionDeclarations").open_array();
    for (const Tool& tool : request.tools) {
      if (is_function(tool)) write_function(inner, tool, dropped);
    }
    inner.close_array().close_object();
  }
  for (const Tool& tool : request.tools) {
    if (tool.is_custom) drop(dropped, "tools.custom");
    if (!tool.opaque) continue;
    if (tool.opaque->dialect == dialect_name) {
      inner.raw(tool.opaque->json.bytes);
    } else {
      drop(dropped, tool.opaque->kind);
    }
  }
  inner.close_array();
  if (tools != "[]") out.raw_member("tools", tools);
  write_choice(out, request, dropped);
}

}  // namespace sluice::chat::generate_content
