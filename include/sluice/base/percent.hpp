#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends `text` percent-encoded (RFC 3986 §2.1): all bytes but letters, digits and -._~.
void append_percent_encoded(std::string& out, std::string_view text);

// Appends the text behind an encoding; a % without two hexadecimal digits stays what it is.
void append_percent_decoded(std::string& out, std::string_view text);
std::string percent_decoded(std::string_view text);

}  // namespace sluice
