#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "chat/openai_chat/codec.hpp"
#include "chat/request_body.hpp"

// The messages of a caller's request.
namespace sluice::chat::openai {
namespace {

using json::Value;

// Calls that wait for their results are looked for one after the other; no conversation has so many at once.
constexpr std::size_t most_waiting = 1'000;

constexpr std::array<std::string_view, 12> conversation_members{
    "role",    "content",   "name",          "tool_calls",        "tool_call_id",      "function_call",
    "refusal", "reasoning", "extra_content", "reasoning_content", "reasoning_details", "thought_signature"};

Opaque opaque_of(std::string kind, Value value) {
  return {std::string(dialect_name), std::move(kind), {std::string(value.raw())}};
}

// One item of a content list. Text that says nothing is left out, unless a cache mark hangs on it.
std::optional<Part> read_item(Value item) {
  Part part;
  part.cache = read_cache_mark(item);
  const Value type = item["type"];
  if (type.is("text") || item.is_string()) {
    std::string text = item.is_string() ? item.string() : item["text"].string();
    if (text.empty() && !part.cache) return std::nullopt;
    part.what = Text{.text = std::move(text)};
  } else if (type.is("refusal")) {
    part.what = Refusal{item["refusal"].string()};
  } else if (type.is("thinking")) {
    part.what = Thinking{.text = thought_text(item["thinking"])};
  } else if (auto media = read_media(item)) {
    part.what = *std::move(media);
  } else {
    part.what = opaque_of("messages.content." + type.string(), item);
    part.cache.reset();
  }
  return part;
}

class Messages {
 public:
  explicit Messages(std::vector<Message>& to) : to_(to) {}

  Result<Ok> take(Value value) {
    place_ = "messages[" + std::to_string(number_++) + "]";
    if (!value.is_object()) return refuse_member(place_, "A message must be an object.");
    if (const Value content = value["content"]; !content.absent() && !content.is_string() && !content.is_array()) {
      return refuse_member(place_ + ".content", "The content of a message must be a string or a list.");
    }
    const Value role = value["role"];
    if (role.is("tool") || role.is("function")) return take_result(value);
    Message message;
    if (role.is("system")) {
      message.role = Role::system;
    } else if (role.is("developer")) {
      message.role = Role::developer;
    } else if (role.is("user")) {
      message.role = Role::user;
    } else if (role.is("assistant")) {
      message.role = Role::assistant;
    } else {
      return refuse_member(place_ + ".role", "The role of a message must be one of those this dialect knows.");
    }
    message.name = value["name"].string();
    if (auto read = take_parts(value, message); !read) return read;
    to_.push_back(std::move(message));
    return Ok{};
  }

 private:
  // A call that waits for its result, for those who do not name it.
  struct Waiting {
    std::string id;
    std::string name;
  };

  Result<Ok> take_parts(Value value, Message& message) {
    if (message.role == Role::assistant) {
      for (Thought& thought : merged(read_thoughts(value))) message.parts.push_back({.what = std::move(thought.says)});
    }
    take_content(value["content"], message.parts);
    if (message.role == Role::assistant) {
      if (auto read = take_assistant(value, message); !read) return read;
    }
    for (const Value member : value) {
      const std::string name = member.name();
      const bool is_known =
          std::find(conversation_members.begin(), conversation_members.end(), name) != conversation_members.end();
      // By its name the latter would be an item of the content.
      if (is_known || member.is_null() || name.starts_with("content.")) continue;
      message.parts.push_back({.what = opaque_of("messages." + name, member)});
    }
    return Ok{};
  }

  static std::vector<Thought> merged(std::vector<Thought> pieces) {
    std::vector<Thought> whole;
    for (Thought& piece : pieces) {
      if (!whole.empty() && whole.back().goes_on_with(piece)) {
        whole.back().add(piece);
      } else {
        if (piece.is_plain) piece.index = whole.size();
        whole.push_back(std::move(piece));
      }
    }
    return whole;
  }

  static void take_content(Value content, std::vector<Part>& parts) {
    if (content.is_string() && !content.is("")) parts.push_back({.what = Text{.text = content.string()}});
    for (const Value item : items_of(content)) {
      if (auto part = read_item(item)) parts.push_back(*std::move(part));
    }
  }

  Result<Ok> take_assistant(Value value, Message& message) {
    if (std::string refusal = value["refusal"].string(); !refusal.empty()) {
      message.parts.push_back({.what = Refusal{std::move(refusal)}});
    }
    std::string signature = read_signature(value);
    for (auto part = message.parts.rbegin(); part != message.parts.rend() && !signature.empty(); ++part) {
      auto* const text = std::get_if<Text>(&part->what);
      if (text == nullptr) continue;
      text->signature = std::move(signature);
      signature.clear();
    }
    std::size_t number = 0;
    for (const Value entry : items_of(value["tool_calls"])) {
      auto call = read_call(entry, place_ + ".tool_calls[" + std::to_string(number++) + "]");
      if (!call) return std::move(call).error();
      if (call->signature.empty()) call->signature = std::exchange(signature, {});
      add_call(*std::move(call), message);
    }
    if (const Value legacy = value["function_call"]; legacy.is_object()) {
      ToolCall call{.name = legacy["name"].string(), .arguments = read_arguments(legacy["arguments"])};
      if (call.arguments.empty()) call.arguments = "{}";
      add_call(std::move(call), message);
    }
    if (!signature.empty()) message.parts.push_back({.what = Text{.signature = std::move(signature)}});
    return Ok{};
  }

  static Result<ToolCall> read_call(Value entry, const std::string& place) {
    ToolCall call;
    call.is_custom = entry["custom"].is_object();
    const Value what = call.is_custom ? entry["custom"] : entry["function"];
    call.id = entry["id"].string();
    call.name = what["name"].string();
    if (call.name.empty()) return refuse_member(place + ".function.name", "A tool call must name its tool.");
    call.arguments = read_arguments(what[call.is_custom ? "input" : "arguments"]);
    if (call.arguments.empty() && !call.is_custom) call.arguments = "{}";
    call.signature = read_signature(entry);
    return call;
  }

  void add_call(ToolCall call, Message& message) {
    if (waiting_.size() >= most_waiting) waiting_.erase(waiting_.begin());
    if (call.id.empty()) call.id = "call_" + std::to_string(minted_++);
    waiting_.push_back({call.id, call.name});
    message.parts.push_back({.what = std::move(call)});
  }

  // Which call a result without an id answers: the first that waits, of that name if there is one.
  std::string answered_by(const std::string& name) {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const Waiting& call) { return name.empty() || call.name == name; });
    return found == waiting_.end() ? std::string() : found->id;
  }

  Result<Ok> take_result(Value value) {
    ToolResult result;
    result.name = value["name"].string();
    result.call_id = value["tool_call_id"].string();
    if (result.call_id.empty()) result.call_id = answered_by(result.name);
    if (result.call_id.empty()) {
      return refuse_member(place_ + ".tool_call_id", "A tool message must name the call that it answers.");
    }
    const auto answered =
        std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& call) { return call.id == result.call_id; });
    if (answered != waiting_.end()) waiting_.erase(answered);
    Message message;
    message.role = Role::tool;
    Part whole;
    std::vector<Part> parts;
    take_content(value["content"], parts);
    for (Part& part : parts) {
      if (part.cache) whole.cache = part.cache;
      if (auto* text = std::get_if<Text>(&part.what)) result.content.emplace_back(std::move(*text));
      if (auto* media = std::get_if<Media>(&part.what)) result.content.emplace_back(std::move(*media));
      if (auto* opaque = std::get_if<Opaque>(&part.what)) result.content.emplace_back(std::move(*opaque));
    }
    whole.what = std::move(result);
    message.parts.push_back(std::move(whole));
    to_.push_back(std::move(message));
    return Ok{};
  }

  std::vector<Message>& to_;
  std::string place_{};
  std::deque<Waiting> waiting_{};
  std::size_t number_ = 0;
  std::size_t minted_ = 0;
};

}  // namespace

Result<Ok> read_messages(Value list, std::vector<Message>& messages) {
  Messages reader(messages);
  for (const Value value : list) {
    if (auto read = reader.take(value); !read) return read;
  }
  return Ok{};
}

}  // namespace sluice::chat::openai
