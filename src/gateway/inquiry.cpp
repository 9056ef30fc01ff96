#include "gateway/inquiry.hpp"

#include <sluice/base/keyed_hash.hpp>
#include <sluice/base/text.hpp>

namespace sluice {

std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
  std::uint64_t x = left + 0x9e3779b97f4a7c15u * (right + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(std::string_view text, std::uint64_t key) {
  KeyedHash hash(key);
  hash.add(text);
  return hash.value();
}

const chat::Features& Inquiry::features() const {
  if (!features_) {
    features_ =
        asked_.body.empty() ? chat::Features{} : asked_.spoken.features(asked_.path, asked_.body, asked_.hash_key);
  }
  return *features_;
}

std::uint64_t Inquiry::conversation() const {
  if (conversation_) return *conversation_;
  const std::string_view caller = asked_.caller != nullptr ? std::string_view(asked_.caller->name) : std::string_view();
  const auto session = http::find(asked_.fields, "x-sluice-session");
  std::uint64_t known = session && !session->empty() ? hash_of(*session, asked_.hash_key) : features().opening;
  if (known != 0) {
    known = mix(mix(known, hash_of(caller, asked_.hash_key)), hash_of(asked_.model, asked_.hash_key));
  }
  return conversation_.emplace(known);
}

std::optional<std::string_view> Inquiry::tag(std::string_view name) const {
  if (const auto list = http::find(asked_.fields, "x-sluice-tags")) {
    for (std::string_view rest = *list; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      const std::string_view item = trimmed(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      const std::size_t equals = item.find('=');
      if (equals == std::string_view::npos || trimmed(item.substr(0, equals)) != name) continue;
      return trimmed(item.substr(equals + 1));
    }
  }
  for (const chat::Features::Tag& tag : features().tags) {
    if (tag.name == name) return tag.value;
  }
  return std::nullopt;
}

}  // namespace sluice
