#pragma once

#include <memory>
#include <string>

#include <sluice/base/digest.hpp>
#include <sluice/config/load.hpp>
#include <sluice/credential/keeper.hpp>
#include <sluice/credential/source.hpp>
#include <sluice/gateway/snapshot.hpp>

namespace sluice {

// How requests to one provider prove who we are. Immutable but for the keeper, which all workers share.
struct ProviderCredential {
  explicit ProviderCredential(double spread) : keeper(spread) {}

  credential::Source source;
  net::Origin origin;          // whom grants are asked of
  std::string lines;           // of every request to it: host and agent
  std::string provider_host;   // the host field of the provider's requests, and
  credential::AwsScope scope;  // what they are signed for
  Digest digest{};             // of the source and all that is secret in it
  credential::Keeper keeper;
};

// What the provider's credential comes to; one that did not change since means.before is that one itself, with the
// grant it has. `provider_host` as its requests say it.
Result<std::shared_ptr<ProviderCredential>> prepare_credential(const config::Provider& given,
                                                               const std::string& provider_host,
                                                               const Snapshot::Means& means);

}  // namespace sluice
