#include "config/allowance.hpp"

namespace sluice::config {
namespace {

using ledger::Limit;

constexpr std::uint64_t most_of_a_limit = 1'000'000'000'000;
constexpr std::uint64_t most_concurrent = 1'000'000;

// Each limit that can be written, with an amount of 0.
std::vector<Limit> possible_limits() {
  using What = Limit::What;
  using Per = Limit::Per;
  std::vector<Limit> out;
  for (const What what : {What::requests, What::tokens, What::input_tokens, What::output_tokens}) {
    for (const Per per : {Per::second, Per::minute, Per::hour, Per::day}) out.push_back({what, per, 0});
  }
  return out;
}

void read_usage_limits(const Value& value, ledger::Terms& terms) {
  const std::vector<Limit> possible = possible_limits();
  std::vector<std::string> texts;
  for (const Limit& limit : possible) texts.push_back(limit.name());
  Names names(texts.begin(), texts.end());
  names.emplace_back("concurrent");
  const Section section(value, names);
  if (value.written() && value.empty()) value.wrong("has no value", "write {rpm: NUMBER}, or remove the key");
  for (std::size_t i = 0; i < possible.size(); ++i) {
    Limit limit = possible[i];
    read_number(section[texts[i]], 1, most_of_a_limit, limit.amount);
    if (limit.amount != 0) terms.limits.push_back(limit);
  }
  std::uint64_t concurrent = 0;
  read_number(section["concurrent"], 1, most_concurrent, concurrent);
  terms.concurrent = static_cast<std::uint32_t>(concurrent);
}

}  // namespace

ledger::Terms read_allowance(const Value& owner) {
  ledger::Terms terms;
  read_usage_limits(owner["limits"], terms);
  terms.budgets = read_budgets(owner["budget"]);
  return terms;
}

}  // namespace sluice::config
