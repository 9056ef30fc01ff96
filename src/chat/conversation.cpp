#include <sluice/chat/codec.hpp>
#include <sluice/chat/conversation.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "chat/json_walk.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

bool is_object(const RawJson& json) { return json::trimmed(json.bytes).starts_with('{'); }

}  // namespace

double Number::value() const {
  double value = 0;
  const auto [end, error] = std::from_chars(spelled.data(), spelled.data() + spelled.size(), value);
  return error == std::errc() ? value : 0;
}

Part without_end(Part part) {
  const auto trim = [](std::string& text) { text.erase(text.find_last_not_of(json::white_space) + 1); };
  if (auto* const text = std::get_if<Text>(&part.what); text != nullptr) trim(text->text);
  if (auto* const refusal = std::get_if<Refusal>(&part.what); refusal != nullptr) trim(refusal->text);
  return part;
}

bool is_blank(const Message& message) {
  return std::all_of(message.parts.begin(), message.parts.end(), [](const Part& part) {
    const auto* const text = std::get_if<Text>(&part.what);
    return text != nullptr && json::trimmed(text->text).empty();
  });
}

Result<Ok> check_schemas(const Request& request) {
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.is_custom || !tool.schema || is_object(tool.schema)) continue;
    return refuse_member("tools", "The schema of the arguments of tools[" + std::to_string(i) + "] must be an object.");
  }
  if (!request.format.schema || is_object(request.format.schema)) return Ok{};
  return refuse_member("response_format", "The schema of the answer must be an object.");
}

bool can_be_forced(const Request& request) {
  if (request.tool_choice.mode != ToolChoice::Mode::named) return true;
  return std::any_of(request.tools.begin(), request.tools.end(), [&](const Tool& tool) {
    return !tool.opaque && !tool.is_custom && tool.name == request.tool_choice.name;
  });
}

}  // namespace sluice::chat
