#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <sluice/config/config.hpp>
#include <sluice/ledger/price.hpp>
#include <sluice/ledger/record.hpp>

namespace sluice::app {

// The prices that a configuration and the shipped table say, for what was used under others. Looks each model of each
// provider up once. For one thread at a time.
class PricesOf {
 public:
  explicit PricesOf(config::Config config) : config_(std::move(config)) {}

  // What an attempt would cost; nothing where no price of its model is known. A provider that the configuration does
  // not name any more is taken for one of the kind of that name.
  std::optional<ledger::NanoUsd> operator()(const ledger::AttemptRecord& attempt);

 private:
  std::optional<ledger::Price> look_up(const std::string& provider, const std::string& model) const;

  config::Config config_;
  std::map<std::pair<std::string, std::string>, std::optional<ledger::Price>> known_;
};

}  // namespace sluice::app
