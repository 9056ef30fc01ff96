#pragma once

#include <string>
#include <string_view>

#include <sluice/chat/conversation.hpp>

// JSON Schemas in the forms that some providers insist on.
namespace sluice::chat {

// A tool's schema with an object as its type, which others take for granted. Otherwise in its caller's bytes.
std::string object_schema(const RawJson& schema);

// An answer's schema for providers that follow it strictly: objects have no members beside those it names, and limits
// of lengths and values, which they refuse, are left out. In its writer's bytes where nothing has to be done; `changed`
// is set when that is not all the same to its writer.
std::string strict_schema(const RawJson& schema, bool& changed);

// How a model is asked for any JSON at all by a dialect that has no word for it.
inline constexpr std::string_view json_wish = "Answer with one JSON object and nothing else.";

}  // namespace sluice::chat
