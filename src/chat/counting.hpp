#pragma once

#include <span>
#include <string_view>

#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// What the dialects' codecs of token counts share.
namespace sluice::chat {

// The request without what does not change what a model reads: how its answer is chosen, kept and billed.
Request only_what_is_read(const Request& request);
// Those of an object's members, as they are.
void write_members(json::Value object, std::span<const std::string_view> names, json::Writer& to);
// A count that an answer has under this name. An Error when it is none.
Result<TokenCount> read_count(std::string_view body, std::string_view name);

}  // namespace sluice::chat
