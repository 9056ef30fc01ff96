#include "app/token_keyring.hpp"

#include <sluice/credential/spread.hpp>

namespace sluice::app {

Result<TokenSource> token_source_of(const config::Config& config, TrustShelf& trusts) {
  TokenSource source;
  if (!config.jwt) return source;
  source.peer = config.jwt->jwks;
  source.keys = config.jwt->keys;
  auto trust = trust_for(source.peer, trusts);
  if (!trust) return std::move(trust).error();
  source.trust = *std::move(trust);
  return source;
}

std::shared_ptr<const TokenKeys> TokenKeyring::follow(const TokenSource& source, Errands& errands,
                                                      const TokenKeyFetch::Told& told) {
  if (source == source_) return keys_;
  source_ = source;
  fetch_.reset();
  keys_.reset();
  if (source.keys != nullptr) {
    keys_ = std::make_shared<const TokenKeys>(TokenKeys{source.keys, clock_.now(), {}});
  } else if (!source.peer.url.empty()) {
    Errand errand{origin_of(source.peer, source.trust),
                  head_for(source.peer, "GET", agent_, "accept: application/jwk-set+json, application/json\r\n"),
                  {},
                  credential::largest_key_set};
    fetch_ =
        std::make_shared<TokenKeyFetch>(errands, std::move(errand), clock_, log_, credential::random_spread(), told);
    fetch_->begin();
  }
  return keys_;
}

bool TokenKeyring::take(const TokenKeyFetch* from, const std::shared_ptr<const TokenKeys>& keys) {
  if (from != fetch_.get()) return false;
  keys_ = keys;
  return true;
}

std::optional<Gauges::TokenKeys> TokenKeyring::gauges(TimePoint now) const {
  return fetch_ != nullptr ? std::optional(fetch_->gauges(now)) : std::nullopt;
}

}  // namespace sluice::app
