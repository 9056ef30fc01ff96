#include <sluice/traffic/affinity.hpp>

#include <algorithm>
#include <bit>
#include <mutex>
#include <span>
#include <vector>

namespace sluice::traffic {
namespace {

constexpr std::size_t neighbours = 8;  // entries among which a conversation finds its place
constexpr std::size_t most_shards = 64;
constexpr TimePoint never = TimePoint::min();

struct Entry {
  std::uint64_t conversation = 0;
  std::uint64_t lane = 0;
  TimePoint last = never;  // never: free
};
using Neighbourhood = std::span<Entry>;

Entry* entry_of(Neighbourhood all, std::uint64_t conversation) {
  const auto found = std::find_if(all.begin(), all.end(), [=](const Entry& entry) {
    return entry.last != never && entry.conversation == conversation;
  });
  return found == all.end() ? nullptr : &*found;
}

// Free ones are the oldest of all.
Entry& oldest_of(Neighbourhood all) {
  return *std::min_element(all.begin(), all.end(),
                           [](const Entry& one, const Entry& other) { return one.last < other.last; });
}

// Spreads hashes that differ in few bits only (the finalizer of splitmix64: Vigna, public domain).
std::uint64_t spread(std::uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}

// On a cache line of its own, so that neighbours' locks do not wait for each other.
struct alignas(64) Shard {
  std::mutex mutex;
  std::size_t size = 0;
};

}  // namespace

struct AffinityTable::Shards {
  explicit Shards(Limits limits)
      : entries(std::bit_ceil(std::max<std::size_t>(limits.conversations, 1))),
        together(std::min(neighbours, entries.size())),
        shards(std::min(most_shards, entries.size() / together)),
        keep(limits.keep) {}

  std::size_t place_of(std::uint64_t conversation) const {
    return static_cast<std::size_t>(spread(conversation)) & (entries.size() / together - 1);
  }
  Neighbourhood around(std::size_t place) { return Neighbourhood(entries).subspan(place * together, together); }
  Shard& shard_of(std::size_t place) { return shards[place & (shards.size() - 1)]; }

  std::vector<Entry> entries;  // as many as a power of two
  std::size_t together;        // entries of a neighbourhood, likewise
  std::vector<Shard> shards;   // likewise; a neighbourhood belongs to one
  Duration keep;
};

AffinityTable::AffinityTable() : AffinityTable(Limits{}) {}
AffinityTable::AffinityTable(Limits limits) : shards_(std::make_unique<Shards>(limits)) {}
AffinityTable::~AffinityTable() = default;

std::optional<std::uint64_t> AffinityTable::find(std::uint64_t conversation, TimePoint now) const {
  const std::size_t place = shards_->place_of(conversation);
  const std::lock_guard lock(shards_->shard_of(place).mutex);
  const Entry* entry = entry_of(shards_->around(place), conversation);
  if (entry == nullptr || now - entry->last >= shards_->keep) return std::nullopt;
  return entry->lane;
}

void AffinityTable::remember(std::uint64_t conversation, std::uint64_t lane, TimePoint now) {
  const std::size_t place = shards_->place_of(conversation);
  Shard& shard = shards_->shard_of(place);
  const std::lock_guard lock(shard.mutex);
  const Neighbourhood around = shards_->around(place);
  Entry* entry = entry_of(around, conversation);
  if (entry == nullptr) {
    entry = &oldest_of(around);
    if (entry->last == never) ++shard.size;
    *entry = {conversation, lane, now};
  }
  entry->lane = lane;
  entry->last = std::max(entry->last, now);
}

std::size_t AffinityTable::size() const {
  std::size_t all = 0;
  for (Shard& shard : shards_->shards) {
    const std::lock_guard lock(shard.mutex);
    all += shard.size;
  }
  return all;
}

}  // namespace sluice::traffic
