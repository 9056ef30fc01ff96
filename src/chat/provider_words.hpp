#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::chat {

// A provider's words as a caller may see them: on one line, without anything that looks like a credential, and cut
// to a length that hides no attack and no novel.
std::string presentable(std::string_view words);

// A time at the front of a text, in small letters: "6.7s", "644ms", "9 seconds", "1m0.36s". At most a minute. Nothing
// when there is none.
std::optional<std::chrono::milliseconds> duration_in(std::string_view text);

// How long a provider asks to wait in its own words: "try again in 6.7s", "retry after 9 seconds", "retry in 1m0.36s".
// At most a minute. Nothing when it does not say.
std::optional<std::chrono::milliseconds> wait_told_in(std::string_view words);

}  // namespace sluice::chat
