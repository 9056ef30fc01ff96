#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/openai_responses/parts.hpp"

// Reading items, and what we hide in them for their way to the caller and back.
namespace sluice::chat::responses {
namespace {

using json::Value;

constexpr std::string_view made_up = "_sluice_";  // behind the kind's own beginning: "rs_sluice_…"
constexpr std::string_view proof_mark = "sluice:";
constexpr std::string_view data_mark = "sluice+data:";
constexpr std::string_view call_mark = "sluice+call:";
constexpr std::string_view text_mark = "sluice+text:";

// Members that are read, or say nothing beyond the item itself. "item_id" and "output_index" are of events; some
// servers repeat them in items.
constexpr std::array item_members{
    std::string_view("type"),    std::string_view("id"),           std::string_view("role"),
    std::string_view("content"), std::string_view("status"),       std::string_view("call_id"),
    std::string_view("name"),    std::string_view("input"),        std::string_view("arguments"),
    std::string_view("output"),  std::string_view("summary"),      std::string_view("encrypted_content"),
    std::string_view("item_id"), std::string_view("output_index"),
};

Media::Kind kind_of(std::string_view type) {
  return type == "input_image" ? Media::Kind::image : Media::Kind::document;
}

// "data:TYPE;base64,DATA" (RFC 2397). False when it is something else.
bool read_data_url(std::string_view url, Media& media) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view coding = ";base64";
  if (!url.starts_with(scheme)) return false;
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return false;
  const std::string_view type = url.substr(scheme.size(), comma - scheme.size());
  if (!type.ends_with(coding) || comma + 1 == url.size() || type.size() == coding.size()) return false;
  media.media_type = type.substr(0, type.size() - coding.size());
  media.data = url.substr(comma + 1);
  return true;
}

std::optional<Part> read_media(Value part, std::string_view type) {
  Media media;
  media.kind = kind_of(type);
  media.name = part["filename"].string();
  if (!part["detail"].is("auto")) media.detail = part["detail"].string();
  const Value url = part[media.kind == Media::Kind::image ? "image_url" : "file_url"];
  if (part["file_id"].is_string()) {
    media.file_id = part["file_id"].string();
  } else if (url.is_string()) {
    if (media.kind != Media::Kind::image || !read_data_url(url.string(), media)) media.url = url.string();
  } else if (const Value data = part["file_data"]; data.is_string()) {
    if (!read_data_url(data.string(), media)) media.data = data.string();
  }
  if (media.file_id.empty() && media.url.empty() && media.data.empty()) return std::nullopt;
  return Part{std::move(media), {}};
}

void read_pieces(Value list, bool is_summary, const Thinking& common, std::vector<Part>& parts) {
  for (const Value piece : list) {
    Thinking thinking = common;
    thinking.text = piece["text"].string();
    thinking.is_summary = is_summary;
    if (!thinking.text.empty()) parts.push_back({std::move(thinking), {}});
  }
}

void read_reasoning(Value item, Author author, std::vector<Part>& parts) {
  const std::string content = item["encrypted_content"].string();
  if (author == Author::caller && return_proof(content, parts)) return;
  Thinking common;
  common.id = item_id(item);
  Thinking proof;
  read_proof(content, author, proof);
  common.format = proof.format;
  const std::size_t before = parts.size();
  read_members(item, parts);
  const std::size_t first = parts.size();
  if (item["summary"].is_array()) read_pieces(item["summary"], true, common, parts);
  if (item["content"].is_array()) read_pieces(item["content"], false, common, parts);
  const bool proves = !proof.signature.empty() || !proof.data.empty();
  if (parts.size() == first && (proves || !common.id.empty())) parts.push_back({common, {}});
  if (parts.size() == first) return parts.resize(before);
  auto& last = std::get<Thinking>(parts.back().what);
  last.signature = std::move(proof.signature);
  last.data = std::move(proof.data);
}

void read_call(Value item, std::vector<Part>& parts) {
  ToolCall call = read_call_head(item);
  call.arguments = item[call.is_custom ? "input" : "arguments"].string();
  if (call.arguments.empty() && !call.is_custom) call.arguments = "{}";
  read_members(item, parts);
  parts.push_back({std::move(call), {}});
}

}  // namespace

bool is_call(std::string_view type) { return type == "function_call" || type == "custom_tool_call"; }

std::string item_id(Value item) {
  std::string id = item["id"].string();
  const std::size_t mark = id.find(made_up);
  return mark == 2 ? std::string() : id;
}

RawJson read_list(Value list) {
  if (!list.is_array() || list.size() == 0) return {};
  std::string bytes;
  for (const Value entry : list) {
    bytes += bytes.empty() ? '[' : ',';
    bytes += entry.raw();
  }
  return {bytes += ']'};
}

RawJson read_annotations(Value annotations) { return read_list(annotations); }

std::optional<Part> read_content_part(Value part) {
  if (!part.is_object()) return std::nullopt;
  const std::string type = part["type"].string();
  std::optional<Part> read;
  if (type == "input_text" || type == "output_text" || type == "text") {
    read = Part{Text{part["text"].string(), {}, read_annotations(part["annotations"])}, {}};
  } else if (type == "refusal") {
    read = Part{Refusal{part["refusal"].string()}, {}};
  } else if (type == "input_image" || type == "input_file") {
    read = read_media(part, type);
  }
  if (!read) {
    return Part{Opaque{std::string(dialect_name), std::string(content_kind) + type, {std::string(part.raw())}}, {}};
  }
  if (part["prompt_cache_breakpoint"].is_object()) read->cache = CacheMark{};
  return read;
}

void read_content(Value content, std::vector<Part>& parts) {
  if (content.is_string()) {
    parts.push_back({Text{content.string(), {}, {}}, {}});
  } else if (content.is_array()) {
    for (const Value entry : content) {
      if (auto part = read_content_part(entry)) parts.push_back(*std::move(part));
    }
  }
}

void read_members(Value item, std::vector<Part>& parts) {
  for (const Value member : item) {
    std::string name = member.name();
    if (member.absent() || std::find(item_members.begin(), item_members.end(), name) != item_members.end()) continue;
    if (name.starts_with("content.")) continue;  // would read as a content part on its way back
    parts.push_back(
        {Opaque{std::string(dialect_name), std::string(member_kind) + name, {std::string(member.raw())}}, {}});
  }
}

ToolCall read_call_head(Value item) {
  ToolCall call;
  call.is_custom = item["type"].is("custom_tool_call");
  call.item_id = item_id(item);
  call.id = item["call_id"].string();
  if (call.id.empty()) call.id = item["id"].string();
  call.name = item["name"].string();
  return call;
}

void read_item(Value item, Author author, std::vector<Part>& parts) {
  if (!item.is_object()) return;
  const std::string type = item["type"].string();
  if (type == "message") {
    std::vector<Part> content;
    read_content(item["content"], content);
    if (content.empty()) return;
    read_members(item, parts);
    std::move(content.begin(), content.end(), std::back_inserter(parts));
  } else if (is_call(type)) {
    read_call(item, parts);
  } else if (type == "reasoning") {
    read_reasoning(item, author, parts);
  } else {
    const bool odd = type.empty() || type.starts_with(member_kind);
    parts.push_back({Opaque{std::string(dialect_name), odd ? "item" : type, {std::string(item.raw())}}, {}});
  }
}

void mark_proof(const Thinking& thinking, std::string& out) {
  const bool is_data = !thinking.data.empty();
  if (thinking.format != thinking_format::responses) {
    out += is_data ? data_mark : proof_mark;
    out += thinking.format;
    out += ':';
  }
  out += is_data ? thinking.data : thinking.signature;
}

void read_proof(std::string_view content, Author author, Thinking& thinking) {
  thinking.format = thinking_format::responses;
  const bool is_data = content.starts_with(data_mark);
  if (author == Author::caller && (is_data || content.starts_with(proof_mark))) {
    const std::string_view marked = content.substr((is_data ? data_mark : proof_mark).size());
    const std::size_t colon = marked.find(':');
    if (colon != std::string_view::npos && marked.substr(0, colon) != thinking_format::responses) {
      thinking.format = marked.substr(0, colon);
      (is_data ? thinking.data : thinking.signature) = marked.substr(colon + 1);
      return;
    }
  }
  thinking.data = content;
}

// A call's id may have any bytes, so its length goes before it.
std::string call_proof(const ToolCall& call) {
  return std::string(call_mark) + std::to_string(call.id.size()) + ':' + call.id + call.signature;
}

std::string text_proof(const Text& text) { return std::string(text_mark) + text.signature; }

bool return_proof(std::string_view content, std::vector<Part>& parts) {
  if (content.starts_with(text_mark)) {
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      auto* const text = std::get_if<Text>(&part->what);
      if (text == nullptr) continue;
      text->signature = content.substr(text_mark.size());
      return true;
    }
    return true;
  }
  if (!content.starts_with(call_mark)) return false;
  const std::string_view marked = content.substr(call_mark.size());
  const std::size_t colon = marked.find(':');
  if (colon == std::string_view::npos) return false;
  const auto size = parse_decimal(marked.substr(0, colon));
  if (!size || *size > marked.size() - colon - 1) return false;
  const std::string_view id = marked.substr(colon + 1, *size);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    auto* const call = std::get_if<ToolCall>(&part->what);
    if (call == nullptr || call->id != id) continue;
    call->signature = marked.substr(colon + 1 + *size);
    break;
  }
  return true;
}

}  // namespace sluice::chat::responses
