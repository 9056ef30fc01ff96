#include "config/credential_section.hpp"

#include <algorithm>
#include <utility>

#include <sluice/credential/service_account.hpp>

#include "config/aws_surroundings.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

const Names& keys_of(CredentialWay way) {
  static const Names aws{"access_key_id", "secret_access_key", "session_token", "profile"};
  static const Names account{"credentials", "token_url"};
  static const Names client{"tenant_id", "client_id", "client_secret", "scope", "token_url"};
  static const Names none;
  switch (way) {
    case CredentialWay::aws_sigv4:
      return aws;
    case CredentialWay::service_account:
      return account;
    case CredentialWay::client_credentials:
      return client;
    case CredentialWay::none:
      break;
  }
  return none;
}

void refuse_foreign_keys(const Value& value, const Kind& kind) {
  const Names& own = keys_of(kind.credential);
  for (const std::string_view key : credential_keys()) {
    const Value given = value[key];
    if (!given.written() || std::find(own.begin(), own.end(), key) != own.end()) continue;
    given.wrong_key("has no effect: kind " + kind.name + " does not use it", "remove it");
  }
}

// Two ways at once: it would be a matter of luck which one counts. True after complaining.
bool excludes(const Value& value, std::string_view one, std::string_view other) {
  if (!value[one].written() || !value[other].written()) return false;
  value[other].wrong_key("stands beside " + std::string(one) + ", which says the same in another way",
                         "keep one of them");
  return true;
}

// Under which name keys of the plain sort are written; one of the two at most is.
std::string_view plain_key(const Value& value) { return value["api_keys"].written() ? "api_keys" : "api_key"; }

// Of keys that belong together, complains about those that are missing. True when any is written.
bool belong_together(const Value& value, const Names& keys) {
  const auto written = [&](std::string_view key) { return value[key].written(); };
  if (std::none_of(keys.begin(), keys.end(), written)) return false;
  for (const std::string_view key : keys) {
    if (!written(key)) value[key].wrong("is missing: " + listed(keys) + " belong together", "write all of them");
  }
  return true;
}

// An identifier that is no secret but travels where one does.
void read_id(const Value& value, std::string& out) {
  std::string id;
  read_text(value, id);
  if (id.empty()) return;
  if (!is_credential(id)) return value.wrong("holds spaces or control characters", "check for a line break or quotes");
  out = std::move(id);
}

// What is sent to a token server is a secret of its own.
void read_token_url(const Value& value, const Provider& provider, Credential& credential) {
  const auto text = value.text();
  if (!text) return;
  const auto url = parse_url(*text);
  if (!url)
    return value.wrong("no absolute http or https URL", "write https://HOST[:PORT]/PATH, without user or query");
  const bool here = url->host == "127.0.0.1" || url->host == "::1";
  if (!url->tls && !here && !provider.allow_private) {
    return value.wrong("the credential would be sent over plain HTTP", "write an https URL");
  }
  credential.url = *text;
  credential.reached_like = true;
}

void read_aws(const Value& value, const Kind& kind, const Places& places, Provider& provider) {
  bool clash = excludes(value, plain_key(value), "access_key_id");
  clash = excludes(value, plain_key(value), "profile") || clash;
  clash = excludes(value, "access_key_id", "profile") || clash;
  const bool has_keys = belong_together(value, {"access_key_id", "secret_access_key"});
  const Value token = value["session_token"];
  if (token.written() && !has_keys) {
    token.wrong_key("is of no use without access_key_id and secret_access_key", "write them, or remove it");
  }
  credential::StaticKeys written;
  read_id(value["access_key_id"], written.keys.access_key_id);
  read_secret(value["secret_access_key"], written.keys.secret_access_key);
  read_secret(token, written.keys.session_token);
  if (clash || value[plain_key(value)].written()) return;
  const bool wants_signature = has_keys || value["profile"].written();
  // Without a region, an address of one's own is called as it is: what stands there signs by itself, or needs nothing.
  if (places.region.empty()) {
    const Value region = value["region"];
    if (wants_signature && value["base_url"].written() && !region.written()) {
      region.wrong("is missing: requests are signed for a region", "write region: NAME");
    }
    return;
  }
  Credential credential;
  credential.scope = {places.region, kind.service};
  if (has_keys) {
    credential.source = std::move(written);
    provider.credential = std::move(credential);
    return;
  }
  const AwsSurroundings around(value, kind.bearer_variable);
  if (!around.find(provider.api_key, credential)) return;
  if (provider.api_key.empty()) provider.credential = std::move(credential);
}

// The key file's text: what is written, or where the variable of Google's own tools leads.
bool find_account(const Value& value, Secret& text) {
  const Value written = value["credentials"];
  if (written.written()) {
    read_secret_text(written, text);
    return !text.empty();
  }
  const Surroundings& around = value.desk().surroundings;
  const std::string variable = "GOOGLE_APPLICATION_CREDENTIALS";
  const auto path = around.environment(variable);
  if (!path || path->empty()) {
    written.wrong("is missing: the key file of a service account", "write credentials: file:/path/to/the/key.json");
    return false;
  }
  auto content = around.file(*path);
  if (!content) {
    written.wrong("cannot read the file that " + variable + " names",
                  "check that it exists and that Sluice may read it");
    return false;
  }
  text = Secret(std::move(*content));
  return true;
}

void read_account(const Value& value, const Kind& kind, Places& places, Provider& provider) {
  const Value key = value[plain_key(value)];
  if (key.written()) key.wrong_key("has no effect: kind " + kind.name + " uses credentials", "remove it");
  Credential credential;
  credential::ServiceAccountToken source;
  read_token_url(value["token_url"], provider, credential);
  Secret text;
  if (!find_account(value, text)) return;
  auto account = credential::read_service_account(text.reveal());
  if (!account) {
    return value["credentials"].wrong("cannot be used: " + account.error().message(),
                                      "name the key file of a service account, as the console makes it");
  }
  if (places.project.empty() && !value["project"].written() && !value["base_url"].written()) {
    places.project = account->project;
  }
  if (credential.url.empty()) credential.url = account->token_url.empty() ? kind.token_url : account->token_url;
  const auto url = parse_url(credential.url);
  if (!url || (!url->tls && !credential.reached_like)) {
    return value["credentials"].wrong("cannot be used: its token_uri is no https URL", "write token_url: https://…");
  }
  source.account = *std::move(account);
  source.scope = kind.scope;
  source.url = credential.url;
  credential.source = std::move(source);
  provider.credential = std::move(credential);
}

// Puts the tenant into the address of the kind's token server.
std::string tenants_url(const Value& value, const Kind& kind) {
  constexpr std::string_view place = "{tenant_id}";
  std::string tenant;
  read_text(value["tenant_id"], tenant);
  const bool is_plain = tenant.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
                        std::string::npos;
  if (!is_plain || tenant.starts_with('.')) {
    value["tenant_id"].wrong("no id or domain of a tenant", "write it as the portal shows it");
    return {};
  }
  std::string url = kind.token_url;
  const std::size_t at = url.find(place);
  return at == std::string::npos ? url : url.replace(at, place.size(), tenant);
}

void read_client(const Value& value, const Kind& kind, Provider& provider) {
  Names together{"client_id", "client_secret"};
  if (!value["token_url"].written() || value["tenant_id"].written()) together.insert(together.begin(), "tenant_id");
  if (!belong_together(value, together)) {
    for (const std::string_view key : {"scope", "token_url"}) {
      const Value alone = value[key];
      if (alone.written())
        alone.wrong_key("is of no use without client_id and client_secret", "write them, or remove it");
    }
    return;
  }
  const bool clash = excludes(value, plain_key(value), "client_id");
  Credential credential;
  credential::ClientToken source;
  read_id(value["client_id"], source.client_id);
  read_secret(value["client_secret"], source.client_secret);
  source.scope = kind.scope;
  read_text(value["scope"], source.scope);
  credential.url = tenants_url(value, kind);
  read_token_url(value["token_url"], provider, credential);
  if (clash) return;
  source.url = credential.url;
  credential.source = std::move(source);
  provider.credential = std::move(credential);
}

}  // namespace

const Names& credential_keys() {
  static const Names all{"access_key_id", "secret_access_key", "session_token", "profile",   "credentials",
                         "tenant_id",     "client_id",         "client_secret", "token_url", "scope"};
  return all;
}

void read_credential(const Value& value, const Kind& kind, Places& places, Provider& provider) {
  refuse_foreign_keys(value, kind);
  switch (kind.credential) {
    case CredentialWay::aws_sigv4:
      return read_aws(value, kind, places, provider);
    case CredentialWay::service_account:
      return read_account(value, kind, places, provider);
    case CredentialWay::client_credentials:
      return read_client(value, kind, provider);
    case CredentialWay::none:
      return;
  }
}

}  // namespace sluice::config
