#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/keyed_hash.hpp>

namespace sluice::chat {

// The beginning of a conversation as a number: instructions, and the messages up to the first of a user. Told while a
// request is read, value by value. Which of the two comes first in a body does not matter, nor do white space and marks
// of what a cache shall keep, which move from turn to turn.
class Opening {
 public:
  // Hash keys make it unpredictable to callers. `is_wanted`: requests that are no conversation have none.
  Opening(std::uint64_t hash_key, bool is_wanted) : instructions_(hash_key), said_(hash_key), is_wanted_(is_wanted) {}

  // Whose what follows is, until leave().
  void enter_instructions() { enter(is_wanted_ ? &instructions_ : nullptr); }
  void enter_message() { enter(is_wanted_ && !user_spoke_ ? &said_ : nullptr); }
  void leave() { enter(nullptr); }

  // The member whose values follow; empty for items of a list. Borrowed until the next one.
  void note_name(std::string_view name);
  void note_value(std::string_view value);
  // The message that was read last is a user's.
  void note_user() { user_spoke_ = true; }

  // 0: there is none.
  std::uint64_t value() const;

 private:
  void enter(KeyedHash* hash);

  KeyedHash instructions_;
  KeyedHash said_;
  KeyedHash* hash_ = nullptr;  // where values belong now, if anywhere
  std::string_view name_{};
  bool is_cache_mark_ = false;
  bool is_wanted_ = false;
  bool user_spoke_ = false;
};

}  // namespace sluice::chat
