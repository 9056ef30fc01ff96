#include <string>
#include <utility>

#include "chat/openai_responses/parts.hpp"
#include "chat/request_body.hpp"

// The items of a request's `input`, as messages. Items of the assistant that stand together are one turn.
namespace sluice::chat::responses {
namespace {

using json::Value;

std::string place_of(std::size_t index, std::string_view member) {
  return "input[" + std::to_string(index) + "]." + std::string(member);
}

Error misplaced(std::size_t index, std::string_view member, std::string_view must) {
  return refuse_member(place_of(index, member),
                       "The member '" + place_of(index, member) + "' must be " + std::string(must) + ".");
}

std::optional<Role> role_named(std::string_view name) {
  if (name == "user") return Role::user;
  if (name == "assistant") return Role::assistant;
  if (name == "system") return Role::system;
  if (name == "developer") return Role::developer;
  return std::nullopt;
}

void read_output(Value output, ToolResult& result) {
  if (output.is_string()) {
    if (std::string text = output.string(); !text.empty()) result.content.emplace_back(Text{std::move(text), {}, {}});
    return;
  }
  for (const Value entry : output) {
    const auto part = read_content_part(entry);
    if (!part) continue;
    if (const auto* text = std::get_if<Text>(&part->what)) result.content.emplace_back(*text);
    if (const auto* media = std::get_if<Media>(&part->what)) result.content.emplace_back(*media);
    if (const auto* opaque = std::get_if<Opaque>(&part->what)) result.content.emplace_back(*opaque);
  }
}

bool is_output(std::string_view type) { return type == "function_call_output" || type == "custom_tool_call_output"; }

class InputReader {
 public:
  explicit InputReader(std::vector<Message>& messages) : messages_(messages) {}

  Result<Ok> take(Value item, std::size_t index) {
    if (!item.is_object()) return refuse_member("input", "The member 'input' must be a list of objects.");
    const std::string type = item["type"].string();
    if (type == "message" || (type.empty() && item["role"])) return take_message(item, index);
    if (type.empty()) return misplaced(index, "type", "a string");
    if (is_output(type)) return take_output(item, index);
    if (is_call(type)) {
      if (!item["name"].is_string()) return misplaced(index, "name", "a string");
      if (!item["call_id"].is_string()) return misplaced(index, "call_id", "a string");
    }
    // What a client gives back from a tool that only this dialect knows is no part of the assistant's turn, nor are
    // tools.
    const bool is_tools = type == tools_item;
    const bool is_apart = type.ends_with("_output") || type.ends_with("_response") || is_tools;
    if (is_apart) messages_.push_back({Role::tool, {}, {}});
    read_item(item, Author::caller, is_apart ? messages_.back().parts : turn());
    if (is_tools) std::get<Opaque>(messages_.back().parts.back().what).is_told = true;
    if (messages_.back().parts.empty()) messages_.pop_back();
    return Ok{};
  }

 private:
  // The parts of the assistant's running turn.
  std::vector<Part>& turn() {
    if (messages_.empty() || messages_.back().role != Role::assistant) messages_.push_back({Role::assistant, {}, {}});
    return messages_.back().parts;
  }

  Result<Ok> take_message(Value item, std::size_t index) {
    const auto role = role_named(item["role"].string());
    if (!role) return misplaced(index, "role", "user, assistant, system or developer");
    const Value content = item["content"];
    if (!content.is_string() && !content.is_array()) return misplaced(index, "content", "a string or a list");
    std::vector<Part> parts;
    read_content(content, parts);
    if (*role != Role::assistant) {
      std::vector<Part> members;
      read_members(item, members);
      parts.insert(parts.begin(), members.begin(), members.end());
      messages_.push_back({*role, std::move(parts), {}});
    } else if (!parts.empty()) {
      auto& to = turn();
      read_members(item, to);
      std::move(parts.begin(), parts.end(), std::back_inserter(to));
    }
    return Ok{};
  }

  Result<Ok> take_output(Value item, std::size_t index) {
    ToolResult result;
    result.call_id = item["call_id"].string();
    result.name = item["name"].string();
    if (result.call_id.empty()) return misplaced(index, "call_id", "a string");
    const Value output = item["output"];
    if (!output.is_string() && !output.is_array()) return misplaced(index, "output", "a string or a list");
    read_output(output, result);
    Message message{Role::tool, {}, {}};
    read_members(item, message.parts);
    message.parts.push_back({std::move(result), {}});
    messages_.push_back(std::move(message));
    return Ok{};
  }

  std::vector<Message>& messages_;
};

}  // namespace

Result<Ok> read_input(Value input, std::vector<Message>& messages) {
  if (input.absent()) return Ok{};
  if (input.is_string()) {
    messages.push_back({Role::user, {{Text{input.string(), {}, {}}, {}}}, {}});
    return Ok{};
  }
  if (!input.is_array()) return refuse_member("input", "The member 'input' must be a string or a list.");
  InputReader reader(messages);
  std::size_t index = 0;
  for (const Value item : input) {
    auto taken = reader.take(item, index++);
    if (!taken) return taken;
  }
  return Ok{};
}

}  // namespace sluice::chat::responses
