#pragma once

#include <string_view>
#include <vector>

#include "app/demo_completion.hpp"

namespace sluice::app {

// Which of the request's tools the demo calls, and with what: the one `tool_choice` forces; else those the user
// mentioned; else, when a call is required, the first. Empty when the answer is to be a text, as it always is
// after a tool's result: otherwise a loop that calls tools until there is a text would never end.
// Refuses malformed tools and a choice that no tool matches.
Result<std::vector<DemoToolCall>> choose_tools(const Json& request, std::string_view user, bool after_tool,
                                               std::string_view hash);

}  // namespace sluice::app
