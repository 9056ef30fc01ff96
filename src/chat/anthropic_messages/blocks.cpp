#include <algorithm>
#include <initializer_list>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::anthropic {
namespace {

// What a part has words for, by the type of its block.
bool is_known(std::string_view type, std::string_view member) {
  const auto among = [member](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), member) != names.end();
  };
  if (member == "type" || member == "cache_control") return true;
  if (type == "text") return among({"text", "citations"});
  if (type == "thinking") return among({"thinking", "signature"});
  if (type == "redacted_thinking") return among({"data"});
  if (type == "tool_use") return among({"id", "name", "input"});
  if (type == "image") return among({"source"});
  if (type == "document") return among({"source", "title"});
  return type == "tool_result" && among({"tool_use_id", "content", "is_error"});
}

// What says the same as its absence.
bool is_default(std::string_view member, json::Value value) {
  return value.is_null() || (member == "caller" && value["type"].is("direct") && value.size() == 1);
}

Text text_of(json::Value block) {
  Text text;
  text.text = block["text"].string();
  const json::Value citations = block["citations"];
  if (!citations.is_array() || citations.size() == 0) return text;
  // As a stream brings them: one by one.
  json::Writer list(text.citations.bytes);
  list.open_array();
  for (const json::Value citation : citations) list.raw(citation.raw());
  list.close_array();
  return text;
}

// A signature is a proof of this format's until it says otherwise. What a caller sends without any is just a thought:
// whoever made it, no provider of this dialect would take it.
Thinking thinking_of(json::Value block, Side from) {
  Thinking thinking;
  thinking.text = block["thinking"].string();
  thinking.signature = block["signature"].string();
  thinking.data = block["data"].string();
  const std::string proof = thinking.data.empty() ? thinking.signature : thinking.data;
  if (from == Side::provider || !proof.empty()) thinking.format = thinking_format::anthropic;
  if (from == Side::caller) uncarry(proof, thinking);
  return thinking;
}

ToolCall call_of(json::Value block, std::size_t number) {
  ToolCall call;
  call.id = block["id"].string();
  if (call.id.empty()) call.id = "call_" + std::to_string(number);
  call.name = block["name"].string();
  call.arguments = block["input"].is_object() ? std::string(block["input"].raw()) : std::string("{}");
  if (block["input"].is_string()) call.arguments = arguments_object(block["input"].string());
  return call;
}

void read_result_item(json::Value item, ToolResult& result) {
  std::vector<Part> parts;
  const json::Value type = item["type"];
  const bool is_plain = type.is("text") || type.is("image") || type.is("document");
  if (is_plain && read_block(item, Side::caller, parts)) {
    const json::Value cache = item["cache_control"];
    if (!cache.absent())
      result.content.emplace_back(rider(type.string() + ".cache_control", "cache_control", cache.raw()));
    for (Part& part : parts) {
      if (auto* text = std::get_if<Text>(&part.what)) result.content.emplace_back(std::move(*text));
      if (auto* media = std::get_if<Media>(&part.what)) result.content.emplace_back(std::move(*media));
      if (auto* opaque = std::get_if<Opaque>(&part.what)) result.content.emplace_back(std::move(*opaque));
    }
  } else if (item.is_object()) {
    result.content.emplace_back(Opaque{std::string(dialect_name), type.string(), raw_of(item)});
  }
}

ToolResult result_of(json::Value block) {
  ToolResult result;
  result.call_id = block["tool_use_id"].string();
  result.is_error = block["is_error"].boolean().value_or(false);
  const json::Value content = block["content"];
  if (content.is_string()) {
    result.content.emplace_back(Text{.text = content.string()});
  } else if (content.is_array()) {
    for (const json::Value item : content) read_result_item(item, result);
  } else if (!content.absent()) {
    result.json = raw_of(content);
  }
  return result;
}

// What says nothing that could be read is carried as it is: a text without its text, a redacted thought without its
// data.
bool is_text(json::Value block, std::string_view type) { return type == "text" && block["text"].is_string(); }

bool is_thinking(json::Value block, std::string_view type) {
  return type == "thinking" || (type == "redacted_thinking" && !block["data"].string().empty());
}

}  // namespace

Opaque rider(std::string_view kind, std::string_view member, std::string_view value) {
  Opaque opaque{std::string(dialect_name), std::string(kind), {}};
  json::Writer(opaque.json.bytes).open_array().string(member).raw(value).close_array();
  return opaque;
}

bool is_rider(const Opaque& opaque) { return opaque.dialect == dialect_name && opaque.json.bytes.starts_with('['); }

std::optional<CacheMark> read_cache(json::Value mark) {
  if (!mark.is_object()) return std::nullopt;
  return CacheMark{mark["ttl"].string()};
}

void write_cache(json::Writer& out, const std::optional<CacheMark>& mark) {
  if (!mark) return;
  out.name("cache_control").open_object().member("type", "ephemeral").member_if("ttl", mark->ttl).close_object();
}

void read_riders(json::Value block, std::string_view type, std::vector<Part>& parts) {
  for (const json::Value member : block) {
    const std::string name = member.name();
    if (is_known(type, name) || is_default(name, member)) continue;
    parts.push_back({rider(std::string(type) + "." + name, name, member.raw()), std::nullopt});
  }
}

bool read_block(json::Value block, Side from, std::vector<Part>& parts) {
  const std::string type = block["type"].string();
  if (type.empty()) return false;
  Part part;
  part.cache = read_cache(block["cache_control"]);
  Media media;
  if (is_text(block, type)) {
    part.what = text_of(block);
  } else if (is_thinking(block, type)) {
    part.what = thinking_of(block, from);
  } else if (type == "tool_use") {
    read_riders(block, type, parts);
    part.what = call_of(block, parts.size());
    parts.push_back(std::move(part));
    return true;
  } else if (type == "tool_result" && from == Side::caller) {
    part.what = result_of(block);
  } else if ((type == "image" || type == "document") && read_media(block, media)) {
    part.what = std::move(media);
  } else {
    parts.push_back({Opaque{std::string(dialect_name), type, raw_of(block)}, std::nullopt});
    return true;
  }
  read_riders(block, type, parts);
  parts.push_back(std::move(part));
  return true;
}

}  // namespace sluice::chat::anthropic
