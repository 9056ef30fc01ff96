#include <utility>

#include "config/lists.hpp"
#include "config/peer.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

constexpr std::string_view in_between = "somebody in between could put in keys of its own";

// A file's keys are read with the configuration, those of a URL by the daemon.
void read_key_source(const Section& section, Jwt& jwt) {
  const Value source = section["jwks"];
  if (!source.written()) return source.wrong("is missing", "write jwks: https://HOST/PATH, or file:/path");
  if (!source.raw().starts_with("file:")) return read_peer(source, section, in_between, jwt.jwks);
  for (const std::string_view key : {"allow_private", "tls"}) {
    const Value idle = section[key];
    if (idle.written()) idle.wrong_key("has no effect: the keys are those of a file", "remove it");
  }
  Secret text;
  read_secret_text(source, text);
  if (text.empty()) return;
  auto keys = credential::KeySet::read(text.reveal());
  if (!keys) return source.wrong(keys.error().message(), "name a JWK set, such as {\"keys\": [{\"kty\": \"RSA\", …}]}");
  jwt.keys = *std::move(keys);
}

void read_demanded(const Value& value, std::string_view what, std::string& out) {
  if (!value.written()) return value.wrong("is missing", "write " + std::string(what));
  read_text(value, out);
}

void read_token_claims(const Value& value, const std::vector<Team>& teams, credential::TokenRules& rules) {
  const Section section(value, {"team", "tags"});
  const Value team = section["team"];
  read_text(team, rules.team);
  if (!rules.team.empty() && teams.empty())
    team.doubtful("there are no teams, so no token will let anybody in", "add some to teams, or remove it");
  for (const Member& tag : members(section["tags"])) {
    if (!is_tag_word(tag.name))
      tag.value.wrong_key("no usable word of a tag",
                          "1 to 256 characters without commas and equals signs, and without spaces around them");
    credential::TokenRules::TagClaim claim{tag.name, {}};
    read_text(tag.value, claim.claim);
    if (!claim.claim.empty()) rules.tags.push_back(std::move(claim));
  }
}

}  // namespace

void read_jwt(const Value& value, const std::vector<Team>& teams, std::optional<Jwt>& jwt) {
  const Section section(value, {"jwks", "issuer", "audience", "claims", "allow_private", "tls"});
  if (!value.written()) return;
  if (value.empty()) return value.wrong("has no value", "write {jwks: URL, issuer: NAME, audience: NAME}");
  if (value.shape() != Shape::mapping) return;
  read_key_source(section, jwt.emplace());
  read_demanded(section["issuer"], "what tokens have as iss", jwt->rules.issuer);
  read_demanded(section["audience"], "what tokens have as aud", jwt->rules.audience);
  read_token_claims(section["claims"], teams, jwt->rules);
}

}  // namespace sluice::config
