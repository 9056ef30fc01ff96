#include <algorithm>
#include <array>
#include <initializer_list>

#include "chat/base64.hpp"
#include "chat/foreign_thinking.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/media_types.hpp"

namespace sluice::chat::generate_content {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

RawJson bytes_of(json::Value value, Side from) {
  return {from == Side::provider ? compact(value.raw()) : std::string(value.raw())};
}

Part opaque(std::string kind, json::Value value, Side from) {
  return {Opaque{std::string(dialect_name), std::move(kind), bytes_of(value, from)}, {}};
}

// Riders for all members but those that are known.
void read_riders(json::Value object, std::initializer_list<std::string_view> names, Side from,
                 std::vector<Part>& parts) {
  for (const json::Value value : object) {
    const std::string name = camel(value.name());
    if (value.is_null() || is_one_of(name, names)) continue;
    parts.push_back(opaque(std::string(part_rider) + name, value, from));
  }
}

Media::Kind kind_of(std::string_view type) {
  if (type.starts_with("image/")) return Media::Kind::image;
  if (type.starts_with("audio/")) return Media::Kind::audio;
  if (type.starts_with("video/")) return Media::Kind::video;
  return Media::Kind::document;
}

// Clients may send the alphabet for URLs (RFC 4648 §5), other dialects take only the first one.
std::string plain_base64(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  if (text.size() % 4 != 0) text.append(4 - text.size() % 4, '=');
  return text;
}

Media read_media(json::Value blob) {
  Media media;
  media.url = member(blob, "fileUri").string();
  media.media_type = member(blob, "mimeType").string();
  media.name = member(blob, "displayName").string();
  if (media.url.empty()) media.data = plain_base64(blob["data"].string());
  // What it goes out with, so that it is of one kind however often it goes.
  if (media.media_type.empty()) media.media_type = type_of(media);
  media.kind = kind_of(media.media_type);
  return media;
}

bool has_media(json::Value blob) { return !member(blob, "fileUri").string().empty() || !blob["data"].string().empty(); }

void read_call(json::Value part, json::Value call, Side from, std::vector<Part>& parts) {
  read_riders(part, {"functionCall", "thoughtSignature"}, from, parts);
  ToolCall read;
  read.id = call["id"].string();
  read.name = call["name"].string();
  const json::Value arguments = call["args"];
  read.arguments = arguments.is_object() ? bytes_of(arguments, from).bytes : arguments_object(arguments.raw());
  read.signature = member(part, "thoughtSignature").string();
  parts.push_back({std::move(read), {}});
}

// By the dialect's convention `output` and `error` hold what a tool said; anything else is its JSON.
void read_answer_of_tool(json::Value response, Side from, ToolResult& result) {
  const bool single = response.is_object() && response.size() == 1;
  const json::Value output = response["output"];
  const json::Value error = response["error"];
  if (single && output.is_string()) {
    result.content.emplace_back(Text{output.string(), {}, {}});
  } else if (single && error.is_string()) {
    result.is_error = true;
    result.content.emplace_back(Text{error.string(), {}, {}});
  } else if (single && error) {
    result.is_error = true;
    result.json = bytes_of(error, from);
  } else if (response.is_object()) {
    result.json = bytes_of(response, from);
  } else {
    result.json.bytes = response.absent() ? "{}" : "{\"output\":" + std::string(response.raw()) + "}";
  }
}

void read_result(json::Value part, json::Value response, Side from, std::vector<Part>& parts) {
  read_riders(part, {"functionResponse"}, from, parts);
  ToolResult result;
  result.call_id = response["id"].string();
  result.name = response["name"].string();
  read_answer_of_tool(response["response"], from, result);
  for (const json::Value piece : items(response["parts"])) {
    const json::Value data = member(piece, "inlineData");
    const json::Value file = member(piece, "fileData");
    if (const json::Value blob = data.is_object() ? data : file; has_media(blob)) {
      result.content.emplace_back(read_media(blob));
    } else {
      result.content.emplace_back(Opaque{std::string(dialect_name), "parts", bytes_of(piece, from)});
    }
  }
  for (const json::Value value : response) {
    if (value.is_null() || is_one_of(value.name(), {"id", "name", "response", "parts"})) continue;
    result.content.emplace_back(
        Opaque{std::string(dialect_name), std::string(part_rider) + camel(value.name()), bytes_of(value, from)});
  }
  parts.push_back({std::move(result), {}});
}

void read_text(json::Value part, bool is_thought, Side from, std::vector<Part>& parts) {
  read_riders(part, {"text", "thought", "thoughtSignature"}, from, parts);
  std::string signature = member(part, "thoughtSignature").string();
  if (!is_thought) {
    parts.push_back({Text{part["text"].string(), std::move(signature), {}}, {}});
    return;
  }
  Thinking thinking;
  thinking.text = part["text"].string();
  thinking.format = thinking_format::gemini;
  thinking.is_summary = true;
  read_proof(std::move(signature), thinking);
  parts.push_back({std::move(thinking), {}});
}

}  // namespace

std::string proof_of(const Thinking& thinking) {
  const bool has_proof = !thinking.signature.empty() || !thinking.data.empty() || !thinking.id.empty();
  if (thinking.format == thinking_format::gemini || !has_proof) {
    return thinking.signature.empty() ? thinking.data : thinking.signature;
  }
  return to_base64(packed_proof(thinking));
}

void read_proof(std::string signature, Thinking& thinking) {
  // What the mark of a packed proof looks like in base64, whatever stands behind it.
  constexpr std::string_view packed = "c2x1aWNlO";
  if (signature.starts_with(packed)) {
    const auto bytes = from_base64(plain_base64(signature));
    Thinking foreign;
    const bool is_foreign = bytes && unpack_proof(*bytes, foreign) && foreign.format != thinking_format::gemini;
    if (is_foreign && !(foreign.signature.empty() && foreign.data.empty() && foreign.id.empty())) {
      foreign.text = std::move(thinking.text);
      thinking = std::move(foreign);
      return;
    }
  }
  thinking.signature = std::move(signature);
}

bool is_own(const Opaque& opaque, std::string_view prefix) {
  return opaque.dialect == dialect_name && opaque.kind.starts_with(prefix);
}

bool read_part(json::Value part, Side from, std::vector<Part>& parts) {
  if (!part.is_object() || part.size() == 0) return false;
  const bool is_thought = part["thought"].boolean().value_or(false);
  const json::Value call = member(part, "functionCall");
  const json::Value response = member(part, "functionResponse");
  const json::Value data = member(part, "inlineData");
  const json::Value file = member(part, "fileData");
  if (call.is_object()) {
    read_call(part, call, from, parts);
  } else if (response.is_object()) {
    read_result(part, response, from, parts);
  } else if (const json::Value blob = data.is_object() ? data : file; has_media(blob) && !is_thought) {
    read_riders(part, {"inlineData", "fileData"}, from, parts);
    parts.push_back({read_media(blob), {}});
  } else if (part["text"].is_string()) {
    read_text(part, is_thought, from, parts);
  } else {
    const std::string kind = camel((*part.begin()).name());
    const bool is_plain = kind.find('.') == std::string::npos && kind != feedback_rider && !kind.empty();
    parts.push_back(opaque(is_plain ? kind : "part", part, from));
  }
  return true;
}

bool continues(const Part& before, const Part& next) {
  if (before.cache || next.cache) return false;
  const auto* const text = std::get_if<Text>(&before.what);
  const auto* const more = std::get_if<Text>(&next.what);
  if (text != nullptr && more != nullptr) return text->signature.empty() && more->signature.empty();
  const auto* const thought = std::get_if<Thinking>(&before.what);
  return thought != nullptr && std::holds_alternative<Thinking>(next.what) && thought->signature.empty() &&
         thought->data.empty() && thought->id.empty();
}

void join(Part& before, Part&& next) {
  if (auto* const text = std::get_if<Text>(&before.what)) {
    text->text += std::get<Text>(next.what).text;
  } else if (auto* const thought = std::get_if<Thinking>(&before.what)) {
    auto& more = std::get<Thinking>(next.what);
    std::string whole = std::move(thought->text) + more.text;
    // The end brings the proof, and with it whose thought this was.
    *thought = std::move(more);
    thought->text = std::move(whole);
  }
}

bool says_nothing(const Part& part) {
  const auto* const text = std::get_if<Text>(&part.what);
  return text != nullptr && text->text.empty() && text->signature.empty();
}

}  // namespace sluice::chat::generate_content
