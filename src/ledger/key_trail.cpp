#include "ledger/key_trail.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/ledger/terms_words.hpp>

#include "ledger/audit_chain.hpp"

namespace sluice::ledger {
namespace {

std::string joined(const std::vector<std::string>& items, std::string_view between) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : between).append(item);
  return text;
}

std::string comma_list(const std::optional<std::vector<std::string>>& items) {
  return items ? joined(*items, ",") : "";
}

std::string exhausted_words(const std::optional<std::string>& exhausted) {
  if (!exhausted) return "";
  return exhausted->empty() ? "refuse" : "downgrade " + *exhausted;
}

// Everything that may change, by name; empty texts are what is so by itself.
AuditDetails rules_of(const NewKey& key) {
  return {{"models", comma_list(key.models)},
          {"endpoints", comma_list(key.endpoints)},
          {"cidrs", joined(key.cidrs, ",")},
          {"expires_at_us", key.expires_at ? std::to_string(microseconds_of(*key.expires_at)) : ""},
          {"limits", joined(limit_words(key.terms), ",")},
          {"budget", joined(budget_words(key.terms), "; ")},
          {"on_exhausted", exhausted_words(key.exhausted)}};
}

}  // namespace

AuditDetails creation_details(const NewKey& wanted) {
  AuditDetails details{{"name", wanted.name}};
  if (!wanted.team.empty()) details.emplace_back("team", wanted.team);
  for (auto& rule : rules_of(wanted)) {
    if (!rule.second.empty()) details.push_back(std::move(rule));
  }
  return details;
}

AuditDetails change_details(const NewKey& before, const NewKey& after) {
  const AuditDetails old = rules_of(before);
  const AuditDetails fresh = rules_of(after);
  AuditDetails details;
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (old[i].second == fresh[i].second) continue;
    details.emplace_back(old[i].first + "_before", old[i].second);
    details.emplace_back(fresh[i].first + "_after", fresh[i].second);
  }
  return details;
}

}  // namespace sluice::ledger
