#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// ASCII comparison; field names and the like (RFC 9110 §5.1).
bool equals_ignoring_case(std::string_view left, std::string_view right);

// Whether `text` matches `pattern`, in which each `*` stands for any run of characters, also an empty one.
bool glob_matches(std::string_view pattern, std::string_view text);

// Without the spaces and tabs around it (RFC 9110 §5.6.3).
std::string_view trimmed(std::string_view text);

// Digits only, no sign, no spaces, no overflow; nothing otherwise.
std::optional<std::uint64_t> parse_decimal(std::string_view digits);

// Two digits for each byte, in lower case.
std::string hex(std::span<const std::uint8_t> bytes);

// Appends `text` as the inside of a JSON string (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD,
// so the result is valid JSON whatever came in.
void append_json_escaped(std::string& out, std::string_view text);

// The name in `known` nearest to `name`, if it is near enough to be what was meant (edit distance).
template <class Names>
std::optional<std::string_view> nearest_name(std::string_view name, const Names& known);

// Edits (insert, delete, replace, swap neighbours) from one word to the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

template <class Names>
std::optional<std::string_view> nearest_name(std::string_view name, const Names& known) {
  std::optional<std::string_view> best;
  std::size_t least = name.size() / 3 + 2;  // a third of the word may be wrong, and one more
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      best = std::string_view(candidate);
    }
  }
  return best;
}

}  // namespace sluice
