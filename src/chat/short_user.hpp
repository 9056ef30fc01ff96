#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>

namespace sluice::chat {

// OpenAI's APIs take an end user's identifier of at most so many characters.
inline constexpr std::size_t longest_user = 64;

// A longer one as its digest: still the same for the same user.
inline std::string short_user(const std::string& user) {
  if (user.size() <= longest_user) return user;
  const Digest digest = sha256(user);
  return hex(digest).substr(0, longest_user);
}

}  // namespace sluice::chat
