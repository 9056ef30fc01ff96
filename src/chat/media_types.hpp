#pragma once

#include <string>
#include <string_view>

#include <sluice/chat/conversation.hpp>

// What kind of data a medium is (RFC 6838), however its writer put it.
namespace sluice::chat {

// Of what stands at an address or in a file of that name, as far as the name tells; empty: it does not.
std::string_view type_by_name(std::string_view name);

// A type as providers compare it: without parameters, in small letters, by its registered name.
std::string registered_type(std::string_view type);

// The type of a medium, by what was said of it, else by its name or its first bytes; empty: nobody can tell.
std::string type_of(const Media& media);

}  // namespace sluice::chat
