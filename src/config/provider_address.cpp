#include "config/provider_address.hpp"

#include <array>

namespace sluice::config {
namespace {

struct Place {
  std::string_view key;
  std::string Places::*said;
  std::string_view characters;
  std::string_view remedy;
};

constexpr std::string_view region_characters = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::array<Place, 3> all_places{
    {{"region", &Places::region, region_characters, "write its name, such as eu-west-1"},
     {"location", &Places::location, region_characters, "write its name, such as europe-west4, or global"},
     {"project", &Places::project, "abcdefghijklmnopqrstuvwxyz0123456789-.:", "write its id, such as my-project"}}};

std::string in_braces(std::string_view key) { return "{" + std::string(key) + "}"; }

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

void read_place(const Value& value, const Place& place, const Kind& kind, bool own_address, Places& places) {
  if (!value.written()) return;
  const std::string key(place.key);
  if (kind.base_url.find(in_braces(key)) == std::string::npos) {
    return value.wrong_key("has no effect: kind " + kind.name + " has no " + key + "s", "remove it");
  }
  // A region is also what requests are signed for.
  const bool counts = !own_address || (place.key == "region" && kind.credential == CredentialWay::aws_sigv4);
  if (!counts) return value.wrong_key("has no effect beside base_url", "remove it; base_url's path has to name it");
  const auto text = value.text();
  if (!text) return;
  const bool is_plain = !text->empty() && text->find_first_not_of(place.characters) == std::string::npos &&
                        text->front() != '.' && text->find("..") == std::string::npos;
  if (!is_plain) return value.wrong("no " + key, std::string(place.remedy));
  places.*place.said = *text;
}

}  // namespace

Places read_places(const Value& value, const Kind& kind) {
  Places places;
  const bool own_address = value["base_url"].written();
  for (const Place& place : all_places) read_place(value[place.key], place, kind, own_address, places);
  return places;
}

void fill_address(const Value& value, const Kind& kind, const Places& places, Provider& provider) {
  if (value["base_url"].written()) return;
  for (const Place& place : all_places) {
    const std::string& said = places.*place.said;
    const std::string key(place.key);
    if (provider.base_url.find(in_braces(key)) == std::string::npos) continue;
    if (said.empty()) {
      const Value missing = value[key];
      if (!missing.written()) missing.wrong("kind " + kind.name + " needs a " + key, "write " + key + ": NAME");
      return;
    }
    replace_all(provider.base_url, in_braces(key), said);
  }
  replace_all(provider.base_url, "{location-}", places.location == "global" ? "" : places.location + "-");
}

void place_voices(const Kind& kind, Provider& provider) {
  provider.also = kind.also;
  const auto usual = parse_url(kind.base_url);
  const auto given = parse_url(provider.base_url);
  if (!given) return provider.also.clear();
  const bool is_known = usual && given->path.ends_with(usual->path);
  const std::string front = is_known ? given->path.substr(0, given->path.size() - usual->path.size()) : "";
  std::erase_if(provider.also, [&](const Provider::Voice& voice) { return voice.path != "." && !is_known; });
  for (Provider::Voice& voice : provider.also) voice.path = voice.path == "." ? given->path : front + voice.path;
}

void read_base_url(const Value& value, std::string& base_url) {
  const auto text = value.text();
  if (!text) return;
  if (!parse_url(*text))
    return value.wrong("no absolute http or https URL",
                       "write https://HOST[:PORT][/PATH], without user, query or fragment");
  base_url = *text;
}

}  // namespace sluice::config
