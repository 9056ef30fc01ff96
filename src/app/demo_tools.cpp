#include "app/demo_tools.hpp"

#include <string>
#include <utility>

#include "app/demo_instance.hpp"
#include "app/demo_words.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t most_tools = 128;  // the API's own bound

struct Tool {
  std::string_view name;
  const Json* parameters;  // null: takes none
};

Result<std::vector<Tool>> read_tools(const Json& request) {
  std::vector<Tool> tools;
  const Json* list = demo_member(request, "tools");
  if (!list) return tools;
  if (!list->is_array() || list->size() > most_tools) {
    return demo_refusal("", "'tools' must be a list of up to 128 tools.", "tools");
  }
  for (std::size_t at = 0; at < list->size(); ++at) {
    const Json* function = demo_member((*list)[at], "function");
    const auto name = function ? demo_text(*function, "name") : std::nullopt;
    if (demo_text((*list)[at], "type") != "function" || !name || name->empty()) {
      const std::string where = "tools[" + std::to_string(at) + "]";
      return demo_refusal("", "'" + where + "' must be a function with a name.", where);
    }
    tools.push_back(Tool{*name, demo_member(*function, "parameters")});
  }
  return tools;
}

// The wanted ones of `tools`, in their order.
Result<std::vector<Tool>> pick(const Json& request, const std::vector<Tool>& tools, std::string_view user) {
  std::vector<Tool> picked;
  const Json* choice = demo_member(request, "tool_choice");
  const bool required = choice && *choice == "required";
  if (choice && *choice == "none") return picked;
  if (choice && choice->is_object()) {
    const Json* function = demo_member(*choice, "function");
    const auto forced = function ? demo_text(*function, "name") : std::nullopt;
    for (const Tool& tool : tools) {
      if (forced == tool.name) return std::vector<Tool>{tool};
    }
    return demo_refusal("", "'tool_choice' names no tool of this request.", "tool_choice");
  }
  if (choice && !required && *choice != "auto") {
    return demo_refusal("", "'tool_choice' must be none, auto, required or a function.", "tool_choice");
  }
  if (required && tools.empty()) return demo_refusal("", "'tool_choice' needs 'tools'.", "tool_choice");
  const Json* parallel = demo_member(request, "parallel_tool_calls");
  const bool one_only = parallel && *parallel == false;
  for (const Tool& tool : tools) {
    if (mentions(user, tool.name) && !(one_only && !picked.empty())) picked.push_back(tool);
  }
  if (picked.empty() && required) picked.push_back(tools.front());
  return picked;
}

}  // namespace

Result<std::vector<DemoToolCall>> choose_tools(const Json& request, std::string_view user, bool after_tool,
                                               std::string_view hash) {
  auto tools = read_tools(request);
  if (!tools) return std::move(tools).error();
  auto picked = pick(request, *tools, user);
  if (!picked) return std::move(picked).error();
  std::vector<DemoToolCall> calls;
  if (after_tool) return calls;
  for (const Tool& tool : *picked) {
    DemoToolCall call;
    call.id = "call_" + std::string(hash.substr(0, 20)) + "_" + std::to_string(calls.size());
    call.name = tool.name;
    const Json arguments = tool.parameters ? minimal_instance(*tool.parameters) : Json::object();
    call.arguments = arguments.is_object() ? demo_dump(arguments) : "{}";
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace sluice::app
