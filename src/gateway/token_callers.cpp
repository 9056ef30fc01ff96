#include "gateway/token_callers.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include <sluice/credential/jwks_schedule.hpp>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_remembered = 2048;  // in each half
// Of keys that were fetched so lately, one that is not among them does not exist.
constexpr Duration newest = 10s;

Error cannot_check() {
  return Error(Fault::unavailable, Blame::gateway, "token_keys_unavailable",
               "The identity provider's keys for this token cannot be had at the moment; try again.")
      .with_retry_after(1s);
}

Error signed_by_nobody() {
  return Error(Fault::unauthenticated, Blame::client, "invalid_api_key",
               "The token is signed with a key that its issuer does not have.");
}

Error without_a_team() {
  return Error(Fault::forbidden, Blame::client, "team_not_configured",
               "The token names no team that is configured here.");
}

// Or its requests would count as the key's.
Error called_like_a_key() {
  return Error(Fault::forbidden, Blame::client, "name_not_allowed",
               "The token's bearer is called like an API key, and could not be told from it.");
}

Result<std::shared_ptr<const Key>> caller_of(credential::Claims claims, const Snapshot& world,
                                             const IssuedKeys* issued) {
  const std::string& name = claims.subject;
  if (world.find_signer(name).key != nullptr || (issued != nullptr && issued->has_name(name))) {
    return called_like_a_key();
  }
  auto key = std::make_shared<Key>();
  for (const std::string& team : claims.teams) {
    key->team = world.find_team(team);
    if (key->team != nullptr) break;
  }
  if (key->team == nullptr && !world.jwt()->rules.team.empty()) return without_a_team();
  key->name = std::move(claims.subject);
  key->tags = std::move(claims.tags);
  for (const credential::TokenRules::TagClaim& wanted : world.jwt()->rules.tags) {
    const auto is_told = [&](const auto& tag) { return tag.first == wanted.tag; };
    if (std::none_of(key->tags.begin(), key->tags.end(), is_told)) key->tags.emplace_back(wanted.tag, "");
  }
  return std::shared_ptr<const Key>(std::move(key));
}

}  // namespace

void TokenCallers::use(std::shared_ptr<const TokenKeys> keys) {
  const bool same = keys != nullptr && keys_ != nullptr && keys->set == keys_->set;
  keys_ = std::move(keys);
  if (!same) forget();
}

void TokenCallers::forget() {
  younger_.clear();
  older_.clear();
}

bool TokenCallers::are_in_force(TimePoint now) const {
  if (keys_ == nullptr || keys_->set == nullptr) return false;
  return !keys_->want || now - keys_->as_of < credential::keys_last;
}

Result<std::shared_ptr<const Key>> TokenCallers::find(const Snapshot& world, const IssuedKeys* issued,
                                                      std::string_view token) {
  if (!are_in_force(clock_.now())) return cannot_check();
  const Digest digest = sha256(token);
  if (auto key = remembered(digest)) return key;
  return check(world, issued, token, digest);
}

Result<std::shared_ptr<const Key>> TokenCallers::check(const Snapshot& world, const IssuedKeys* issued,
                                                       std::string_view token, const Digest& digest) {
  auto checked = credential::check_token(token, *keys_->set, world.jwt()->rules, clock_.utc());
  if (!checked) return std::move(checked).error();
  auto* const claims = std::get_if<credential::Claims>(&*checked);
  if (claims == nullptr) {
    if (!keys_->want || clock_.now() - keys_->as_of < newest) return signed_by_nobody();
    keys_->want();
    return cannot_check();
  }
  const UtcTime good_until = claims->good_until;
  auto key = caller_of(std::move(*claims), world, issued);
  if (key) remember(digest, {*key, good_until});
  return key;
}

std::shared_ptr<const Key> TokenCallers::remembered(const Digest& digest) {
  const auto found = younger_.find(digest);
  if (found != younger_.end()) {
    if (clock_.utc() < found->second.good_until) return found->second.key;
    younger_.erase(found);
    return nullptr;
  }
  auto aged = older_.extract(digest);
  if (aged.empty() || clock_.utc() >= aged.mapped().good_until) return nullptr;
  std::shared_ptr<const Key> key = aged.mapped().key;
  remember(digest, std::move(aged.mapped()));
  return key;
}

void TokenCallers::remember(const Digest& digest, Known known) {
  if (younger_.size() >= most_remembered) {
    older_ = std::move(younger_);
    younger_ = Memory();
  }
  younger_.insert_or_assign(digest, std::move(known));
}

}  // namespace sluice
