#include "gateway/inquiry.hpp"

#include <algorithm>
#include <array>

#include <sluice/base/keyed_hash.hpp>
#include <sluice/base/text.hpp>

namespace sluice {
namespace {

// Whether a body may have members that attribute it: a search for their names costs a tenth of reading them.
bool may_have_tags(std::string_view body) {
  constexpr std::array<std::string_view, 5> names{"etadata\"", "\"user\":", "\"user\" ", "\"labels\"", "\"safety_id"};
  return std::any_of(names.begin(), names.end(),
                     [body](std::string_view name) { return body.find(name) != std::string_view::npos; });
}

}  // namespace

std::uint64_t hash_of(std::initializer_list<std::string_view> texts, std::uint64_t key) {
  KeyedHash hash(key);
  // With lengths before them no two lists are cut differently and look the same.
  for (const std::string_view text : texts) {
    hash.add(text.size());
    hash.add(text);
  }
  return hash.value();
}

std::string_view name_of(const Key* caller) {
  return caller != nullptr ? std::string_view(caller->name) : std::string_view();
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
  const auto session = http::find(asked_.fields, "x-sluice-session");
  const bool is_named = session && !session->empty();
  const std::uint64_t begun = is_named ? asked_.hash_key : features().opening;
  if (begun == 0) return conversation_.emplace(0);
  return conversation_.emplace(hash_of({is_named ? *session : "", name_of(asked_.caller), asked_.model}, begun));
}

void Inquiry::each_tag(const std::function<void(std::string_view, std::string_view)>& take) const {
  if (asked_.caller == nullptr || asked_.caller->tags.empty()) return each_told_tag(take);
  const auto& proven = asked_.caller->tags;
  for (const auto& [name, value] : proven) {
    if (!value.empty()) take(name, value);
  }
  each_told_tag([&](std::string_view told, std::string_view value) {
    const bool is_proven =
        std::any_of(proven.begin(), proven.end(), [told](const auto& tag) { return tag.first == told; });
    if (!is_proven) take(told, value);
  });
}

void Inquiry::each_told_tag(const std::function<void(std::string_view, std::string_view)>& take) const {
  const std::string_view list = http::find(asked_.fields, "x-sluice-tags").value_or("");
  for (std::string_view rest = list; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    take(trimmed(item.substr(0, equals)), trimmed(item.substr(equals + 1)));
  }
  if (!features_ && !may_have_tags(asked_.body)) return;
  for (const chat::Features::Tag& tag : features().tags) take(tag.name, tag.value);
}

std::optional<std::string_view> Inquiry::tag(std::string_view name) const {
  std::optional<std::string_view> found;
  each_tag([&](std::string_view known, std::string_view value) {
    if (!found && known == name) found = value;
  });
  return found;
}

}  // namespace sluice
