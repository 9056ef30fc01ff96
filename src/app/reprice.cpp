#include "app/reprice.hpp"

#include <algorithm>

#include <sluice/config/pricing.hpp>

namespace sluice::app {

std::optional<ledger::NanoUsd> PricesOf::operator()(const ledger::AttemptRecord& attempt) {
  const auto [place, is_new] = known_.try_emplace({attempt.provider, attempt.model});
  if (is_new) place->second = look_up(attempt.provider, attempt.model);
  if (!place->second) return std::nullopt;
  return ledger::cost_of(*place->second, attempt.counts);
}

std::optional<ledger::Price> PricesOf::look_up(const std::string& provider, const std::string& model) const {
  const auto named = std::find_if(config_.providers.begin(), config_.providers.end(),
                                  [&](const config::Provider& one) { return one.name == provider; });
  const std::string& kind = named != config_.providers.end() ? named->kind : provider;
  auto found = config::find_price(config_, provider, kind, model);
  // What is only assumed is no price under which something was sold.
  if (!found || found->assumed) return std::nullopt;
  return std::move(found->price);
}

}  // namespace sluice::app
