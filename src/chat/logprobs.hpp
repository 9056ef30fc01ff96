#pragma once

#include <string>
#include <string_view>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// Entries of logprobs as conversations carry them, where a provider says less than OpenAI's readers are promised.
namespace sluice::chat {

// The member `bytes` of a token's entry.
void write_bytes(json::Writer& to, std::string_view token);
// A list of entries on one line, all with their `bytes` and `top_logprobs`; those that have them are as they were.
std::string complete_logprobs(json::Value entries);

}  // namespace sluice::chat
