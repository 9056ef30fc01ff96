#include <deque>
#include <map>
#include <set>

#include "chat/gemini/parts.hpp"
#include "chat/request_body.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::generate_content {
namespace {

std::string place(std::size_t content) { return "contents[" + std::to_string(content) + "]"; }

// Reads the turns of a conversation. Calls and results without ids get some, so that other dialects can tell which
// belongs to which: a result to the first call of its name that has none yet.
class TurnReader {
 public:
  explicit TurnReader(Request& request) : request_(request) {}

  Result<Ok> read(json::Value contents) {
    const std::vector<json::Value> turns = items(contents);
    for (const json::Value turn : turns) note_ids(turn);
    for (std::size_t number = 0; number < turns.size(); ++number) {
      if (!turns[number].is_object()) return refuse_member(place(number), "A turn must be an object.");
      auto read = read_turn(turns[number], number);
      if (!read) return read;
    }
    return Ok{};
  }

 private:
  void note_ids(json::Value turn) {
    for (const json::Value part : items(turn["parts"])) {
      for (const std::string_view name : {"functionCall", "functionResponse"}) {
        if (std::string id = member(part, name)["id"].string(); !id.empty()) used_.insert(std::move(id));
      }
    }
  }

  Result<Ok> read_turn(json::Value turn, std::size_t number) {
    const json::Value role = turn["role"];
    const bool is_model = role.is("model");
    if (!is_model && !role.absent() && !role.is("user") && !role.is("function") && !role.is("")) {
      return refuse_member(place(number) + ".role", "A turn's role must be 'user' or 'model'.");
    }
    std::vector<Part> parts;
    std::size_t count = 0;
    for (const json::Value part : items(turn["parts"])) {
      if (!read_part(part, Side::caller, parts)) {
        return refuse_member(place(number) + ".parts[" + std::to_string(count) + "]",
                             "A part must be an object with something in it.");
      }
      ++count;
    }
    is_model ? take_answer(std::move(parts)) : take_question(std::move(parts));
    return Ok{};
  }

  std::vector<Part>& parts_for(Role role) {
    auto& messages = request_.messages;
    if (messages.empty() || messages.back().role != role) messages.push_back({role, {}, {}});
    return messages.back().parts;
  }

  // Clients that stream send back every piece they got as a part of its own.
  void take_answer(std::vector<Part> parts) {
    bool after_rider = false;
    for (Part& part : parts) {
      if (says_nothing(part) && !after_rider) continue;
      if (auto* const call = std::get_if<ToolCall>(&part.what)) name_call(*call);
      std::vector<Part>& into = parts_for(Role::assistant);
      const auto* const opaque = std::get_if<Opaque>(&part.what);
      const bool is_rider = opaque != nullptr && is_own(*opaque, part_rider);
      if (!after_rider && !into.empty() && continues(into.back(), part)) {
        join(into.back(), std::move(part));
      } else {
        into.push_back(std::move(part));
      }
      after_rider = is_rider;
    }
  }

  // What tools said becomes messages of their own.
  void take_question(std::vector<Part> parts) {
    std::vector<Part> riders;
    for (Part& part : parts) {
      const auto* const opaque = std::get_if<Opaque>(&part.what);
      if (opaque != nullptr && is_own(*opaque, part_rider)) {
        riders.push_back(std::move(part));
        continue;
      }
      auto* const result = std::get_if<ToolResult>(&part.what);
      if (result != nullptr) name_result(*result);
      std::vector<Part>& into = parts_for(result != nullptr ? Role::tool : Role::user);
      std::move(riders.begin(), riders.end(), std::back_inserter(into));
      riders.clear();
      into.push_back(std::move(part));
    }
  }

  std::string fresh_id() {
    std::string id;
    do id = minted_id({}, minted_++);
    while (!used_.insert(id).second);
    return id;
  }

  void name_call(ToolCall& call) {
    if (call.id.empty()) call.id = fresh_id();
    open_[call.name].push_back(call.id);
  }

  void name_result(ToolResult& result) {
    auto& waiting = open_[result.name];
    while (!waiting.empty() && answered_.contains(waiting.front())) waiting.pop_front();
    if (result.call_id.empty() && !waiting.empty()) {
      result.call_id = waiting.front();
      waiting.pop_front();
    }
    if (result.call_id.empty()) result.call_id = fresh_id();
    answered_.insert(result.call_id);
  }

  Request& request_;
  std::set<std::string> used_{};
  std::set<std::string> answered_{};
  std::map<std::string, std::deque<std::string>> open_{};
  std::size_t minted_ = 0;
};

Result<Ok> read_system(json::Value instruction, Request& request) {
  if (instruction.absent()) return Ok{};
  Message message{Role::system, {}, {}};
  if (instruction.is_string()) message.parts.push_back({Text{instruction.string(), {}, {}}, {}});
  for (const json::Value part : items(instruction["parts"])) {
    if (!read_part(part, Side::caller, message.parts)) {
      return refuse_member("systemInstruction.parts", "A part must be an object with something in it.");
    }
  }
  if (!message.parts.empty()) request.messages.push_back(std::move(message));
  return Ok{};
}

void read_extras(json::Value root, Request& request) {
  for (const json::Value value : root) {
    const std::string name = camel(value.name());
    const bool known = name == "contents" || name == "systemInstruction" || name == "tools" || name == "toolConfig" ||
                       name == "generationConfig" || name == "model";
    if (!known && !value.is_null()) request.extras.push_back({name, {std::string(value.raw())}});
  }
}

}  // namespace

Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) {
  const json::Tree tree = json::Tree::read(body);
  const json::Value root = tree.root();
  if (!root.is_object()) return refuse("invalid_json", "The body must be a JSON object.");
  Request request;
  request.model = model;
  request.stream = stream;
  request.wants_usage = true;
  request.dialect = dialect_name;
  const json::Value contents = member(root, "contents");
  if (!contents) return refuse_member("contents", "The member 'contents' is missing.");
  auto read = read_system(member(root, "systemInstruction"), request);
  if (read) read = TurnReader(request).read(contents);
  if (read) read = read_config(member(root, "generationConfig"), request);
  if (read) read = read_tools(root, request);
  if (!read) return std::move(read).error();
  read_extras(root, request);
  return request;
}

}  // namespace sluice::chat::generate_content
