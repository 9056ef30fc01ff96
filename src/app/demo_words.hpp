#pragma once

#include <cstddef>
#include <string_view>

// Words are the demo provider's tokens: runs of anything but ASCII white space.
namespace sluice::app {

std::size_t count_words(std::string_view text);

// Where the word ends that begins at or after `from`. White space that no word follows belongs to the last
// word, so that cutting a text at these places loses nothing.
std::size_t end_of_word(std::string_view text, std::size_t from);

// The front of `text` up to the end of its `count`th word; all of it when it has no more words than that.
std::string_view first_words(std::string_view text, std::size_t count);

// Whether `name` occurs in `text` and is not merely part of a longer identifier.
bool mentions(std::string_view text, std::string_view name);

}  // namespace sluice::app
