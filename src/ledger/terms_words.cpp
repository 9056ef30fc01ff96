#include <sluice/ledger/terms_words.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <sluice/base/text.hpp>
#include <sluice/base/utc_text.hpp>

namespace sluice::ledger {
namespace {

using Window = Budget::Window;

constexpr std::string_view for_places = "concurrent";
constexpr std::array<Window, 5> all_windows{Window::hour, Window::day, Window::week, Window::month, Window::total};

// What stands before the mark, which is taken off too; all of it where there is no mark.
std::string_view take_until(std::string_view& text, char mark) {
  const std::string_view taken = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return taken;
}

std::string words_of(const Budget& budget) {
  std::string words = usd(budget.amount) + '/' + std::string(to_string(budget.window));
  if (budget.rolling) words += " rolling";
  if (!budget.zone.empty()) words += " zone=" + budget.zone;
  for (const std::uint8_t percent : budget.alerts) {
    words += (percent == budget.alerts.front() ? " alerts=" : ",") + std::to_string(percent);
  }
  for (const Budget::Raise& raise : budget.raises) words += " raise=" + usd(raise.amount) + '@' + utc_text(raise.until);
  return words;
}

bool read_window(std::string_view word, Window& window) {
  const auto* const found =
      std::find_if(all_windows.begin(), all_windows.end(), [&](Window one) { return to_string(one) == word; });
  if (found == all_windows.end()) return false;
  window = *found;
  return true;
}

bool read_alerts(std::string_view list, std::vector<std::uint8_t>& alerts) {
  while (!list.empty()) {
    const auto percent = parse_decimal(take_until(list, ','));
    if (!percent || *percent > 100) return false;
    alerts.push_back(static_cast<std::uint8_t>(*percent));
  }
  return true;
}

bool read_raise(std::string_view text, std::vector<Budget::Raise>& raises) {
  const auto amount = usd_in(take_until(text, '@'));
  const auto until = parse_utc(text);
  if (!amount || !until) return false;
  raises.push_back({*amount, *until});
  return true;
}

// One of the words behind a budget's amount and window.
bool read_more(std::string_view word, Budget& budget) {
  const std::string_view name = take_until(word, '=');
  if (name == "rolling") return budget.rolling = true;
  if (name == "zone") return !(budget.zone = word).empty();
  if (name == "alerts") return read_alerts(word, budget.alerts);
  return name == "raise" && read_raise(word, budget.raises);
}

}  // namespace

std::vector<std::string> limit_words(const Terms& terms) {
  std::vector<std::string> words;
  words.reserve(terms.limits.size() + 1);
  for (const Limit& limit : terms.limits) words.push_back(limit.name() + '=' + std::to_string(limit.amount));
  if (terms.concurrent != 0) words.push_back(std::string(for_places) + '=' + std::to_string(terms.concurrent));
  return words;
}

std::vector<std::string> budget_words(const Terms& terms) {
  std::vector<std::string> words;
  words.reserve(terms.budgets.size());
  for (const Budget& budget : terms.budgets) words.push_back(words_of(budget));
  return words;
}

bool add_limit_words(std::string_view words, Terms& terms) {
  const std::string_view name = take_until(words, '=');
  const auto amount = parse_decimal(words);
  if (!amount || *amount == 0) return false;
  if (name == for_places) {
    if (*amount > std::numeric_limits<std::uint32_t>::max()) return false;
    terms.concurrent = static_cast<std::uint32_t>(*amount);
    return true;
  }
  for (Limit& kind : limit_kinds()) {
    if (kind.name() != name) continue;
    kind.amount = *amount;
    terms.limits.push_back(kind);
    return true;
  }
  return false;
}

bool add_budget_words(std::string_view words, Terms& terms) {
  Budget budget;
  const auto amount = usd_in(take_until(words, '/'));
  if (!amount || !read_window(take_until(words, ' '), budget.window)) return false;
  budget.amount = *amount;
  while (!words.empty()) {
    if (!read_more(take_until(words, ' '), budget)) return false;
  }
  terms.budgets.push_back(std::move(budget));
  return true;
}

}  // namespace sluice::ledger
