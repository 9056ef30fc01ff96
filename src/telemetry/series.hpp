#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include <sluice/base/clock.hpp>

// The building blocks of a worker's counters: each has one writing thread and any number of readers. A write is
// a plain load and a plain store, without the lock prefix an atomic addition would need.
namespace sluice::telemetry {

// Counts up. A reader sees some recent value.
class Count {
 public:
  void add(std::uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Level {
 public:
  void move(std::int64_t by) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// What several histograms of the same bounds hold together; the last bucket has no upper bound.
struct HistogramTotals {
  std::vector<std::uint64_t> buckets;
  double sum = 0;  // in the bounds' unit
};

// How durations, or other numbers, are spread over buckets. `bounds` are the upper ones, inclusive and rising; those of
// durations in seconds.
template <const auto& bounds>
class Histogram {
 public:
  // A negative duration counts as none at all.
  void observe(Duration took) { observe_billionths(std::max<std::int64_t>(0, std::chrono::nanoseconds(took).count())); }
  // Of the bounds' unit.
  void observe_billionths(std::int64_t number) {
    const auto bucket = std::lower_bound(limits.begin(), limits.end(), number) - limits.begin();
    buckets_[static_cast<std::size_t>(bucket)].add(1);
    const double sum = sum_.load(std::memory_order_relaxed);
    sum_.store(sum + static_cast<double>(number) / 1e9, std::memory_order_relaxed);
  }

  void add_to(HistogramTotals& totals) const {
    totals.buckets.resize(buckets_.size());
    for (std::size_t i = 0; i < buckets_.size(); ++i) totals.buckets[i] += buckets_[i].value();
    totals.sum += sum_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t count = bounds.size();
  static constexpr std::array<std::int64_t, count> limits = [] {
    std::array<std::int64_t, count> nanoseconds{};
    for (std::size_t i = 0; i < count; ++i) nanoseconds[i] = static_cast<std::int64_t>(bounds[i] * 1e9 + 0.5);
    return nanoseconds;
  }();

  std::array<Count, count + 1> buckets_;
  std::atomic<double> sum_{0};
};

// The series of one family: an open-addressing table from label values to counters. Only the writing thread may
// call at(). It takes no lock for a key it has seen; a new one is added under `creation`, which a reader
// holds while it walks over the table.
template <std::size_t width, class Series>
class SeriesTable {
 public:
  using Key = std::array<std::uint32_t, width>;

  explicit SeriesTable(std::mutex& creation) : creation_(creation), slots_(16) {}

  // The reference stays good as long as the table.
  Series& at(const Key& key) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash(key) & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.entry == nullptr) return create(key);
      if (slot.key == key) return slot.entry->series;
    }
  }

  // The caller holds `creation`. Visits in the order of creation.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const Entry& entry : entries_) visit(entry.key, entry.series);
  }

 private:
  struct Entry {
    explicit Entry(const Key& of) : key(of) {}
    const Key key;
    Series series;
  };
  struct Slot {
    Key key{};
    Entry* entry = nullptr;
  };

  // Labels are small consecutive numbers; a multiplication by 2^64 / φ (Knuth, volume 3, §6.4) spreads them.
  static std::size_t hash(const Key& key) {
    std::uint64_t mixed = 0;
    for (const std::uint32_t part : key) mixed = (mixed ^ part) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(mixed >> 32);
  }

  Series& create(const Key& key) {
    const std::lock_guard lock(creation_);
    if ((entries_.size() + 1) * 2 > slots_.size()) {
      slots_.assign(slots_.size() * 2, Slot{});
      for (Entry& entry : entries_) place(entry);
    }
    Entry& entry = entries_.emplace_back(key);
    place(entry);
    return entry.series;
  }

  void place(Entry& entry) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash(entry.key) & mask;
    while (slots_[at].entry != nullptr) at = (at + 1) & mask;
    slots_[at] = {entry.key, &entry};
  }

  std::mutex& creation_;
  std::vector<Slot> slots_;    // a power of two, at most half full
  std::deque<Entry> entries_;  // never move
};

}  // namespace sluice::telemetry
