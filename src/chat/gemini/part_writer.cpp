#include <algorithm>
#include <array>

#include "chat/gemini/parts.hpp"
#include "chat/media_types.hpp"

namespace sluice::chat::generate_content {
namespace {

// A server wants to know the type of what it shall fetch; where the caller did not say it, the name may.
std::string wire_type_of(const Media& media) {
  if (!media.media_type.empty()) return media.media_type;
  if (std::string type = type_of(media); !type.empty()) return type;
  switch (media.kind) {
    case Media::Kind::image:
      return "image/jpeg";
    case Media::Kind::audio:
      return "audio/wav";
    case Media::Kind::video:
      return "video/mp4";
    case Media::Kind::document:
      break;
  }
  return {};
}

bool can_say_media(const Media& media, Dropped& dropped) {
  // A file that some provider keeps is known to that one only.
  if (media.data.empty() && media.url.empty()) {
    drop(dropped, name_of(media.kind));
    return false;
  }
  if (!media.detail.empty() && media.detail != "auto") drop(dropped, "messages.image_url.detail");
  return true;
}

std::string member_name(const Opaque& rider) { return rider.kind.substr(part_rider.size()); }

std::string joined_text(const ToolResult& result) {
  std::string all;
  bool first = true;
  for (const auto& piece : result.content) {
    const auto* const text = std::get_if<Text>(&piece);
    if (text == nullptr) continue;
    if (!first) all += '\n';
    first = false;
    all += text->text;
  }
  return all;
}

bool has_text(const ToolResult& result) {
  return std::any_of(result.content.begin(), result.content.end(),
                     [](const auto& piece) { return std::holds_alternative<Text>(piece); });
}

}  // namespace

std::string arguments_object(std::string_view text) {
  const std::string_view bare = json::trimmed(text);
  if (bare.empty() || bare == "null") return "{}";
  const json::Verdict verdict = json::read(bare);
  if (verdict && verdict.root == json::Kind::object) return std::string(text);
  std::string wrapped;
  json::Writer(wrapped).open_object().member("_raw", text).close_object();
  return wrapped;
}

bool PartWriter::can_say(const Part& part, Side to, Dropped& dropped) {
  if (part.cache) drop(dropped, "messages.cache_control");
  if (const auto* media = std::get_if<Media>(&part.what)) return can_say_media(*media, dropped);
  if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
    if (opaque->dialect == dialect_name) return true;
    drop(dropped, opaque->kind);
    return false;
  }
  const auto* const thinking = std::get_if<Thinking>(&part.what);
  if (thinking == nullptr || to == Side::caller || thinking->format == thinking_format::gemini) return true;
  // Without a proof it is words, whoever thought them.
  if (thinking->signature.empty() && thinking->data.empty() && !thinking->text.empty()) return true;
  drop(dropped, "messages.reasoning");
  return false;
}

json::Writer& PartWriter::open() {
  out_.open_object();
  for (const Opaque* const rider : riders_) {
    out_.raw_member(member_name(*rider), to_ == Side::caller ? compact(rider->json.bytes) : rider->json.bytes);
  }
  riders_.clear();
  return out_;
}

void PartWriter::close() { out_.close_object(); }

void PartWriter::write(const Part& part) {
  if (const auto* text = std::get_if<Text>(&part.what)) {
    write_text(*text);
  } else if (const auto* thinking = std::get_if<Thinking>(&part.what)) {
    write_thinking(*thinking);
  } else if (const auto* call = std::get_if<ToolCall>(&part.what)) {
    write_call(*call);
  } else if (const auto* result = std::get_if<ToolResult>(&part.what)) {
    write_result(*result);
  } else if (const auto* media = std::get_if<Media>(&part.what)) {
    open();
    write_media(*media);
    close();
  } else if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
    write_text({refusal->text, {}, {}});
  } else if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
    if (is_own(*opaque, part_rider)) {
      riders_.push_back(opaque);
    } else {
      out_.raw(to_ == Side::caller ? compact(opaque->json.bytes) : opaque->json.bytes);
    }
  }
}

void PartWriter::write_text(const Text& text) {
  if (text.citations) drop(dropped_, "messages.annotations");
  open().member("text", text.text).member_if("thoughtSignature", text.signature);
  close();
}

void PartWriter::write_thinking(const Thinking& thinking) {
  const bool is_foreign = to_ == Side::provider && thinking.format != thinking_format::gemini;
  open().member("text", thinking.text).member("thought", true);
  out_.member_if("thoughtSignature", is_foreign ? std::string() : proof_of(thinking));
  close();
}

void PartWriter::write_call(const ToolCall& call) {
  open().name("functionCall").open_object();
  out_.member_if("id", call.id).member("name", call.name);
  const std::string arguments = arguments_object(call.arguments);
  out_.raw_member("args", to_ == Side::caller ? compact(arguments) : arguments).close_object();
  out_.member_if("thoughtSignature", call.signature.empty() ? proof_ : call.signature);
  proof_ = {};
  close();
}

void PartWriter::write_media(const Media& media) {
  const bool is_inline = media.url.empty();
  out_.name(is_inline ? "inlineData" : "fileData").open_object();
  out_.member_if("mimeType", wire_type_of(media)).member_if("displayName", media.name);
  out_.member(is_inline ? "data" : "fileUri", is_inline ? media.data : media.url).close_object();
}

void PartWriter::write_result(const ToolResult& result) {
  open().name("functionResponse").open_object();
  out_.member_if("id", result.call_id);
  out_.member("name", result.name.empty() ? result_name_ : std::string_view(result.name));
  const std::string_view wrapping = result.is_error ? "error" : "output";
  const std::string_view bare = json::trimmed(result.json.bytes);
  out_.name("response");
  if (bare.starts_with('{') && !result.is_error) {
    out_.raw(result.json.bytes);
  } else {
    out_.open_object();
    if (!bare.empty()) {
      out_.raw_member(wrapping, bare);
    } else if (has_text(result) || result.is_error) {
      out_.member(wrapping, joined_text(result));
    }
    out_.close_object();
  }
  write_result_content(result);
  out_.close_object();
  close();
}

void PartWriter::write_result_content(const ToolResult& result) {
  bool open = false;
  const auto begin_list = [&] {
    if (!std::exchange(open, true)) out_.name("parts").open_array();
  };
  for (const auto& piece : result.content) {
    const auto* const media = std::get_if<Media>(&piece);
    const auto* const opaque = std::get_if<Opaque>(&piece);
    if (media != nullptr && can_say_media(*media, dropped_)) {
      if (nest_media_) {
        begin_list();
        out_.open_object();
        write_media(*media);
        out_.close_object();
      } else {
        postponed_.push_back(media);
      }
    } else if (opaque != nullptr && is_own(*opaque, "parts")) {
      begin_list();
      out_.raw(opaque->json.bytes);
    }
  }
  if (open) out_.close_array();
  for (const auto& piece : result.content) {
    const auto* const opaque = std::get_if<Opaque>(&piece);
    if (opaque == nullptr) continue;
    if (is_own(*opaque, part_rider)) {
      out_.raw_member(member_name(*opaque), opaque->json.bytes);
    } else if (opaque->dialect != dialect_name) {
      drop(dropped_, opaque->kind);
    }
  }
}

void PartWriter::finish() {
  for (const Media* const media : postponed_) {
    out_.open_object();
    write_media(*media);
    out_.close_object();
  }
  postponed_.clear();
}

}  // namespace sluice::chat::generate_content
