#pragma once

#include <string>
#include <string_view>

#include <sluice/base/error.hpp>

// What a provider quotes of our credential, kept from callers and logs.
namespace sluice {

// The text with asterisks in the place of the secret; `copy` is written only if that is in there.
inline std::string_view without_secret(std::string_view text, std::string_view secret, std::string& copy) {
  std::size_t found = secret.empty() ? std::string_view::npos : text.find(secret);
  if (found == std::string_view::npos) return text;
  copy = text;
  for (; found != std::string::npos; found = copy.find(secret, found)) copy.replace(found, secret.size(), "***");
  return copy;
}

inline Error without_secret(Error error, std::string_view secret) {
  std::string copy;
  const std::string_view shown = without_secret(error.message(), secret, copy);
  if (shown.data() != copy.data()) return error;
  return std::move(error).with_message(std::move(copy));
}

}  // namespace sluice
