#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

#include "chat/json_scalars.hpp"

// Reads JSON (RFC 8259) where it lies: checks the whole text and says where the members of the outermost
// object are, without building anything. The one place that knows which library finds the structure.
namespace sluice::chat::json {

// Limits on what is accepted at all, beside max_number; a reader with a stack or a tree could be hurt by more.
inline constexpr std::size_t max_depth = 128;       // objects and arrays around a value
inline constexpr std::size_t max_members = 10'000;  // of one object

// What a value is. `none`: there is no such value.
enum class Kind : std::uint8_t { none, null, no, yes, number, string, object, array };

// A member of the outermost object: `name` is what the reader is asked for, the rest is its answer.
struct Member {
  // The name as it means, not as it is spelled: `model` finds "mod\u0065l".
  std::string_view name;
  bool is_prefix = false;   // every name is wanted that begins with `name`
  Kind kind = Kind::none;   // if it is there several times: of the last, as most JSON readers take it
  bool repeated = false;    // it is there several times
  bool other_case = false;  // a member is there whose name differs only in case
  bool empty = false;       // {} or []
  Range value{};            // offsets in the text; of a string with its quotes
};

// Whether a text is one JSON value, and if not, why and about where.
struct Verdict {
  std::string_view problem;  // a literal, to be read after "The body is not valid JSON: "; empty when there is none
  std::size_t at = 0;        // the offset of the problem
  Kind root = Kind::none;
  Range value{};  // the outermost value without the white space around it

  explicit operator bool() const { return problem.empty(); }
};

// Accepts exactly the texts of RFC 8259 in UTF-8 without byte order mark that keep the limits above, whose
// numbers are finite as doubles, and whose escapes form no lone surrogates. Never reads past the text.
//
// Each thread keeps one buffer for the offsets of the structure, 4 bytes per byte of the longest text so far,
// and gives it back at once when that text was longer than 4 MiB; so reading does not allocate after
// warm-up, save for names spelled with escapes.
Verdict read(std::string_view text, std::span<Member> wanted = {});

// What a string member of `text` says: a view into `text`, or into `scratch` if it was written with escapes.
// Nothing when the member is no string.
std::optional<std::string_view> string_of(const Member& member, std::string_view text, std::string& scratch);

// The bytes of a member's value.
inline std::string_view value_of(const Member& member, std::string_view text) {
  return text.substr(member.value.begin, member.value.end - member.value.begin);
}

// Whether `part` stands somewhere in the text: faster than reading it. What a model wrote cannot look like a quoted
// word, because its quotes are escaped.
bool mentions(std::string_view text, std::string_view part);

// Where `quoted` stands in the text, at or behind `from`; npos: nowhere.
std::size_t find_quoted(std::string_view text, std::string_view quoted, std::size_t from);

// Where the value of a member begins whose name ends at `after_name`, or the end if this was no name.
std::size_t value_begin(std::string_view text, std::size_t after_name);

// Whether the text may tell of an error: has a member of that name with an object or some text, or "object":"error".
bool may_have_error(std::string_view text);

// The text without white space at its ends.
std::string_view trimmed(std::string_view text);

// The same JSON without line ends, which are only ever between values: spaces stand in their place.
std::string on_one_line(std::string_view json);

}  // namespace sluice::chat::json
