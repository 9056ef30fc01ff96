#include <sluice/credential/jwks.hpp>

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "credential/members.hpp"
#include "credential/public_key.hpp"
#include "credential/trouble.hpp"

namespace sluice::credential {
namespace {

constexpr std::size_t most_keys = 64;

}  // namespace

struct KeySet::Key {
  std::optional<std::string> kid;
  TokenAlgorithm algorithm;
  PublicKey key;
};

KeySet::KeySet() = default;
KeySet::~KeySet() = default;
std::size_t KeySet::size() const { return keys_.size(); }

Result<std::shared_ptr<const KeySet>> KeySet::read(std::string_view json) {
  if (json.size() > largest_key_set) return trouble("the key set is larger than 256 KiB");
  const std::optional<nlohmann::json> document = read_object(json);
  if (!document) return trouble("the key set is no JSON object");
  const auto listed = document->find("keys");
  if (listed == document->end() || !listed->is_array()) return trouble("the key set has no list of keys");
  if (listed->size() > most_keys) return trouble("the key set has more than 64 keys");
  auto set = std::make_shared<KeySet>();
  for (const nlohmann::json& jwk : *listed) {
    std::optional<ReadKey> read = read_public_key(jwk);
    if (!read) continue;
    Key key{std::nullopt, read->algorithm, std::move(read->key)};
    if (const auto kid = jwk.find("kid"); kid != jwk.end()) {
      if (!kid->is_string()) continue;
      key.kid = kid->get<std::string>();
    }
    const bool is_twin = key.kid && std::any_of(set->keys_.begin(), set->keys_.end(), [&](const Key& other) {
                           return other.kid == key.kid && other.algorithm == key.algorithm;
                         });
    if (!is_twin) set->keys_.push_back(std::move(key));
  }
  if (set->keys_.empty()) return trouble("the key set has no key that tokens can be checked with");
  return std::shared_ptr<const KeySet>(std::move(set));
}

KeySet::Match KeySet::check(TokenAlgorithm algorithm, const std::optional<std::string>& kid, std::string_view message,
                            std::string_view signature) const {
  const Key* found = nullptr;
  bool is_known = false;  // whether some key, of whatever sort, has the name
  for (const Key& key : keys_) {
    if (kid && key.kid != kid) continue;
    is_known = true;
    if (key.algorithm != algorithm) continue;
    if (found != nullptr) return Match::wrong;
    found = &key;
  }
  if (found == nullptr) return kid && is_known ? Match::wrong : Match::unknown;
  return is_signed_by(*found->key, algorithm, message, signature) ? Match::good : Match::wrong;
}

}  // namespace sluice::credential
