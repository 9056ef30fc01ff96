#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::credential {

// Whether this is a character of the alphabet of RFC 4648 §5.
bool is_base64url(char c);

// The bytes that stand behind `text` (RFC 7515 §2): that alphabet, no padding, and of all texts for the same bytes
// the one that has no bits to spare. Nothing for any other text.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace sluice::credential
