#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/network.hpp>
#include <sluice/base/result.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/ledger/book.hpp>
#include <sluice/ledger/stored_key.hpp>

namespace sluice {

// The keys that were made at run time, tied to one configuration: their teams are that snapshot's. Made anew whenever
// either changes. Immutable; safe from any thread. An exchange keeps the one it started with, as it keeps its snapshot.
class IssuedKeys {
 public:
  // `world` may have no team of that name any more: such a key is refused. Nor may it have the model to downgrade to:
  // then requests are refused that a budget has nothing left for. Live keys have accounts in the book, under their
  // names, and those of dead ones are dismissed. A key of the configuration that has the same name is the same one to
  // the book: what the configuration says of it goes for both. Not for event loops: the book may ask its history.
  static std::shared_ptr<const IssuedKeys> link(const ledger::StoredKeys& stored, std::shared_ptr<const Snapshot> world,
                                                ledger::Book& book, ledger::Now now);

  // Whether there has ever been one: from then on callers need a key, even when all of them are dead. Else the end of
  // the last key would let everybody in.
  bool any() const { return !entries_.empty(); }
  // Whether one is called so that was live when they were tied.
  bool has_name(std::string_view name) const { return names_.contains(name); }

  // Who shows a key.
  struct Visitor {
    std::string_view shown;
    std::string_view address;   // without the port
    std::string_view endpoint;  // its name; empty: one that every key may use
    UtcTime now{};
  };
  // The key, or why not: unauthenticated for one that is not known, has expired or was revoked, in the same words;
  // forbidden for one that may not be used so; unavailable for one that may be known to a store that cannot be read.
  // The duration does not depend on how much of a secret is right.
  Result<const Key*> admit(const Visitor& visitor) const;

 private:
  struct Entry {
    Key key;
    ledger::StoredKey stored;
    std::vector<Network> networks;
    bool homeless = false;  // its team is not in the configuration
  };
  static void open_accounts(std::vector<Entry>& entries, const Snapshot& world, ledger::Book& book, ledger::Now now);
  static Entry entry_of(const ledger::StoredKey& stored, const Snapshot& world);
  const Entry* find(const Visitor& visitor) const;

  std::shared_ptr<const Snapshot> world_;  // whose teams the keys point to
  std::shared_ptr<const Hmac> pepper_;
  bool stale_ = false;
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, const Entry*> by_id_;
  std::unordered_set<std::string_view> names_;
};

// In the words in which every unknown key is refused.
Error unknown_key();

}  // namespace sluice
