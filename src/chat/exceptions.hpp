#pragma once

#include <string_view>

#include <sluice/base/error.hpp>

// Failures that are told by the name of an exception: {"message"}, the name in a field, in `__type` or in the headers
// of a binary frame. What stands in front of several dialects speaks so.
namespace sluice::chat {

// What such a failure means, from its JSON, its text or the whole frame. `status`: 200 inside of a stream. `type`: the
// exception's name, where it is known.
Error read_exception(int status, std::string_view body, std::string_view type = {});

}  // namespace sluice::chat
