#include "chat/provider_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include <sluice/base/text.hpp>

namespace sluice::chat {
namespace {

constexpr std::size_t longest_message = 512;  // bytes of the provider's own words that a caller is shown

constexpr bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

constexpr bool is_key_byte(char c) { return is_word_byte(c) || c == '-' || c == '.' || c == '*'; }

// How many bytes at the front of `text` look like a credential: a known beginning with at least a few bytes behind
// it, or a word of 32 bytes or more that has both letters and digits, as no word of a language has.
std::size_t credential_length(std::string_view text) {
  constexpr std::array<std::string_view, 8> beginnings{"sk-", "gsk_", "xai-", "AIza", "hf_", "AKIA", "eyJ", "pplx-"};
  for (const std::string_view beginning : beginnings) {
    if (!text.starts_with(beginning)) continue;
    const auto end =
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(beginning.size()), text.end(), is_key_byte);
    const auto length = static_cast<std::size_t>(end - text.begin());
    if (length >= beginning.size() + 4) return length;
  }
  const auto end = std::find_if_not(text.begin(), text.end(), is_word_byte);
  const bool digits = std::any_of(text.begin(), end, [](char c) { return c >= '0' && c <= '9'; });
  const bool letters = std::any_of(text.begin(), end, [](char c) { return c > '9' && c != '_'; });
  const auto length = static_cast<std::size_t>(end - text.begin());
  return length >= 32 && digits && letters ? length : 0;
}

// The length of a "Bearer " and what follows it, or 0.
std::size_t bearer_length(std::string_view text) {
  constexpr std::string_view scheme = "bearer ";
  if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) return 0;
  const std::size_t end = text.find_first_of(" \t\r\n\"',", scheme.size());
  return end == std::string_view::npos ? text.size() : end;
}

}  // namespace

std::string presentable(std::string_view words) {
  words = words.substr(0, 16 * longest_message);
  std::string shown;
  for (std::size_t at = 0; at < words.size() && shown.size() <= longest_message;) {
    const std::string_view rest = words.substr(at);
    const bool at_word = at == 0 || !is_word_byte(words[at - 1]);
    const std::size_t bearer = at_word ? bearer_length(rest) : 0;
    const std::size_t hidden = bearer != 0 || !at_word ? bearer : credential_length(rest);
    if (hidden != 0) {
      shown += bearer != 0 ? "Bearer ***" : "***";
      at += hidden;
    } else {
      const char c = words[at++];
      shown.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
    }
  }
  if (shown.size() > longest_message) {
    std::size_t end = longest_message;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0) == 0x80) --end;
    shown.resize(end);
  }
  return shown;
}

std::optional<std::chrono::milliseconds> duration_in(std::string_view text) {
  constexpr double longest = 60'000;
  double milliseconds = 0;
  bool any = false;
  for (;;) {
    double number = 0;
    const auto [behind, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(number) || number < 0) break;
    text = trimmed(text.substr(static_cast<std::size_t>(behind - text.data())));
    const bool is_thousandth = text.starts_with("ms") || text.starts_with("millisecond");
    const bool is_minute = !is_thousandth && text.starts_with('m');
    if (!is_thousandth && !is_minute && !text.starts_with('s')) break;
    milliseconds += number * (is_thousandth ? 1 : is_minute ? 60'000 : 1'000);
    any = true;
    if (!is_minute) break;
    text.remove_prefix(1);  // seconds may follow
  }
  if (!any || milliseconds <= 0) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(std::min(milliseconds, longest))));
}

std::optional<std::chrono::milliseconds> wait_told_in(std::string_view words) {
  constexpr std::array<std::string_view, 3> phrases{"try again in ", "retry after ", "retry in "};
  std::string lower(words.substr(0, 4096));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  for (const std::string_view phrase : phrases) {
    const std::size_t at = lower.find(phrase);
    if (at != std::string::npos) return duration_in(std::string_view(lower).substr(at + phrase.size()));
  }
  return std::nullopt;
}

}  // namespace sluice::chat
