#pragma once

#include <string>

#include <sluice/chat/conversation.hpp>

// JSON Schemas in the forms that some providers insist on.
namespace sluice::chat {

// A tool's schema with an object as its type, which others take for granted. Otherwise in its caller's bytes.
std::string object_schema(const RawJson& schema);

// An answer's schema for providers that follow it strictly: objects have no members beside those it names, and limits
// of lengths and values, which they refuse, are left out. In its writer's bytes where nothing has to be done; `changed`
// is set when that is not all the same to its writer.
std::string strict_schema(const RawJson& schema, bool& changed);

}  // namespace sluice::chat
