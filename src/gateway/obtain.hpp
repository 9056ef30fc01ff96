#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/net/transport.hpp>

#include "gateway/provider_credential.hpp"

namespace sluice {

// Asks the credential's source for a grant, in at most ten seconds. Errors are for operators, and hold nothing secret.
Async<credential::Granted> obtain(net::Transport& transport, const Clock& clock, const ProviderCredential& credential,
                                  net::Stop& stop);

}  // namespace sluice
