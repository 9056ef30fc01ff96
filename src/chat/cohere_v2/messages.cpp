#include <utility>

#include "chat/cohere_v2/parts.hpp"
#include "chat/foreign_thinking.hpp"
#include "chat/json_walk.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;
using json::Writer;

// data:image/png;base64,…
bool read_data_url(const std::string& url, Media& media) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view coding = ";base64,";
  const std::size_t end = url.find(coding);
  if (!url.starts_with(scheme) || end == std::string::npos || end == scheme.size()) return false;
  media.media_type = url.substr(scheme.size(), end - scheme.size());
  media.data = url.substr(end + coding.size());
  return !media.data.empty() && media.media_type.find(',') == std::string::npos;
}

bool read_image(Value item, std::vector<Part>& parts) {
  const Value image = item["image_url"];
  const std::string url = image.is_string() ? image.string() : image["url"].string();
  if (url.empty()) return false;
  Media media = picture_at(url);
  media.detail = image["detail"].string();
  parts.push_back({std::move(media), {}});
  return true;
}

// Callers bring back what foreign_thinking.hpp packed, in a member of its own.
Thinking read_thinking(Value item) {
  Thinking thinking;
  thinking.text = item["thinking"].string();
  unpack_proof(item["signature"].string(), thinking);
  return thinking;
}

std::string kind_of(Value item) {
  const std::string type = item["type"].string();
  return "messages." + (type.empty() ? "content" : type);
}

bool read_calls(Value calls, std::vector<Part>& parts) {
  if (calls.absent()) return true;
  if (!calls.is_array()) return false;
  for (const Value given : calls) {
    const Value function = given["function"];
    if (!function["name"].is_string()) return false;
    ToolCall call;
    call.id = given["id"].string();
    if (call.id.empty()) call.id = "call_" + std::to_string(parts.size());
    call.name = function["name"].string();
    // Some servers send the object itself.
    call.arguments =
        function["arguments"].is_object() ? std::string(function["arguments"].raw()) : function["arguments"].string();
    if (call.arguments.empty()) call.arguments = "{}";
    call.signature = given["signature"].string();
    parts.push_back({std::move(call), {}});
  }
  return true;
}

// The text that a citation is about: the item of that number, or the first text there is.
Text* cited_text(Value citation, std::size_t first, std::vector<Part>& parts) {
  const auto number = citation["content_index"].whole();
  if (number && *number < parts.size() - first) {
    if (auto* text = std::get_if<Text>(&parts[first + *number].what)) return text;
  }
  for (std::size_t at = first; at < parts.size(); ++at) {
    if (auto* text = std::get_if<Text>(&parts[at].what)) return text;
  }
  return nullptr;
}

void add_item(RawJson& list, std::string_view item) {
  if (list) {
    list.bytes.back() = ',';
  } else {
    list.bytes = "[";
  }
  list.bytes += item;
  list.bytes += ']';
}

void read_citations(Value citations, std::size_t first, std::vector<Part>& parts) {
  for (const Value citation : citations) {
    if (!citation.is_object()) continue;
    Text* const text = citation["type"].is("PLAN") ? nullptr : cited_text(citation, first, parts);
    if (text != nullptr && citation["sources"].is_array()) {
      add_item(text->citations, json::on_one_line(citation.raw()));
    } else {
      parts.push_back(
          {Opaque{std::string(dialect_name), "messages.annotations", {json::on_one_line(citation.raw())}}, {}});
    }
  }
}

void keep_signature(Writer& writer, std::string_view signature, std::string_view name, const Reader& reader) {
  if (signature.empty()) return;
  if (reader.is_provider) return drop(reader.dropped, name);
  writer.member("signature", signature);
}

bool write_text(Writer& writer, const Text& text, const Reader& reader) {
  if (text.text.empty() && text.signature.empty() && !text.citations && reader.is_provider && !reader.is_own) {
    return false;
  }
  writer.open_object().member("type", "text").member("text", text.text);
  keep_signature(writer, text.signature, "messages.extra_content", reader);
  writer.close_object();
  return true;
}

bool write_image(Writer& writer, const Media& media, const Reader& reader) {
  const bool has_url = !media.url.empty() || (!media.data.empty() && !media.media_type.empty());
  // Answers are text and thought alone.
  if (media.kind != Media::Kind::image || !has_url || !reader.is_provider) {
    drop(reader.dropped, name_of(media.kind));
    return false;
  }
  writer.open_object().member("type", "image_url").name("image_url").open_object();
  writer.member("url", media.url.empty() ? "data:" + media.media_type + ";base64," + media.data : media.url);
  writer.member_if("detail", media.detail).close_object().close_object();
  return true;
}

bool write_thinking(Writer& writer, const Thinking& thinking, const Reader& reader) {
  const std::string proof = proof_for_caller(thinking);
  // Without a signature it is words, whoever thought them.
  const bool is_plain = thinking.signature.empty() && thinking.data.empty();
  if (reader.is_provider && (!is_plain || (thinking.text.empty() && !reader.is_own))) {
    drop(reader.dropped, "messages.reasoning");
    return false;
  }
  writer.open_object().member("type", "thinking").member("thinking", thinking.text);
  if (!reader.is_provider) writer.member_if("signature", proof);
  writer.close_object();
  return true;
}

// The citations of all texts, and those of none.
std::string citations_of(const std::vector<Part>& parts, const Reader& reader) {
  std::string list;
  const auto add = [&list](std::string_view item) {
    if (!list.empty()) list += ',';
    list += item;
  };
  for (const Part& part : parts) {
    const auto* text = std::get_if<Text>(&part.what);
    const auto* opaque = std::get_if<Opaque>(&part.what);
    if (text != nullptr && text->citations) {
      const json::Tree tree = json::Tree::read(text->citations.bytes);
      if (!are_own_citations(tree.root())) drop(reader.dropped, "messages.annotations");
      for (const Value item : are_own_citations(tree.root()) ? tree.root() : Value()) add(item.raw());
    } else if (opaque != nullptr && opaque->dialect == dialect_name && opaque->kind == "messages.annotations") {
      add(opaque->json.bytes);
    }
  }
  return list;
}

void write_call(Writer& writer, const ToolCall& call, const Reader& reader) {
  writer.open_object().member("id", call.id).member("type", "function").name("function").open_object();
  writer.member("name", call.name).member("arguments", call.arguments).close_object();
  keep_signature(writer, call.signature, "messages.tool_calls.extra_content", reader);
  writer.close_object();
}

}  // namespace

Media picture_at(const std::string& url) {
  Media media;
  if (read_data_url(url, media)) return media;
  media = {};
  media.url = url;
  return media;
}

bool are_own_citations(Value list) {
  if (!list.is_array() || list.size() == 0) return false;
  for (const Value item : list) {
    if (!item["sources"].is_array()) return false;
  }
  return true;
}

std::string proof_for_caller(const Thinking& thinking) {
  const bool has_proof =
      !thinking.signature.empty() || !thinking.data.empty() || !thinking.id.empty() || thinking.is_summary;
  return has_proof ? packed_proof(thinking) : std::string();
}

bool read_content(Value content, std::vector<Part>& parts) {
  if (content.absent()) return true;
  if (content.is_string()) {
    if (!content.string().empty()) parts.push_back({Text{content.string(), {}, {}}, {}});
    return true;
  }
  if (!content.is_array()) return false;
  for (const Value item : content) {
    if (item.is_string()) {
      parts.push_back({Text{item.string(), {}, {}}, {}});
    } else if (item["text"].is_string() && (item["type"].is("text") || item["type"].absent())) {
      parts.push_back({Text{item["text"].string(), item["signature"].string(), {}}, {}});
    } else if (item["type"].is("thinking") && item["thinking"].is_string()) {
      parts.push_back({read_thinking(item), {}});
    } else if (item["type"].is("image_url")) {
      if (!read_image(item, parts)) return false;
    } else if (item.is_object()) {
      parts.push_back({Opaque{std::string(dialect_name), kind_of(item), {std::string(item.raw())}}, {}});
    } else {
      return false;
    }
  }
  return true;
}

bool read_message(Value message, std::vector<Part>& parts) {
  if (!message.is_object()) return false;
  const std::size_t first = parts.size();
  if (!read_content(message["content"], parts)) return false;
  if (const std::string plan = message["tool_plan"].string(); !plan.empty()) {
    parts.push_back({Thinking{plan, {}, {}, {}, std::string(plan_format), false}, {}});
  }
  if (!read_calls(message["tool_calls"], parts)) return false;
  if (message["citations"].is_array()) read_citations(message["citations"], first, parts);
  return true;
}

bool write_item(Writer& writer, const Part& part, const Reader& reader) {
  if (part.cache) drop(reader.dropped, "messages.cache_control");
  if (const auto* text = std::get_if<Text>(&part.what)) return write_text(writer, *text, reader);
  if (const auto* media = std::get_if<Media>(&part.what)) return write_image(writer, *media, reader);
  if (const auto* thinking = std::get_if<Thinking>(&part.what)) return write_thinking(writer, *thinking, reader);
  if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
    return write_text(writer, {refusal->text, {}, {}}, reader);
  }
  if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
    if (opaque->dialect != dialect_name) {
      drop(reader.dropped, opaque->kind);
      return false;
    }
    writer.raw(opaque->json.bytes);
    return true;
  }
  drop(reader.dropped, "messages.tool");
  return false;
}

std::string assistant_members(const std::vector<Part>& parts, const Reader& reader) {
  std::string items;
  std::string plan;
  std::string calls;
  Writer item_writer(items);
  Writer call_writer(calls);
  for (const Part& part : parts) {
    const auto* thinking = std::get_if<Thinking>(&part.what);
    const auto* opaque = std::get_if<Opaque>(&part.what);
    const bool is_citation =
        opaque != nullptr && opaque->dialect == dialect_name && opaque->kind == "messages.annotations";
    if (const auto* call = std::get_if<ToolCall>(&part.what)) {
      write_call(call_writer, *call, reader);
    } else if (thinking != nullptr && thinking->format == plan_format) {
      plan += thinking->text;
    } else if (!is_citation) {
      write_item(item_writer, part, reader);
    }
  }
  const std::string citations = citations_of(parts, reader);
  std::string members;
  Writer writer(members);
  if (!items.empty()) writer.raw_member("content", "[" + items + "]");
  writer.member_if("tool_plan", plan);
  if (!calls.empty()) writer.raw_member("tool_calls", "[" + calls + "]");
  if (!citations.empty()) writer.raw_member("citations", "[" + citations + "]");
  return members;
}

}  // namespace sluice::chat::cohere
