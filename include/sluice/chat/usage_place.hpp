#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::chat {

// Where a further member of an answer's `usage` goes, in a whole answer or in an event of a stream: before that
// object's closing brace. Looks for it among the answer's own members, and inside `response`, `message` and `delta`,
// where some dialects have it in events. Nothing where there is none, where it is empty, or where it has a `cost`
// already, which is the provider's own word.
std::optional<std::size_t> end_of_usage(std::string_view json);

}  // namespace sluice::chat
