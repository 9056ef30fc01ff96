#pragma once

#include <simdjson.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "chat/json_walk.hpp"

namespace sluice::chat::json {

// Compares read() with another reader of JSON, simdjson's tree. Where they may differ is listed here and nowhere else.
// Returns what is wrong, or nothing.
inline std::string disagreement(std::string_view text) {
  static simdjson::dom::parser parser = [] {
    simdjson::dom::parser made;
    // Its depth counts one more than the brackets around a value.
    if (made.allocate(1 << 16, max_depth + 1) != simdjson::SUCCESS) std::abort();
    return made;
  }();
  const Verdict ours = read(text);
  simdjson::dom::element root;
  const simdjson::error_code theirs = parser.parse(simdjson::padded_string(text)).get(root);
  const bool accepted = theirs == simdjson::SUCCESS;
  if (static_cast<bool>(ours) == accepted) return {};
  // It has no type for integers of more than 64 bits; RFC 8259 does not limit them.
  if (ours && theirs == simdjson::NUMBER_ERROR) return {};
  // Our own limits, escapes of lone low surrogates, which it lets pass, and an empty bracket pair at depth 129,
  // which it does not count.
  for (const std::string_view stricter :
       {"a number is too long", "an object has too many members", "an escape is wrong", "it is nested too deeply"}) {
    if (accepted && ours.problem == stricter) return {};
  }
  return std::string(ours ? "only we accept: " : "only they accept: ") + std::string(ours.problem) + " / " +
         simdjson::error_message(theirs);
}

}  // namespace sluice::chat::json
