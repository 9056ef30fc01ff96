#include <sluice/chat/schema_tool.hpp>

#include <algorithm>
#include <string_view>
#include <variant>

#include "chat/json_tree.hpp"

namespace sluice::chat {
namespace {

using Mode = ToolChoice::Mode;

constexpr std::string_view usual_description =
    "Takes the answer. Call it once, with the whole answer as its arguments.";

// Arguments of tools are objects.
bool is_of_object(const RawJson& schema) {
  const json::Tree tree = json::Tree::read(schema.bytes);
  return tree.root()["type"].is("object");
}

std::string free_name(const std::vector<Tool>& tools) {
  std::string name = "json_answer";
  while (std::any_of(tools.begin(), tools.end(), [&](const Tool& tool) { return tool.name == name; })) name += '_';
  return name;
}

// The answer was the call, so the model has said all it wanted.
void settle(Ending& ending) {
  if (ending.finish == Finish::tool_calls) ending = {Finish::stop, {}, {}};
}

}  // namespace

std::string ask_by_tool(Request& request) {
  const OutputFormat& format = request.format;
  ToolChoice& choice = request.tool_choice;
  if (format.kind != OutputFormat::Kind::json_schema || !is_of_object(format.schema)) return {};
  if (choice.mode == Mode::named) return {};
  Tool tool;
  tool.name = free_name(request.tools);
  tool.description = format.description.empty() ? usual_description : std::string_view(format.description);
  tool.schema = format.schema;
  // With tools of the caller's it may call those first.
  const bool has_others = !request.tools.empty() && choice.mode != Mode::none;
  choice.mode = has_others ? Mode::required : Mode::named;
  choice.name = has_others ? std::string() : tool.name;
  if (!choice.only.empty()) choice.only.push_back(tool.name);
  std::string name = tool.name;
  request.tools.push_back(std::move(tool));
  request.format = {};
  return name;
}

bool ToolAnswer::is_ours(const Part& part) const {
  const auto* const call = std::get_if<ToolCall>(&part.what);
  return call != nullptr && call->name == name_;
}

void ToolAnswer::restore(Response& response) const {
  for (Choice& choice : response.choices) {
    bool answered = false;
    bool calls = false;
    for (Part& part : choice.parts) {
      if (is_ours(part)) {
        std::string words = std::move(std::get<ToolCall>(part.what).arguments);
        part.what = Text{std::move(words), {}, {}};
        answered = true;
      }
      calls = calls || std::holds_alternative<ToolCall>(part.what);
    }
    if (answered && !calls) settle(choice.ending);
  }
}

void ToolAnswer::restore(Event& event) {
  if (auto* const start = std::get_if<BlockStart>(&event)) {
    if (is_ours(start->part)) {
      blocks_.insert(start->block);
      answered_.insert(start->choice);
      start->part.what = Text{};
    } else if (std::holds_alternative<ToolCall>(start->part.what)) {
      calling_.insert(start->choice);
    }
  } else if (auto* const delta = std::get_if<BlockDelta>(&event)) {
    if (blocks_.contains(delta->block)) delta->signature.clear();
  } else if (auto* const end = std::get_if<ChoiceEnd>(&event)) {
    if (answered_.contains(end->choice) && !calling_.contains(end->choice)) settle(end->ending);
  }
}

}  // namespace sluice::chat
