#include "gateway/caller_hints.hpp"

#include <charconv>
#include <chrono>
#include <string_view>

namespace sluice {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

CallerHints hints_of(std::span<const http::Field> fields) {
  CallerHints hints;
  if (const auto value = http::find(fields, "x-stainless-retry-count")) {
    hints.retries = number_in<unsigned>(*value).value_or(0);
  }
  if (const auto value = http::find(fields, "x-stainless-read-timeout")) {
    const double seconds = number_in<double>(*value).value_or(0);
    if (seconds >= 0.001 && seconds <= 86'400) {
      hints.patience = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    }
  }
  return hints;
}

}  // namespace sluice
