#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

// The parts of the openai_chat dialect that have no state and a file of their own.
namespace sluice::chat::openai {

// The token counts in a `usage` object, made disjoint. Nothing if it is no object, has no count of the prompt, or
// if a count in it is negative, fractional, greater than 2^53 or no number: a wrong count must not become money.
std::optional<Usage> read_usage(std::string_view object);

// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

// Dialect::decode_error and Dialect::encode_error.
Error decode_failure(int status, std::string_view body);
void encode_failure(const Error& error, std::string& out);

}  // namespace sluice::chat::openai
