#pragma once

#include <string>
#include <string_view>

namespace sluice::chat {

// The arguments of a tool call for dialects that have them as a JSON object: as they are written, {} for nothing, and
// {"_raw":"…"} when the text is no object (or not meant to be JSON at all).
std::string arguments_object(std::string_view text, bool is_json = true);

// An id for a call that came without one, the answer's call of that number: unique in the answer, and over answers as
// far as they have ids. At most 40 letters, digits, "_" and "-", which all dialects take.
std::string minted_id(std::string_view answer_id, std::size_t number);

}  // namespace sluice::chat
