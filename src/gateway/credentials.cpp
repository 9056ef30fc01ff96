#include "gateway/credentials.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sluice/net/pause.hpp>

#include "gateway/obtain.hpp"
#include "gateway/provider_credential.hpp"

namespace sluice {
namespace {

constexpr Duration look_again = std::chrono::milliseconds(20);

// What callers are told; the log says more.
Error no_credential(Outcome outcome) {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_auth",
               "The gateway could not obtain a credential for the provider.")
      .with_outcome(outcome == Outcome::ok ? Outcome::server_error : outcome)
      .worth_retrying();
}

}  // namespace

Async<credential::Keeper::GrantPtr> Credentials::grant(const Provider& provider, net::Stop& stop, TimePoint by) {
  for (;;) {
    const TimePoint now = parts_.clock.now();
    credential::Keeper::Turn turn = provider.credential->keeper.take(now);
    if (turn.renew) renew(provider.credential, provider.name);
    if (turn.grant != nullptr) co_return std::move(turn.grant);
    if (turn.error) co_return *std::move(turn.error);
    if (now >= by) co_return no_credential(Outcome::timeout);
    const Result<> waited = co_await net::pause(parts_.loop, std::min(now + look_again, by), stop);
    if (!waited) co_return waited.error();
  }
}

void Credentials::stop_renewing() {
  // Each may end, and leave the list, at once.
  for (auto stop = stops_.begin(); stop != stops_.end();) {
    auto& one = *stop++;
    one.request(net::StopReason::draining);
  }
}

Detached Credentials::renew(std::shared_ptr<ProviderCredential> credential, std::string provider) {
  const auto stop = stops_.emplace(stops_.end());
  Result<credential::Granted> granted = co_await obtain(parts_.transport, parts_.clock, *credential, *stop);
  const bool stopped = stop->requested();
  stops_.erase(stop);
  const TimePoint now = parts_.clock.now();
  if (granted) {
    credential->keeper.granted(*std::move(granted), now);
    parts_.log.debug("a credential was renewed", {{"provider", provider}});
  } else if (stopped) {
    credential->keeper.abandoned();
  } else {
    credential->keeper.failed(no_credential(granted.error().outcome()), now);
    parts_.log.warn("a credential could not be renewed",
                    {{"provider", provider}, {"reason", granted.error().message()}});
  }
}

}  // namespace sluice
