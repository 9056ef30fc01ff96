#include "config/money.hpp"

#include <algorithm>

namespace sluice::config {
namespace {

bool is_digits_and_points(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Why it is no amount of money, in the words of a remedy.
std::string remedy_for(std::string_view text) {
  constexpr std::size_t most_decimals = 9;
  constexpr std::string_view usual = "write USD as digits, with a point where it needs one: 20, or 0.5";
  if (text.starts_with('-')) return "an amount cannot be less than 0";
  const std::size_t point = text.find('.');
  if (!is_digits_and_points(text) || point == 0 || text.find('.', point + 1) < text.size() || text.ends_with('.'))
    return std::string(usual);
  if (point != std::string_view::npos && text.size() - point - 1 > most_decimals)
    return "write nine decimals at most: a nano-USD is as fine as money is counted";
  return "write no more than " + std::to_string(most_money / ledger::one_usd) + " USD";
}

}  // namespace

std::optional<ledger::NanoUsd> read_money(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto amount = ledger::usd_in(*text);
  if (amount && *amount <= most_money) return amount;
  value.wrong("found " + in_quotes(value.raw()), remedy_for(*text));
  return std::nullopt;
}

}  // namespace sluice::config
