#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/json_walk.hpp"

namespace sluice::chat::json {

// Goes along a text that is known to be JSON, from value to value: for readers that want a little of it and pass over
// the rest at the speed of memory. Nothing is checked, built or copied. In a text that is no JSON it finds no sense,
// but ends, and never reads outside.
//
// Whoever is before a value takes it (skip), or goes into it and takes all that is inside:
//   if (cursor.enter()) while (cursor.next_member()) cursor.skip();
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // What the value ahead is, by its first byte.
  Kind kind();
  // Goes behind the value ahead. Its bytes.
  std::string_view skip();
  // Goes into the object or array ahead; if it is neither, it is passed over and the answer is no.
  bool enter();
  // To the next value inside of the object or array that was entered last; behind that when there is none.
  bool next_member();
  bool next_item();
  // The name of the member that next_member() found, as it means; until the next one.
  std::string_view name() const { return name_; }

 private:
  void pass_spaces();
  std::size_t end_of_string(std::size_t at) const;
  std::size_t end_of_nest(std::size_t at) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view name_{};
  std::string unescaped_{};
};

// What stands between a string's quotes.
inline std::string_view inside(std::string_view quoted) {
  return quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
}

// How many bytes the inside of a string means, its escapes resolved (in UTF-8).
std::size_t meant_bytes(std::string_view inside);

// Whether a value is something else than a literal or number, "", [] and {}.
bool says_something(std::string_view value);
// How many items a list has; none where it is no list.
std::uint32_t items_in(std::string_view list);

}  // namespace sluice::chat::json
