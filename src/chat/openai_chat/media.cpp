#include <algorithm>
#include <array>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/openai_chat/codec.hpp"

// What stands in content lists beside text, and the marks and calls around it.
namespace sluice::chat::openai {
namespace {

constexpr std::string_view base64_mark = ";base64,";

// Sets what a "data:" URL (RFC 2397) holds, or the URL if it is another.
void take_url(std::string url, Media& media) {
  constexpr std::string_view scheme = "data:";
  const std::size_t mark = url.find(base64_mark);
  const bool has_data = mark != std::string::npos && mark + base64_mark.size() < url.size() &&
                        equals_ignoring_case(std::string_view(url).substr(0, scheme.size()), scheme);
  if (!has_data) {
    media.url = std::move(url);
    return;
  }
  media.media_type = url.substr(scheme.size(), mark - scheme.size());
  media.data = url.substr(mark + base64_mark.size());
}

// A member that is a URL, or an object with one.
std::string url_in(json::Value item, std::string_view name) {
  const json::Value member = item[name];
  return member.is_string() ? member.string() : member["url"].string();
}

struct AudioFormat {
  std::string_view format;
  std::string_view media_type;
};
// Where the two are not simply the same word; the first of a format is the one that is written.
constexpr std::array audio_formats{AudioFormat{"mp3", "audio/mpeg"}, AudioFormat{"mp3", "audio/mp3"},
                                   AudioFormat{"wav", "audio/wav"},  AudioFormat{"wav", "audio/x-wav"},
                                   AudioFormat{"wav", "audio/wave"}, AudioFormat{"x-wav", "audio/wav"},
                                   AudioFormat{"wave", "audio/wav"}, AudioFormat{"mpeg", "audio/mpeg"}};
constexpr std::string_view audio_prefix = "audio/";

std::string type_of_format(std::string_view format) {
  const auto* const known = std::find_if(audio_formats.begin(), audio_formats.end(),
                                         [&](const AudioFormat& candidate) { return candidate.format == format; });
  if (known != audio_formats.end()) return std::string(known->media_type);
  return format.empty() ? std::string() : std::string(audio_prefix) + std::string(format);
}

std::string_view format_of_type(std::string_view media_type) {
  const auto* const known = std::find_if(audio_formats.begin(), audio_formats.end(), [&](const AudioFormat& candidate) {
    return candidate.media_type == media_type;
  });
  if (known != audio_formats.end()) return known->format;
  return media_type.starts_with(audio_prefix) ? media_type.substr(audio_prefix.size()) : media_type;
}

Media read_file(json::Value file) {
  Media media;
  media.kind = Media::Kind::document;
  media.name = file["filename"].string();
  media.file_id = file["file_id"].string();
  std::string data = file["file_data"].string();
  if (data.empty() || !media.file_id.empty()) return media;
  if (data.starts_with("http://") || data.starts_with("https://") || data.starts_with("data:")) {
    take_url(std::move(data), media);
  } else {
    media.data = std::move(data);
  }
  return media;
}

std::string url_of(const Media& media) {
  if (media.data.empty()) return media.url;
  std::string url = "data:" + media.media_type;
  url += base64_mark;
  return url += media.data;
}

void write_file(const Media& media, json::Writer& to) {
  to.member("type", "file").name("file").open_object();
  to.member_if("filename", media.name);
  if (!media.file_id.empty()) {
    to.member("file_id", media.file_id);
  } else if (media.media_type.empty() && !media.data.empty()) {
    to.member("file_data", media.data);
  } else {
    to.member("file_data", url_of(media));
  }
  to.close_object();
}

}  // namespace

RawJson on_one_line(std::string_view json) { return {json::on_one_line(json)}; }

std::optional<Media> read_media(json::Value item) {
  Media media;
  const json::Value type = item["type"];
  if (type.is("image_url")) {
    media.detail = item["image_url"]["detail"].string();
    take_url(url_in(item, "image_url"), media);
  } else if (type.is("video_url")) {
    media.kind = Media::Kind::video;
    take_url(url_in(item, "video_url"), media);
  } else if (type.is("document_url")) {
    media.kind = Media::Kind::document;
    media.name = item["document_name"].string();
    take_url(url_in(item, "document_url"), media);
  } else if (type.is("input_audio")) {
    media.kind = Media::Kind::audio;
    const json::Value audio = item["input_audio"];
    media.media_type = type_of_format(audio["format"].string());
    media.data = audio.is_string() ? audio.string() : audio["data"].string();
  } else if (type.is("file")) {
    media = read_file(item["file"]);
  }
  if (media.data.empty() && media.url.empty() && media.file_id.empty()) return std::nullopt;
  return media;
}

bool can_write(const Media& media) {
  switch (media.kind) {
    case Media::Kind::image:
    case Media::Kind::document:
      return true;
    case Media::Kind::audio:
      return !media.data.empty();
    case Media::Kind::video:
      return media.file_id.empty();
  }
  return false;
}

void write_media(const Media& media, json::Writer& to) {
  if (media.kind == Media::Kind::audio) {
    to.member("type", "input_audio").name("input_audio").open_object().member("data", media.data);
    to.member("format", format_of_type(media.media_type)).close_object();
  } else if (media.kind == Media::Kind::video) {
    to.member("type", "video_url").name("video_url").open_object().member("url", url_of(media)).close_object();
  } else if (media.kind == Media::Kind::document || !media.file_id.empty()) {
    write_file(media, to);
  } else {
    to.member("type", "image_url").name("image_url").open_object().member("url", url_of(media));
    to.member_if("detail", media.detail).close_object();
  }
}

std::optional<CacheMark> read_cache_mark(json::Value holder) {
  if (const json::Value mark = holder["cache_control"]; mark.is_object()) return CacheMark{mark["ttl"].string()};
  if (holder["prompt_cache_breakpoint"].is_object()) return CacheMark{};
  return std::nullopt;
}

void write_cache_mark(const std::optional<CacheMark>& mark, json::Writer& to) {
  if (!mark) return;
  to.name("cache_control").open_object().member("type", "ephemeral").member_if("ttl", mark->ttl).close_object();
}

std::string read_arguments(json::Value arguments) {
  if (arguments.is_string()) return arguments.string();
  return arguments.absent() ? std::string() : std::string(arguments.raw());
}

void write_call(const ToolCall& call, const std::optional<std::size_t>& index, json::Writer& to) {
  if (index) to.member("index", std::uint64_t{*index});
  to.member("id", call.id).member("type", call.is_custom ? "custom" : "function");
  to.name(call.is_custom ? "custom" : "function").open_object().member("name", call.name);
  to.member(call.is_custom ? "input" : "arguments", call.arguments).close_object();
  write_signature(call.signature, to);
}

void write_annotations(const std::vector<const RawJson*>& citations, json::Writer& to, Dropped& dropped) {
  std::string written;
  json::Writer list(written);
  for (const RawJson* const given : citations) {
    const json::Tree tree = json::Tree::read(given->bytes);
    for (const json::Value entry : items_of(tree.root())) {
      if (entry["url_citation"].is_object() || entry["file"].is_object()) {
        list.raw(on_one_line(entry.raw()).bytes);
        continue;
      }
      if (!entry["url"].is_string()) {
        drop(dropped, "messages.annotations");
        continue;
      }
      list.open_object().member("type", "url_citation").name("url_citation").open_object();
      list.member("start_index", entry["start_index"].whole().value_or(0));
      list.member("end_index", entry["end_index"].whole().value_or(0));
      list.member("url", entry["url"].string()).member("title", entry["title"].string());
      list.close_object().close_object();
    }
  }
  if (!written.empty()) to.raw_member("annotations", "[" + written + "]");
}

}  // namespace sluice::chat::openai
