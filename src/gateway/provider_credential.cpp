#include "gateway/provider_credential.hpp"

#include <utility>
#include <vector>

#include <sluice/credential/spread.hpp>

namespace sluice {
namespace {

using Pieces = std::vector<std::string_view>;

// All that makes one source differ from another.
struct Parts {
  Pieces operator()(const credential::StaticKeys& source) const {
    return {"keys", source.keys.access_key_id, source.keys.secret_access_key.reveal(),
            source.keys.session_token.reveal()};
  }
  Pieces operator()(const credential::ContainerKeys& source) const {
    return {"container", source.target, source.authorization.reveal()};
  }
  Pieces operator()(const credential::InstanceKeys&) const { return {"instance"}; }
  Pieces operator()(const credential::ServiceAccountToken& source) const {
    return {"account", source.account.email, source.account.key_id, source.account.private_key.reveal(), source.scope,
            source.url};
  }
  Pieces operator()(const credential::ClientToken& source) const {
    return {"client", source.client_id, source.client_secret.reveal(), source.scope, source.url};
  }
};

Digest digest_of(const credential::Source& source) {
  Pieces pieces;
  for (const std::string_view part : std::visit(Parts{}, source)) {
    pieces.push_back(part);
    pieces.push_back(std::string_view("\0", 1));
  }
  return sha256(pieces);
}

Error unusable(std::string why) { return Error(Fault::internal, Blame::gateway, "configuration", std::move(why)); }

Result<> place(const config::Provider& given, const Snapshot::Means& means, ProviderCredential& credential) {
  const config::Credential& wanted = *given.credential;
  if (wanted.url.empty()) return Ok{};
  const std::optional<config::Url> url = config::parse_url(wanted.url);
  if (!url) return unusable("the credential's URL cannot be read");
  credential.lines = "host: " + host_of(*url) + "\r\nuser-agent: " + means.agent + "\r\naccept-encoding: identity\r\n";
  credential.origin.host = url->host;
  credential.origin.port = url->port;
  credential.origin.tls = url->tls;
  credential.origin.gives_credentials = std::holds_alternative<credential::ContainerKeys>(wanted.source) ||
                                        std::holds_alternative<credential::InstanceKeys>(wanted.source);
  // What stands beside a container, or in the machine, is private by nature.
  credential.origin.allow_private = credential.origin.gives_credentials || (wanted.reached_like && given.allow_private);
  if (!url->tls) return Ok{};
  auto trust = means.trust(wanted.reached_like ? given.ca_file : std::string());
  if (!trust) return trust.error();
  credential.origin.trust = *std::move(trust);
  return Ok{};
}

}  // namespace

Result<std::shared_ptr<ProviderCredential>> prepare_credential(const config::Provider& given,
                                                               const std::string& provider_host,
                                                               const Snapshot::Means& means) {
  auto credential = std::make_shared<ProviderCredential>(credential::random_spread());
  const Result<> placed = place(given, means, *credential);
  if (!placed) return placed.error();
  credential->source = given.credential->source;
  credential->scope = given.credential->scope;
  credential->provider_host = provider_host;
  credential->digest = digest_of(credential->source);
  if (const auto* keys = std::get_if<credential::StaticKeys>(&credential->source)) {
    credential->keeper.granted({{{}, keys->keys}, std::nullopt}, TimePoint());
    return credential;
  }
  if (means.before == nullptr) return credential;
  for (const Provider& old : means.before->providers()) {
    const bool same = old.credential != nullptr && old.credential->digest == credential->digest &&
                      old.credential->origin == credential->origin &&
                      old.credential->provider_host == credential->provider_host &&
                      old.credential->scope.region == credential->scope.region &&
                      old.credential->scope.service == credential->scope.service;
    if (same) return old.credential;
  }
  return credential;
}

}  // namespace sluice
