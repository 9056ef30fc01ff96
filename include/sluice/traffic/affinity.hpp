#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <sluice/base/clock.hpp>

namespace sluice::traffic {

// Where conversations were answered last, by a hash of what identifies them: there the provider's prompt cache is warm.
// Bounded: a new conversation pushes out the one in its neighbourhood that was quiet for longest. Thread-safe; a lock
// is held for a few comparisons.
class AffinityTable {
 public:
  struct Limits {
    std::size_t conversations = 65'536;        // rounded up to a power of two
    Duration keep = std::chrono::minutes(30);  // after the last turn
  };
  AffinityTable();
  explicit AffinityTable(Limits limits);
  ~AffinityTable();
  AffinityTable(const AffinityTable&) = delete;
  AffinityTable& operator=(const AffinityTable&) = delete;

  // The lane that answered last (Lane::id()), if that was not too long ago.
  std::optional<std::uint64_t> find(std::uint64_t conversation, TimePoint now) const;
  void remember(std::uint64_t conversation, std::uint64_t lane, TimePoint now);
  // Conversations whose time is over count until others take their places.
  std::size_t size() const;

 private:
  struct Shards;
  std::unique_ptr<Shards> shards_;
};

}  // namespace sluice::traffic
