#include "gateway/translation_limits.hpp"

#include <cstddef>

namespace sluice {
namespace {

constexpr std::size_t most_values_of_a_conversation = 100'000;
constexpr std::size_t most_values = 1'000'000;
constexpr std::size_t most_tools = 1'000;
// Memory for a value: of a conversation, where the smallest may be a tool or a message; and of an operation, whose
// token numbers stay in their writer's bytes.
constexpr std::size_t bytes_per_part = 512;
constexpr std::size_t bytes_per_place = 64;

}  // namespace

bool converses(const Exchange& exchange) { return exchange.spoken.caller_codec(exchange.endpoint.task) != nullptr; }

Result<Ok> make_room(Exchange& exchange) {
  const bool is_conversation = converses(exchange);
  const std::size_t most = is_conversation ? most_values_of_a_conversation : most_values;
  const std::size_t values = chat::count_values(exchange.body, most);
  if (values >= most) {
    return Error(Fault::bad_request, Blame::client, "invalid_request",
                 "The request has too many JSON values to be translated for its model's provider.");
  }
  const std::size_t each = is_conversation ? bytes_per_part : bytes_per_place;
  if (exchange.incoming.hold(2 * exchange.body.size() + values * each)) return Ok{};
  return Error(Fault::unavailable, Blame::gateway, "service_unavailable",
               "The gateway holds as many request bodies as it may; try again shortly.");
}

Result<Ok> check_tools(const chat::Request& request) {
  if (request.tools.size() > most_tools || request.tool_choice.only.size() > most_tools) {
    return Error(Fault::bad_request, Blame::client, "invalid_request",
                 "The request has too many tools to be translated for its model's provider.")
        .with_param("tools");
  }
  return Ok{};
}

bool is_too_large(std::string_view answer) { return chat::count_values(answer, most_values) >= most_values; }

}  // namespace sluice
