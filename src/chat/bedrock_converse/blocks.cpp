#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "chat/base64.hpp"
#include "chat/bedrock_converse/parts.hpp"
#include "chat/foreign_thinking.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Value;

constexpr std::string_view carried_mark = "sluice:previous:";

// Whether an object has no members but these.
bool has_only(Value object, std::initializer_list<std::string_view> names) {
  if (!object.is_object()) return false;
  for (const Value member : object) {
    if (std::find(names.begin(), names.end(), member.name()) == names.end()) return false;
  }
  return true;
}

Opaque opaque(std::string_view place, Value block) {
  Opaque kept{std::string(dialect_name), std::string(place), {std::string(block.raw())}};
  for (const Value member : block) {
    kept.kind += '.';
    kept.kind += member.name();
    break;
  }
  return kept;
}

std::string arguments_of(Value input) {
  if (input.is_object()) return std::string(input.raw());
  if (input.absent()) return "{}";
  ToolCall call;
  call.arguments = input.is_string() ? input.string() : std::string(input.raw());
  return arguments_object(call);
}

bool read_tool_use(Value use, std::size_t number, std::vector<Part>& parts) {
  if (!use["name"].is_string()) return false;
  const std::string type = use["type"].string();
  std::string id = use["toolUseId"].string();
  if (id.empty()) id = "call_" + std::to_string(number);
  if (type.empty() || type == "tool_use") {
    parts.push_back({ToolCall{std::move(id), use["name"].string(), arguments_of(use["input"]), {}, {}}, {}});
    return true;
  }
  // A tool that the provider runs itself; its call is nobody else's to answer.
  parts.push_back({Opaque{std::string(dialect_name),
                          "messages.toolUse",
                          {own_tool_use(id, use["name"].string(), arguments_of(use["input"]), type)}},
                   {}});
  return true;
}

void read_result_piece(Value piece, ToolResult& result) {
  if (piece.size() == 1 && piece["text"].is_string()) {
    result.content.emplace_back(Text{piece["text"].string(), {}, {}});
    return;
  }
  constexpr std::array kinds{std::pair{"image", Media::Kind::image}, std::pair{"document", Media::Kind::document},
                             std::pair{"video", Media::Kind::video}};
  for (const auto& [name, kind] : kinds) {
    const auto media = piece.size() == 1 ? read_media(kind, piece[name]) : std::nullopt;
    if (!media) continue;
    result.content.emplace_back(*media);
    return;
  }
  Opaque kept = opaque("messages.tool", piece);
  if (piece.size() == 1) kept.words = piece["json"].raw();
  result.content.emplace_back(std::move(kept));
}

bool read_tool_result(Value block, std::vector<Part>& parts) {
  const Value given = block["toolResult"];
  if (!given["toolUseId"].is_string() || !given["content"].is_array()) return false;
  if (!given["type"].absent()) {
    std::string items;
    append_items(given["content"], items);
    parts.push_back({Opaque{std::string(dialect_name),
                            "messages.toolResult",
                            {own_tool_result(given["toolUseId"].string(), "[" + items + "]", given["status"].string(),
                                             given["type"].string())}},
                     {}});
    return true;
  }
  ToolResult result;
  result.call_id = given["toolUseId"].string();
  result.is_error = given["status"].is("error");
  const Value content = given["content"];
  if (content.size() == 1 && content[0].size() == 1 && content[0]["json"]) {
    result.json.bytes = content[0]["json"].raw();
  } else {
    for (const Value piece : content) read_result_piece(piece, result);
  }
  parts.push_back({std::move(result), {}});
  return true;
}

bool read_reasoning(Value block, std::vector<Part>& parts) {
  const Value content = block["reasoningContent"];
  Thinking thinking;
  thinking.format = thinking_format::anthropic;
  if (content["redactedContent"].is_string()) {
    read_redacted(content["redactedContent"].string(), thinking);
  } else if (const Value text = content["reasoningText"]; text.is_object()) {
    const std::string signature = text["signature"].string();
    Part* const before = parts.empty() ? nullptr : &parts.back();
    if (signature.starts_with(carried_mark) && before != nullptr) {
      if (auto* call = std::get_if<ToolCall>(&before->what)) call->signature = signature.substr(carried_mark.size());
      if (auto* said = std::get_if<Text>(&before->what)) said->signature = signature.substr(carried_mark.size());
      return true;
    }
    thinking.text = text["text"].string();
    if (!unpack_proof(signature, thinking)) thinking.signature = signature;
  } else {
    parts.push_back({opaque("messages", block), {}});
    return true;
  }
  parts.push_back({std::move(thinking), {}});
  return true;
}

bool read_citations(Value block, std::vector<Part>& parts) {
  const Value given = block["citationsContent"];
  if (!has_only(given, {"content", "citations"})) return false;
  Text text;
  for (const Value piece : given["content"]) {
    if (piece.size() != 1 || !piece["text"].is_string()) return false;
    text.text += piece["text"].string();
  }
  if (!given["citations"].absent()) {
    text.citations = own_citations({std::string(given["citations"].raw())});
    if (!text.citations && given["citations"].size() > 0) return false;
  }
  parts.push_back({std::move(text), {}});
  return true;
}

// A mark belongs to what stands before it.
bool read_cache_point(Value block, std::size_t first, std::vector<Part>& parts) {
  const Value point = block["cachePoint"];
  if (!has_only(point, {"type", "ttl"}) || !point["type"].is("default")) return false;
  if (parts.size() == first || parts.back().cache) return false;
  parts.back().cache = CacheMark{point["ttl"].string()};
  return true;
}

bool read_medium(Value block, std::vector<Part>& parts) {
  constexpr std::array kinds{std::pair{"image", Media::Kind::image}, std::pair{"document", Media::Kind::document},
                             std::pair{"video", Media::Kind::video}, std::pair{"audio", Media::Kind::audio}};
  for (const auto& [name, kind] : kinds) {
    auto media = read_media(kind, block[name]);
    if (!media) continue;
    parts.push_back({*std::move(media), {}});
    return true;
  }
  return false;
}

}  // namespace

bool read_blocks(Value blocks, std::vector<Part>& parts) {
  if (!blocks.is_array()) return false;
  const std::size_t first = parts.size();
  for (const Value block : blocks) {
    if (!block.is_object() || block.size() == 0) return false;
    const bool single = block.size() == 1;
    if (block["text"].is_string()) {
      // Some models write a `type` beside it.
      parts.push_back({Text{block["text"].string(), {}, {}}, {}});
    } else if (block["toolUse"].is_object()) {
      if (!read_tool_use(block["toolUse"], parts.size(), parts)) return false;
    } else if (block["toolResult"].is_object()) {
      if (!read_tool_result(block, parts)) return false;
    } else if (block["reasoningContent"].is_object()) {
      if (!read_reasoning(block, parts)) return false;
    } else if (!(single && (read_citations(block, parts) || read_cache_point(block, first, parts) ||
                            read_medium(block, parts)))) {
      parts.push_back({opaque("messages", block), {}});
    }
  }
  return true;
}

std::string arguments_object(const ToolCall& call) {
  if (call.arguments.empty() && !call.is_custom) return "{}";
  if (!call.is_custom && json::Tree::read(call.arguments).root().is_object()) return call.arguments;
  std::string wrapped;
  json::Writer writer(wrapped);
  writer.open_object().member("_raw", call.arguments).close_object();
  return wrapped;
}

std::string own_tool_use(std::string_view id, std::string_view name, std::string_view input, std::string_view type) {
  std::string block;
  json::Writer writer(block);
  writer.open_object().name("toolUse").open_object();
  writer.member("toolUseId", id).member("name", name).raw_member("input", input).member_if("type", type);
  writer.close_object().close_object();
  return block;
}

std::string own_tool_result(std::string_view id, std::string_view content, std::string_view status,
                            std::string_view type) {
  std::string block;
  json::Writer writer(block);
  writer.open_object().name("toolResult").open_object();
  writer.member("toolUseId", id).raw_member("content", content).member_if("status", status).member_if("type", type);
  writer.close_object().close_object();
  return block;
}

void append_items(Value list, std::string& items) {
  if (!list.is_array()) return;
  for (const Value item : list) {
    if (!items.empty()) items += ',';
    items += item.raw();
  }
}

RawJson own_citations(const RawJson& citations) {
  if (!citations) return {};
  const json::Tree tree = json::Tree::read(citations.bytes);
  const Value list = tree.root();
  if (!list.is_array() || list.size() == 0) return {};
  RawJson own{"["};
  for (const Value item : list) {
    if (!has_only(item, {"title", "source", "sourceContent", "location"}) || item.size() == 0) return {};
    if (own.bytes.size() > 1) own.bytes += ',';
    own.bytes += item.raw();
  }
  own.bytes += ']';
  return own;
}

void read_redacted(std::string_view base64, Thinking& thinking) {
  const auto decoded = from_base64(base64);
  const bool is_text =
      decoded && std::all_of(decoded->begin(), decoded->end(), [](char c) { return c > ' ' && c < 0x7F; });
  thinking.data = base64;
  thinking.format = dialect_name;
  if (!is_text || decoded->empty()) return;
  // Inside is what the model's own dialect calls the data, so that it can go back there too.
  thinking.data = *decoded;
  thinking.format = thinking_format::anthropic;
}

ThinkingForm form_for_caller(const Thinking& thinking) {
  const bool is_plain = thinking.id.empty() && !thinking.is_summary;
  const bool is_ours = thinking.format == thinking_format::anthropic || thinking.format.empty();
  if (is_plain && thinking.text.empty() && thinking.signature.empty() && !thinking.data.empty()) {
    if (thinking.format == dialect_name) return {{}, thinking.data};
    if (thinking.format == thinking_format::anthropic) return {{}, to_base64(thinking.data)};
  }
  const bool has_proof = !thinking.signature.empty() || !thinking.data.empty() || !thinking.id.empty();
  if (is_ours && is_plain && thinking.data.empty()) return {thinking.signature, {}};
  return has_proof || thinking.is_summary ? ThinkingForm{packed_proof(thinking), {}} : ThinkingForm{};
}

std::string carried_signature(std::string_view signature) {
  std::string carried(carried_mark);
  return carried += signature;
}

}  // namespace sluice::chat::bedrock
