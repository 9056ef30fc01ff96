#pragma once

#include <optional>
#include <string>
#include <string_view>

// Bytes as text (RFC 4648 §4), with padding.
namespace sluice::chat {

std::string to_base64(std::string_view bytes);

// Nothing when the text is not what to_base64() would write.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace sluice::chat
