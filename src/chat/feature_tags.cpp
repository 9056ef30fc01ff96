#include "chat/feature_tags.hpp"

#include <utility>

#include "chat/json_cursor.hpp"
#include "chat/json_scalars.hpp"

namespace sluice::chat {
namespace {

constexpr std::size_t most_tags = 16;
constexpr std::size_t longest_tag = 256;  // bytes of its name, and of its value

// As much of a text as a tag may have, in whole characters.
std::string cut(std::string text) {
  if (text.size() <= longest_tag) return text;
  std::size_t end = longest_tag;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

std::string meaning_of(std::string_view quoted) {
  if (!quoted.starts_with('"')) return {};
  const std::string_view inside = json::inside(quoted);
  if (inside.find('\\') == std::string_view::npos) return std::string(inside);
  std::string text;
  if (json::check_escapes(inside).wrong == nullptr) json::unescape(inside, text);
  return text;
}

void FeatureTags::add(std::string name, std::string_view quoted) {
  if (!quoted.starts_with('"') || tags_.size() == most_tags) return;
  tags_.push_back({cut(std::move(name)), cut(meaning_of(quoted))});
}

void FeatureTags::add_user(std::string_view quoted, bool is_better) {
  if (has_better_user_ && !is_better) return;
  std::string user = cut(meaning_of(quoted));
  if (user.empty()) return;
  user_ = std::move(user);
  has_better_user_ = is_better;
}

std::vector<Features::Tag> FeatureTags::take() {
  if (!user_.empty()) {
    std::erase_if(tags_, [](const Features::Tag& tag) { return tag.name == "user"; });
    if (tags_.size() == most_tags) tags_.pop_back();
    tags_.push_back({"user", std::move(user_)});
  }
  return std::move(tags_);
}

}  // namespace sluice::chat
