#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/config/config.hpp>
#include <sluice/gateway/token_keys.hpp>
#include <sluice/telemetry/log.hpp>
#include <sluice/telemetry/metrics.hpp>

#include "app/errands.hpp"
#include "app/token_key_fetch.hpp"
#include "app/trust_shelf.hpp"

namespace sluice::app {

// Where a configuration has the keys for tokens of callers.
struct TokenSource {
  config::Peer peer;                               // without a URL they are
  std::shared_ptr<const credential::KeySet> keys;  // those of a file; null: there are none
  std::shared_ptr<const net::Trust> trust;
  bool operator==(const TokenSource&) const = default;
};
// An Error says why its authorities cannot be used.
Result<TokenSource> token_source_of(const config::Config& config, TrustShelf& trusts);

// The keys for tokens of callers, from wherever the configuration in force has them. Whoever has it sees to it that one
// thread uses it at a time.
class TokenKeyring {
 public:
  // Clock and log outlive it. `agent` is how it names itself to those it asks.
  TokenKeyring(const Clock& clock, Log& log, std::string agent) : clock_(clock), log_(log), agent_(std::move(agent)) {}

  // From now on these are the keys: those that are known of that source; null: none yet. Those that are fetched are
  // told by `told`, on the errands' thread, with the fetch that they come from.
  std::shared_ptr<const TokenKeys> follow(const TokenSource& source, Errands& errands, const TokenKeyFetch::Told& told);
  // Takes what a fetch has told. False: it is not the one that is followed any more.
  bool take(const TokenKeyFetch* from, const std::shared_ptr<const TokenKeys>& keys);
  const std::shared_ptr<const TokenKeys>& keys() const { return keys_; }
  // Nothing when no keys are fetched.
  std::optional<Gauges::TokenKeys> gauges(TimePoint now) const;

 private:
  const Clock& clock_;
  Log& log_;
  const std::string agent_;
  TokenSource source_;
  std::shared_ptr<TokenKeyFetch> fetch_;  // null: nothing is fetched
  std::shared_ptr<const TokenKeys> keys_;
};

}  // namespace sluice::app
