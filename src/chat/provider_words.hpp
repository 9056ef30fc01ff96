#pragma once

#include <string>
#include <string_view>

namespace sluice::chat {

// A provider's words as a caller may see them: on one line, without anything that looks like a credential, and cut
// to a length that hides no attack and no novel.
std::string presentable(std::string_view words);

}  // namespace sluice::chat
