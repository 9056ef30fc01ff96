#include <algorithm>
#include <array>
#include <utility>

#include "config/allowance.hpp"
#include "config/instants.hpp"
#include "config/lists.hpp"
#include "config/money.hpp"

namespace sluice::config {
namespace {

using ledger::Budget;
using Window = Budget::Window;

constexpr std::array<Window, 5> budget_windows{Window::hour, Window::day, Window::week, Window::month, Window::total};

// A mapping alone, or the items of a list of them.
std::vector<Value> mappings_of(const Value& value, const std::string& remedy) {
  if (!value.written()) return {};
  if (value.shape() == Shape::mapping) return {value};
  if (value.shape() == Shape::sequence) {
    auto items = value.items();
    if (items.empty()) value.wrong("has no value", remedy);
    return items;
  }
  value.wrong(value.empty() ? "has no value" : "found " + in_quotes(value.raw()), remedy);
  return {};
}

// An amount that has to be there.
void read_amount(const Value& value, ledger::NanoUsd& out) {
  if (!value.written()) return value.wrong("is missing", "write usd: AMOUNT");
  out = read_money(value).value_or(out);
}

void read_window(const Value& value, Window& out) {
  Names names;
  for (const Window window : budget_windows) names.push_back(to_string(window));
  if (!value.written()) return value.wrong("is missing", "write per: one of " + listed(names));
  std::string name;
  read_choice(value, names, name);
  for (const Window window : budget_windows) {
    if (to_string(window) == name) out = window;
  }
}

void read_calendar(const Value& value, const Budget& budget, std::string& zone) {
  read_text(value, zone);
  if (zone.empty()) return;
  if (budget.rolling || budget.window == Window::total)
    return value.wrong("has no effect: what is counted follows no calendar", "remove it");
  if (!ledger::Calendar::in(zone))
    value.wrong("no time zone is called " + in_quotes(value.raw()), "write a name like Europe/Berlin, or UTC");
}

void read_alerts(const Value& value, std::vector<std::uint8_t>& out) {
  for (const Value& item : one_or_more(value)) {
    std::uint64_t percent = 0;
    read_number(item, 1, 100, percent);
    if (percent == 0) continue;
    const auto narrow = static_cast<std::uint8_t>(percent);
    if (std::find(out.begin(), out.end(), narrow) != out.end()) {
      item.wrong("named twice", "keep one of them");
    } else {
      out.push_back(narrow);
    }
  }
  std::sort(out.begin(), out.end());
}

void read_raises(const Value& value, Budget& budget) {
  ledger::NanoUsd together = budget.amount;
  for (const Value& item : mappings_of(value, "write {usd: AMOUNT, until: TIME}, or remove the key")) {
    const Section section(item, {"usd", "until"});
    if (item.empty()) item.wrong("has no value", "write {usd: AMOUNT, until: TIME}");
    if (item.shape() != Shape::mapping) continue;
    Budget::Raise raise;
    read_amount(section["usd"], raise.amount);
    const Value until = section["until"];
    if (!until.written()) until.wrong("is missing", "write until when, like 2026-12-01T00:00:00Z");
    raise.until = read_instant(until).value_or(raise.until);
    if (raise.amount > most_money - together) {
      section["usd"].wrong("too much together with the budget and its other raises",
                           "write no more than " + std::to_string(most_money / ledger::one_usd) + " USD in all");
    } else {
      together += raise.amount;
      budget.raises.push_back(raise);
    }
  }
}

Budget read_budget(const Value& value) {
  Budget budget;
  const Section section(value, {"usd", "per", "rolling", "zone", "alerts", "raise"});
  if (value.empty()) value.wrong("has no value", "write {usd: AMOUNT, per: month}");
  if (value.shape() != Shape::mapping) return budget;
  read_amount(section["usd"], budget.amount);
  read_window(section["per"], budget.window);
  read_flag(section["rolling"], budget.rolling);
  if (budget.rolling && budget.window == Window::total) {
    section["rolling"].wrong("has no effect: a total has no window", "remove it");
    budget.rolling = false;
  }
  read_calendar(section["zone"], budget, budget.zone);
  read_alerts(section["alerts"], budget.alerts);
  read_raises(section["raise"], budget);
  return budget;
}

}  // namespace

std::vector<Budget> read_budgets(const Value& value) {
  std::vector<Budget> out;
  for (const Value& item : mappings_of(value, "write {usd: AMOUNT, per: month}, or remove the key")) {
    Budget budget = read_budget(item);
    const auto is_same = [&](const Budget& other) {
      return other.window == budget.window && other.rolling == budget.rolling;
    };
    if (item["per"].written() && std::any_of(out.begin(), out.end(), is_same))
      item["per"].wrong("another " + std::string(budget.rolling ? "rolling " : "") + "budget per " +
                            std::string(to_string(budget.window)) + " stands before it",
                        "keep the smaller one");
    out.push_back(std::move(budget));
  }
  return out;
}

}  // namespace sluice::config
