#include "config/allowance.hpp"

namespace sluice::config {
namespace {

using ledger::Limit;

constexpr std::uint64_t most_of_a_limit = 1'000'000'000'000;
constexpr std::uint64_t most_concurrent = 1'000'000;

void read_usage_limits(const Value& value, Owner kind, ledger::Terms& terms) {
  const std::vector<Limit> possible = ledger::limit_kinds();
  std::vector<std::string> texts;
  texts.reserve(possible.size());
  for (const Limit& limit : possible) texts.push_back(limit.name());
  Names names(texts.begin(), texts.end());
  names.emplace_back("concurrent");
  if (kind == Owner::team) names.emplace_back("fair_share");
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
  if (kind != Owner::team) return;
  const Value fair_share = section["fair_share"];
  read_flag(fair_share, terms.fair_share);
  if (terms.fair_share && terms.limits.empty() && terms.concurrent == 0)
    fair_share.wrong("shares no limit", "write limits beside it, or remove it");
}

}  // namespace

ledger::Terms read_allowance(const Value& owner, Owner kind) {
  ledger::Terms terms;
  read_usage_limits(owner["limits"], kind, terms);
  terms.budgets = read_budgets(owner["budget"]);
  return terms;
}

}  // namespace sluice::config
