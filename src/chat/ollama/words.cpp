#include <array>
#include <optional>

#include <sluice/base/text.hpp>

#include "chat/base64.hpp"
#include "chat/json_walk.hpp"
#include "chat/ollama/parts.hpp"

namespace sluice::chat::ollama_api {
namespace {

struct Word {
  std::string_view raw;
  Finish finish;
};

// `load` and `unload` answer requests without messages. The last two are ours: the word is open, and there is none for
// what a filter held back.
constexpr std::array words{
    Word{"stop", Finish::stop},   Word{"length", Finish::length}, Word{"load", Finish::stop},
    Word{"unload", Finish::stop}, Word{"error", Finish::error},   Word{"content_filter", Finish::content_filter},
};

struct Beginning {
  std::string_view bytes;
  std::string_view type;
};

constexpr std::array beginnings{
    Beginning{"\x89PNG\r\n\x1a\n", "image/png"},
    Beginning{"\xff\xd8\xff", "image/jpeg"},
    Beginning{"GIF8", "image/gif"},
};

// A count that may be left out. False: it is there and no count.
bool read_count(const json::Member& member, std::string_view text, std::uint64_t& count) {
  if (member.kind == json::Kind::none || member.kind == json::Kind::null) return true;
  const auto number = parse_decimal(json::value_of(member, text));
  constexpr std::uint64_t greatest = std::uint64_t{1} << 53;
  if (!number || *number > greatest) return false;
  count = *number;
  return true;
}

}  // namespace

std::string_view image_type(std::string_view base64) {
  constexpr std::size_t telling = 16;
  const auto bytes = from_base64(base64.substr(0, telling));
  if (!bytes) return {};
  for (const Beginning& beginning : beginnings) {
    if (bytes->starts_with(beginning.bytes)) return beginning.type;
  }
  const bool is_webp = bytes->starts_with("RIFF") && bytes->size() >= 12 && bytes->compare(8, 4, "WEBP") == 0;
  return is_webp ? "image/webp" : std::string_view();
}

// FNV-1a; letters and digits, because other dialects take no others.
std::string minted_id(std::string_view salt, std::size_t number, std::string_view name, std::string_view arguments) {
  std::uint64_t hash = 14695981039346656037U;
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    hash = (hash ^ 0xFF) * 1099511628211U;
  };
  mix(salt);
  mix(std::to_string(number));
  mix(name);
  mix(arguments);
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
  std::string id = "call_";
  for (int i = 0; i < 12; ++i, hash >>= 5) id += digits[hash & 31];
  return id;
}

Sense sense_of(std::string_view object) {
  std::array<json::Member, 4> members{
      {{.name = "done"}, {.name = "error"}, {.name = "prompt_eval_count"}, {.name = "eval_count"}}};
  const auto& [done, error, prompt, answer] = members;
  Sense sense;
  if (!json::read(object, members)) return sense;
  sense.is_last = done.kind == json::Kind::yes;
  sense.is_failure = error.kind != json::Kind::none && error.kind != json::Kind::null;
  // The prompt's count is left out where the prompt was still known from the request before.
  const bool is_counted = prompt.kind == json::Kind::number || answer.kind == json::Kind::number;
  Usage usage;
  if (is_counted && read_count(prompt, object, usage.input) && read_count(answer, object, usage.output)) {
    sense.usage = usage;
  }
  return sense;
}

Ending read_ending(std::string_view reason, bool has_calls) {
  Ending ending;
  ending.raw = reason;
  ending.finish = Finish::stop;
  for (const Word& word : words) {
    if (word.raw == reason) ending.finish = word.finish;
  }
  if (has_calls && ending.finish == Finish::stop) ending.finish = Finish::tool_calls;
  return ending;
}

std::string_view write_ending(const Ending& ending) {
  for (const Word& word : words) {
    if (word.raw == ending.raw) return word.raw;
  }
  for (const Word& word : words) {
    if (word.finish == ending.finish) return word.raw;
  }
  return "stop";
}

}  // namespace sluice::chat::ollama_api
