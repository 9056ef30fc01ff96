#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/error.hpp>

// What a provider's failure means to us, once its dialect has been read.
namespace sluice::chat {

enum class FailureClass : std::uint8_t {
  server,
  overloaded,
  rate,
  quota,
  credential,
  timeout,
  overflow,   // the conversation is longer than the model reads
  not_found,  // the model
  missing,    // something else that the request names, or the path
  too_large,  // the body
  filtered,   // what the request says is not allowed there
  refusal,    // any other complaint about the request
};

std::optional<FailureClass> class_of_status(int status);

// Whether a message has one of these phrases, which are in lower case, in it.
bool says(std::string_view message, std::initializer_list<std::string_view> phrases);
// Whether a message complains that the conversation is too long, in any provider's words.
bool says_overflow(std::string_view message);
// Whether a message complains about what the conversation says, in any provider's words.
bool says_filtered(std::string_view message);
// Which of the two a status 404 is, by its words. Without any it is the model: nothing else is asked for by most.
FailureClass class_of_absence(std::string_view message);

// The error, with the provider's own words, which are made presentable here, where they concern the caller.
Error failure_of(FailureClass what, std::string_view words);
// The provider's answer makes no sense; `message` says so in our own words.
Error unreadable(std::string message);

}  // namespace sluice::chat
