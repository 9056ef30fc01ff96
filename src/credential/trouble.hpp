#pragma once

#include <string>
#include <string_view>

#include <sluice/base/error.hpp>

namespace sluice::credential {

// Why there is no credential: for operators, never with anything secret in it.
inline Error trouble(std::string why) {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_auth", std::move(why)).worth_retrying();
}

// Whether this can stand in a header field: visible ASCII without spaces, and not nothing.
inline bool is_sendable(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F) return false;
  }
  return true;
}

}  // namespace sluice::credential
