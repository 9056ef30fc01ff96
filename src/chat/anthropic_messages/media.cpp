#include <array>
#include <cstdint>

#include "chat/anthropic_messages/parts.hpp"

namespace sluice::chat::anthropic {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 §4.
std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= group.size() ? digits[(bits >> (18 - 6 * i)) & 63] : '=';
  }
  return text;
}

// Nothing when it is no base64. Takes it without padding and with line breaks too.
std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') break;
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>((bits >> held) & 0xFF);
  }
  return bytes;
}

// What kind of image it is, by how its bytes begin: the dialect demands to be told.
std::string_view image_type(const Media& media) {
  struct Beginning {
    std::string_view base64;
    std::string_view type;
  };
  constexpr std::array beginnings{Beginning{"iVBOR", "image/png"}, Beginning{"/9j/", "image/jpeg"},
                                  Beginning{"R0lG", "image/gif"}, Beginning{"UklG", "image/webp"}};
  if (!media.media_type.empty()) return media.media_type;
  for (const Beginning& known : beginnings) {
    if (media.data.starts_with(known.base64)) return known.type;
  }
  return "image/jpeg";
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type == "application/json" || type == "application/xml";
}

void write_data(json::Writer& out, std::string_view type, std::string_view media_type, std::string_view data) {
  out.open_object().member("type", type);
  out.member("media_type", media_type).member("data", data).close_object();
}

bool write_document(json::Writer& out, const Media& media) {
  if (is_text(media.media_type)) {
    const auto text = from_base64(media.data);
    if (!text) return false;
    write_data(out, "text", "text/plain", *text);
    return true;
  }
  if (!media.media_type.empty() && media.media_type != "application/pdf") return false;
  write_data(out, "base64", "application/pdf", media.data);
  return true;
}

}  // namespace

bool write_source(json::Writer& out, const Media& media) {
  const bool is_document = media.kind == Media::Kind::document;
  if (!is_document && media.kind != Media::Kind::image) return false;
  if (!media.url.empty()) {
    out.open_object().member("type", "url").member("url", media.url).close_object();
  } else if (!media.file_id.empty()) {
    out.open_object().member("type", "file").member("file_id", media.file_id).close_object();
  } else if (is_document) {
    return write_document(out, media);
  } else {
    write_data(out, "base64", image_type(media), media.data);
  }
  return true;
}

bool read_media(json::Value block, Media& media) {
  media.kind = block["type"].is("document") ? Media::Kind::document : Media::Kind::image;
  const json::Value source = block["source"];
  if (source["type"].is("base64") && source["data"].is_string()) {
    media.media_type = source["media_type"].string();
    media.data = source["data"].string();
    // Any other document would not come back from the words of other dialects.
    if (media.kind == Media::Kind::document && media.media_type.empty()) media.media_type = "application/pdf";
  } else if (source["type"].is("text") && source["data"].is_string()) {
    media.media_type = "text/plain";
    media.data = to_base64(source["data"].string());
  } else if (source["type"].is("url") && !source["url"].string().empty()) {
    media.url = source["url"].string();
  } else if (source["type"].is("file") && !source["file_id"].string().empty()) {
    media.file_id = source["file_id"].string();
  } else {
    return false;
  }
  if (media.kind == Media::Kind::document) media.name = block["title"].string();
  return true;
}

}  // namespace sluice::chat::anthropic
