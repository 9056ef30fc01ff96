#include <sluice/gateway/issued_keys.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <sluice/ledger/key_format.hpp>

namespace sluice {
namespace {

Error not_from_here() {
  return Error(Fault::forbidden, Blame::client, "address_not_allowed",
               "This API key may not be used from this address.");
}

Error not_for_this(std::string_view endpoint) {
  return Error(Fault::forbidden, Blame::client, "endpoint_not_allowed",
               "This API key may not use the endpoint '" + std::string(endpoint) + "'.");
}

Error without_team(const std::string& team) {
  return Error(Fault::forbidden, Blame::client, "team_not_configured",
               "This API key belongs to the team '" + team + "', which is not configured here.");
}

Error cannot_tell() {
  return Error(Fault::unavailable, Blame::gateway, "storage_unavailable",
               "The keys cannot be read at the moment; try again.")
      .with_retry_after(std::chrono::seconds(1));
}

bool may_use(const ledger::StoredKey& stored, std::string_view endpoint) {
  return endpoint.empty() || !stored.endpoints ||
         std::find(stored.endpoints->begin(), stored.endpoints->end(), endpoint) != stored.endpoints->end();
}

}  // namespace

Error unknown_key() {
  return Error(Fault::unauthenticated, Blame::client, "invalid_api_key",
               "The API key is not known, or not good any more.");
}

std::shared_ptr<const IssuedKeys> IssuedKeys::link(const ledger::StoredKeys& stored,
                                                   std::shared_ptr<const Snapshot> world, ledger::Book& book,
                                                   ledger::Now now) {
  auto keys = std::make_shared<IssuedKeys>();
  keys->pepper_ = stored.pepper;
  keys->stale_ = stored.stale;
  keys->entries_.reserve(stored.keys.size());  // by_id_ points into it
  for (const ledger::StoredKey& key : stored.keys) {
    keys->entries_.push_back(entry_of(key, *world));
    keys->by_id_.emplace(keys->entries_.back().stored.id, &keys->entries_.back());
    if (key.live(now.wall)) keys->names_.emplace(keys->entries_.back().stored.name);
  }
  open_accounts(keys->entries_, *world, book, now);
  keys->world_ = std::move(world);
  return keys;
}

// Of a name that several keys had the live one counts.
void IssuedKeys::open_accounts(std::vector<Entry>& entries, const Snapshot& world, ledger::Book& book,
                               ledger::Now now) {
  std::unordered_set<std::string_view> held;
  for (Entry& entry : entries) {
    if (!entry.stored.live(now.wall)) continue;
    const std::string& name = entry.stored.name;
    if (const Key* const written = world.find_signer(name).key; written != nullptr) {
      entry.key.account = written->account;
    } else if (!entry.stored.terms.empty()) {
      entry.key.account = book.account(ledger::Level::key, name, entry.stored.terms, now);
      held.insert(name);
    }
  }
  for (const Entry& entry : entries) {
    const std::string& name = entry.stored.name;
    if (!held.contains(name) && world.find_signer(name).key == nullptr) book.dismiss(ledger::Level::key, name, now);
  }
}

IssuedKeys::Entry IssuedKeys::entry_of(const ledger::StoredKey& stored, const Snapshot& world) {
  Entry entry;
  entry.stored = stored;
  entry.key.name = stored.name;
  entry.key.team = world.find_team(stored.team);
  entry.key.models.patterns = stored.models;
  if (stored.exhausted) {
    const Model* const cheaper = world.find_model(*stored.exhausted);
    const bool is_there = cheaper != nullptr && cheaper->name == *stored.exhausted;
    entry.key.downgrade = is_there ? cheaper : nullptr;
    entry.key.refuses = !is_there;
  }
  entry.homeless = !stored.team.empty() && entry.key.team == nullptr;
  for (const std::string& cidr : stored.cidrs) {
    // They were read before they were stored. One that cannot be read now is none: nobody comes in through it.
    if (const auto network = Network::parse(cidr)) entry.networks.push_back(*network);
  }
  return entry;
}

const IssuedKeys::Entry* IssuedKeys::find(const Visitor& visitor) const {
  const auto id = ledger::key_id_of(visitor.shown);
  if (!id || pepper_ == nullptr) return nullptr;
  // Before the look-up, so that it takes as long where there is no such id.
  const Digest digest = (*pepper_)(visitor.shown);
  const auto found = by_id_.find(*id);
  if (found == by_id_.end()) return nullptr;
  bool right = false;
  for (const ledger::StoredKey::Proof& proof : found->second->stored.proofs) {
    const bool good = !proof.valid_until || visitor.now < *proof.valid_until;
    right = (equal_in_constant_time(proof.digest, digest) && good) || right;
  }
  return right ? found->second : nullptr;
}

Result<const Key*> IssuedKeys::admit(const Visitor& visitor) const {
  const Entry* entry = find(visitor);
  if (entry == nullptr && stale_ && ledger::key_id_of(visitor.shown)) return cannot_tell();
  if (entry == nullptr || !entry->stored.live(visitor.now)) return unknown_key();
  const bool inside = entry->stored.cidrs.empty() ||
                      std::any_of(entry->networks.begin(), entry->networks.end(),
                                  [&](const Network& network) { return network.contains(visitor.address); });
  if (!inside) return not_from_here();
  if (entry->homeless) return without_team(entry->stored.team);
  if (!may_use(entry->stored, visitor.endpoint)) return not_for_this(visitor.endpoint);
  return &entry->key;
}

}  // namespace sluice
