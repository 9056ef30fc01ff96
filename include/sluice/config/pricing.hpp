#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/config/config.hpp>
#include <sluice/config/model_table.hpp>
#include <sluice/ledger/price.hpp>

// What requests cost, by everything that says so.
namespace sluice::config {

// The price that is in a table's facts; nothing when they do not say enough: a price that is only half known is not
// known.
std::optional<ledger::Price> price_of(const ModelFacts& facts);

// A price and who says it.
struct PriceFound {
  ledger::Price price;
  std::string version;   // "file"; "catalogue"; or the date of the table of models
  bool assumed = false;  // nobody knows it: it is what the file says to take then
};

// What a model costs that a provider of this name and kind knows by this name. Asked in turn are the file (names
// written exactly before patterns, PROVIDER/MODEL before MODEL, of patterns the one that says most), the catalogue, for
// which servers of one's own cost nothing, and the table of models. Nothing when none of them knows, and nothing is to
// be assumed. Thread-safe; not for event loops: the first call reads the table, each one all of the file's prices.
std::optional<PriceFound> find_price(const Config& config, std::string_view provider, std::string_view kind,
                                     std::string_view model);

}  // namespace sluice::config
