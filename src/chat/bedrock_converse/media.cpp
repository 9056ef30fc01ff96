#include <algorithm>
#include <array>

#include "chat/bedrock_converse/parts.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Value;
using Kind = Media::Kind;

struct Format {
  Kind kind;
  std::string_view media_type;
  std::string_view name;
};

// Of several with one name the first is its meaning.
constexpr std::array formats{
    Format{Kind::image, "image/png", "png"},
    Format{Kind::image, "image/jpeg", "jpeg"},
    Format{Kind::image, "image/jpg", "jpeg"},
    Format{Kind::image, "image/gif", "gif"},
    Format{Kind::image, "image/webp", "webp"},
    Format{Kind::document, "application/pdf", "pdf"},
    Format{Kind::document, "text/csv", "csv"},
    Format{Kind::document, "application/msword", "doc"},
    Format{Kind::document, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    Format{Kind::document, "application/vnd.ms-excel", "xls"},
    Format{Kind::document, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    Format{Kind::document, "text/html", "html"},
    Format{Kind::document, "text/plain", "txt"},
    Format{Kind::document, "text/markdown", "md"},
    Format{Kind::video, "video/x-matroska", "mkv"},
    Format{Kind::video, "video/quicktime", "mov"},
    Format{Kind::video, "video/mp4", "mp4"},
    Format{Kind::video, "video/webm", "webm"},
    Format{Kind::video, "video/x-flv", "flv"},
    Format{Kind::video, "video/mpeg", "mpeg"},
    Format{Kind::video, "video/mpg", "mpg"},
    Format{Kind::video, "video/x-ms-wmv", "wmv"},
    Format{Kind::video, "video/3gpp", "three_gp"},
    Format{Kind::audio, "audio/mpeg", "mp3"},
    Format{Kind::audio, "audio/mp3", "mp3"},
    Format{Kind::audio, "audio/wav", "wav"},
    Format{Kind::audio, "audio/x-wav", "wav"},
    Format{Kind::audio, "audio/opus", "opus"},
    Format{Kind::audio, "audio/aac", "aac"},
    Format{Kind::audio, "audio/flac", "flac"},
    Format{Kind::audio, "audio/mp4", "mp4"},
    Format{Kind::audio, "audio/ogg", "ogg"},
    Format{Kind::audio, "audio/webm", "webm"},
    Format{Kind::audio, "audio/pcm", "pcm"},
};

// A document's name as it may be: letters, digits, single spaces, hyphens and brackets.
std::string clean_name(std::string_view name) {
  std::string clean;
  for (const char c : name) {
    const bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                      c == '(' || c == ')' || c == '[' || c == ']';
    if (fine) {
      clean += c;
    } else if (!clean.empty() && clean.back() != ' ') {
      clean += c == '.' || c == '_' ? '-' : ' ';
    }
    if (clean.size() == 200) break;
  }
  while (clean.ends_with(' ')) clean.pop_back();
  return clean.empty() ? "document" : clean;
}

// One that no other document has.
std::string own_name(std::string name, std::set<std::string>* names) {
  if (names == nullptr) return name;
  std::string own = name;
  for (std::size_t number = 2; !names->insert(own).second; ++number) own = name + "-" + std::to_string(number);
  return own;
}

}  // namespace

bool write_media(json::Writer& writer, const Media& media, std::set<std::string>* names) {
  const auto* const format = std::find_if(formats.begin(), formats.end(), [&](const Format& known) {
    return known.kind == media.kind && known.media_type == media.media_type;
  });
  if (format == formats.end() || media.data.empty()) return false;
  constexpr std::array<std::string_view, 4> kinds{"image", "audio", "video", "document"};
  writer.open_object().name(kinds[static_cast<std::size_t>(media.kind)]).open_object();
  writer.member("format", format->name);
  if (media.kind == Kind::document) writer.member("name", own_name(clean_name(media.name), names));
  writer.name("source").open_object().member("bytes", media.data).close_object();
  writer.close_object().close_object();
  return true;
}

std::optional<Media> read_media(Kind kind, Value block) {
  const Value data = block["source"]["bytes"];
  if (!data.is_string() || data.string().empty() || block["source"].size() != 1) return std::nullopt;
  const auto* const format = std::find_if(formats.begin(), formats.end(), [&](const Format& known) {
    return known.kind == kind && block["format"].is(known.name);
  });
  if (format == formats.end()) return std::nullopt;
  Media media;
  media.kind = kind;
  media.media_type = format->media_type;
  media.data = data.string();
  std::size_t known = 2;
  if (kind == Kind::document && block["name"].is_string()) {
    media.name = block["name"].string();
    // A name that could not be written again stays as it is.
    if (media.name != clean_name(media.name)) return std::nullopt;
    ++known;
  }
  return block.size() == known ? std::optional(std::move(media)) : std::nullopt;
}

}  // namespace sluice::chat::bedrock
