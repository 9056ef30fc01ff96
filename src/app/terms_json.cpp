#include "app/terms_json.hpp"

#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/money.hpp>

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

Json budget_json(const ledger::Budget& budget) {
  Json json;
  json["usd"] = ledger::usd(budget.amount);
  json["per"] = to_string(budget.window);
  if (budget.rolling) json["rolling"] = true;
  if (!budget.zone.empty()) json["zone"] = budget.zone;
  if (!budget.alerts.empty()) json["alerts"] = budget.alerts;
  for (const ledger::Budget::Raise& raise : budget.raises) {
    json["raise"].push_back(Json{{"usd", ledger::usd(raise.amount)}, {"until", utc_text(raise.until)}});
  }
  return json;
}

}  // namespace

void add_terms(const ledger::Terms& terms, Json& owner) {
  Json& limits = owner["limits"] = Json::object();
  for (const ledger::Limit& limit : terms.limits) limits[limit.name()] = limit.amount;
  if (terms.concurrent != 0) limits["concurrent"] = terms.concurrent;
  if (terms.fair_share) limits["fair_share"] = true;
  Json& budgets = owner["budget"] = Json::array();
  for (const ledger::Budget& budget : terms.budgets) budgets.push_back(budget_json(budget));
}

Json exhausted_json(const std::string& downgrade) {
  if (downgrade.empty()) return "refuse";
  return {{"downgrade", downgrade}};
}

}  // namespace sluice::app
