#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include <sluice/credential/keeper.hpp>
#include <sluice/gateway/gateway.hpp>
#include <sluice/net/stop.hpp>

namespace sluice {

// One worker's part in keeping credentials: it hands out grants, waits for those that are not there yet, and renews
// them when it falls to this worker. A renewal belongs to no request and outlives whoever caused it; all of them end
// before this does (renewing(), stop_renewing()). One thread.
class Credentials {
 public:
  explicit Credentials(const GatewayParts& parts) : parts_(parts) {}
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // A grant that is good now. Waits for the first one, until `by` at most. Errors are upstream_auth, another target
  // being worth a try, or the stop's.
  Async<credential::Keeper::GrantPtr> grant(const Provider& provider, net::Stop& stop, TimePoint by);

  std::size_t renewing() const { return stops_.size(); }
  void stop_renewing();

 private:
  Detached renew(std::shared_ptr<ProviderCredential> credential, std::string provider);

  const GatewayParts parts_;
  std::list<net::Stop> stops_;  // of the renewals under way
};

}  // namespace sluice
