#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/ledger/terms.hpp>

namespace sluice::ledger {

// A key that was made at run time, as it is kept: what it may do, and proofs of its secrets, never these.
struct StoredKey {
  // Something that only who has the secret can show: HMAC-SHA-256 of the whole secret under the store's pepper.
  struct Proof {
    Digest digest{};
    std::optional<UtcTime> valid_until;  // nothing: until there is a newer one
  };
  std::string id;                                     // of key_format.hpp
  std::string name;                                   // no two live keys have the same
  std::string team;                                   // empty: none
  std::optional<std::vector<std::string>> models;     // patterns; nothing: all
  std::optional<std::vector<std::string>> endpoints;  // names of endpoints; nothing: all
  std::vector<std::string> cidrs;                     // whence it may be used; empty: from anywhere
  Terms terms;                                        // of its own, beside its team's
  // What becomes of requests that a budget has nothing left for: the model that is asked instead, or empty: they are
  // refused. Nothing: as its team says.
  std::optional<std::string> exhausted;
  UtcTime created_at{};
  std::optional<UtcTime> expires_at;
  std::optional<UtcTime> revoked_at;
  std::vector<Proof> proofs;  // the newest first

  bool live(UtcTime now) const { return !revoked_at && (!expires_at || now < *expires_at); }
};

// What is wanted of a key; the members are those of StoredKey.
struct NewKey {
  std::string name;
  std::string team = {};
  std::optional<std::vector<std::string>> models = {};
  std::optional<std::vector<std::string>> endpoints = {};
  std::vector<std::string> cidrs = {};
  std::optional<UtcTime> expires_at = {};
  Terms terms = {};
  std::optional<std::string> exhausted = {};
};

// What whoever made a key is told, this once.
struct HandedOut {
  std::string id;
  std::string name;
  Secret secret;
};

// All keys of a store at one moment. Immutable; safe from any thread.
struct StoredKeys {
  std::vector<StoredKey> keys;         // in the order in which they were made; dead ones too
  std::shared_ptr<const Hmac> pepper;  // never null where there are keys
  bool stale = false;                  // the store cannot be read now: keys may be missing here
};

}  // namespace sluice::ledger
