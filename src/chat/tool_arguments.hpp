#pragma once

#include <string>
#include <string_view>

namespace sluice::chat {

// The arguments of a tool call for dialects that have them as a JSON object: as they are written, {} for nothing, and
// {"_raw":"…"} when the text is no object (or not meant to be JSON at all).
std::string arguments_object(std::string_view text, bool is_json = true);

}  // namespace sluice::chat
