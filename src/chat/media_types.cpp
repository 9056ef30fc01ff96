#include "chat/media_types.hpp"

#include <algorithm>
#include <array>

#include <sluice/base/text.hpp>

namespace sluice::chat {
namespace {

struct Known {
  std::string_view mark;
  std::string_view type;
};

constexpr std::array endings{
    Known{".png", "image/png"},
    Known{".jpg", "image/jpeg"},
    Known{".jpeg", "image/jpeg"},
    Known{".webp", "image/webp"},
    Known{".gif", "image/gif"},
    Known{".heic", "image/heic"},
    Known{".wav", "audio/wav"},
    Known{".mp3", "audio/mpeg"},
    Known{".flac", "audio/flac"},
    Known{".mp4", "video/mp4"},
    Known{".mov", "video/mov"},
    Known{".webm", "video/webm"},
    Known{".txt", "text/plain"},
    Known{".md", "text/plain"},
    Known{".csv", "text/csv"},
    Known{".html", "text/html"},
    Known{".pdf", "application/pdf"},
    Known{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    Known{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
};

// How files of these types begin, in base64.
constexpr std::array beginnings{
    Known{"iVBORw0KGgo", "image/png"},   Known{"/9j/", "image/jpeg"}, Known{"R0lGOD", "image/gif"},
    Known{"JVBERi0", "application/pdf"}, Known{"SUQz", "audio/mpeg"},
};

// What clients write although another name is registered.
constexpr std::array others{Known{"image/jpg", "image/jpeg"}, Known{"image/pjpeg", "image/jpeg"},
                            Known{"audio/mp3", "audio/mpeg"}, Known{"audio/x-wav", "audio/wav"},
                            Known{"audio/wave", "audio/wav"}, Known{"application/x-pdf", "application/pdf"}};

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::string_view type_by_name(std::string_view name) {
  std::string path(name.substr(0, name.find_first_of("?#")));
  std::transform(path.begin(), path.end(), path.begin(), small);
  const auto* const known =
      std::find_if(endings.begin(), endings.end(), [&](const Known& each) { return path.ends_with(each.mark); });
  return known == endings.end() ? std::string_view() : known->type;
}

std::string registered_type(std::string_view type) {
  std::string plain(trimmed(type.substr(0, type.find(';'))));
  std::transform(plain.begin(), plain.end(), plain.begin(), small);
  const auto* const known =
      std::find_if(others.begin(), others.end(), [&](const Known& each) { return each.mark == plain; });
  return known == others.end() ? plain : std::string(known->type);
}

std::string type_of(const Media& media) {
  if (!media.media_type.empty()) return registered_type(media.media_type);
  const std::string_view named = type_by_name(media.name.empty() ? media.url : media.name);
  if (!named.empty()) return std::string(named);
  const auto* const known = std::find_if(beginnings.begin(), beginnings.end(),
                                         [&](const Known& each) { return media.data.starts_with(each.mark); });
  return known == beginnings.end() ? std::string() : std::string(known->type);
}

}  // namespace sluice::chat
