#include "chat/opening.hpp"

#include <algorithm>
#include <array>

namespace sluice::chat {

void Opening::enter(KeyedHash* hash) {
  hash_ = hash;
  name_ = {};
  is_cache_mark_ = false;
}

void Opening::note_name(std::string_view name) {
  constexpr std::array<std::string_view, 3> cache_marks{"cache_control", "cachePoint", "prompt_cache_breakpoint"};
  if (hash_ == nullptr) return;
  name_ = name;
  is_cache_mark_ = std::find(cache_marks.begin(), cache_marks.end(), name) != cache_marks.end();
}

void Opening::note_value(std::string_view value) {
  if (hash_ == nullptr || is_cache_mark_) return;
  // With lengths before them no two beginnings are cut differently and look the same.
  hash_->add(name_.size());
  hash_->add(name_);
  hash_->add(value.size());
  hash_->add(value);
}

std::uint64_t Opening::value() const {
  if (!user_spoke_ || !is_wanted_) return 0;
  KeyedHash both = instructions_;
  both.add(said_.value());
  return std::max<std::uint64_t>(both.value(), 1);
}

}  // namespace sluice::chat
