#include "ledger/store.hpp"

#include <atomic>
#include <chrono>
#include <utility>

#include "ledger/slots.hpp"
#include "ledger/store_writer.hpp"
#include "ledger/usage_tables.hpp"

namespace sluice::ledger {
namespace {

constexpr std::chrono::milliseconds full_for_about{1'000};
constexpr std::chrono::seconds for_what_was_left{5};

// A recorder whose records go from slots into tables.
class Store final : public Recorder {
 public:
  Store(std::unique_ptr<Slots> slots, UsageTables tables, StoreWriter::Place place, OnFull on_full, const Clock& clock)
      : on_full_(on_full), slots_(std::move(slots)), writer_(*slots_, std::move(tables), std::move(place), clock) {}

  Result<std::unique_ptr<Entry>> open(const UsageRecord& opening) override;
  bool flush(Duration at_most) override { return writer_.flush(at_most); }
  Health health() const override {
    Health health;
    writer_.look(health);
    health.dropped = dropped_.load();
    return health;
  }

 private:
  class SlotEntry;
  const OnFull on_full_;
  const std::unique_ptr<Slots> slots_;
  StoreWriter writer_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

class Store::SlotEntry final : public Entry {
 public:
  SlotEntry(Store& store, std::optional<std::uint32_t> slot) : store_(store), slot_(slot) {}
  ~SlotEntry() override {
    if (settled_) return;
    if (slot_) {
      store_.slots_->settle_unknown(*slot_);
      store_.writer_.nudge();
    } else {
      store_.dropped_.fetch_add(1);
    }
  }

  void bound(NanoUsd most) override {
    if (slot_) store_.slots_->bound(*slot_, most);
  }

  void settle(const UsageRecord& record) override {
    // Who found no slot at its beginning may find one now.
    if (!slot_) slot_ = store_.slots_->begin(record);
    settled_ = true;
    if (slot_) {
      store_.slots_->settle(*slot_, record);
      store_.writer_.nudge();
    } else {
      store_.dropped_.fetch_add(1);
    }
  }

 private:
  Store& store_;
  std::optional<std::uint32_t> slot_;
  bool settled_ = false;
};

Result<std::unique_ptr<Entry>> Store::open(const UsageRecord& opening) {
  const std::optional<std::uint32_t> slot = slots_->begin(opening);
  if (slots_->few_free()) writer_.nudge();
  if (!slot && on_full_ == OnFull::refuse)
    return Error(Fault::unavailable, Blame::gateway, "ledger_unavailable", "Usage cannot be recorded at the moment.")
        .worth_retrying()
        .with_retry_after(full_for_about);
  return std::unique_ptr<Entry>(std::make_unique<SlotEntry>(*this, slot));
}

}  // namespace

Result<OpenedStore> open_store(const StorePlace& place, const Clock& clock) {
  return open_store(place, clock, nullptr);
}

Result<OpenedStore> open_store(const StorePlace& place, const Clock& clock, const char* vfs) {
  OpenedStore opened;
  const bool in_memory = place.path.empty();
  LeftSlots left;
  // First, because it holds the lock: nobody else has the database then.
  auto slots = Slots::open(in_memory ? "" : place.path + "-open", left);
  if (!slots) return std::move(slots.error());
  const UsageTables::Place at{in_memory ? ":memory:" : place.path, vfs};
  auto tables = UsageTables::open(at);
  if (!tables && trouble_of(tables.error()) == StoreTrouble::corrupt) {
    auto aside = set_aside(at.path, clock.utc());
    if (!aside) return std::move(aside.error());
    opened.set_aside = *std::move(aside);
    tables = UsageTables::open(at);
  }
  if (!tables) return std::move(tables.error());
  opened.crashed = left.crashed;
  opened.crashed_cost = left.crashed_cost;
  opened.torn = left.torn;
  opened.recorder = std::make_unique<Store>(*std::move(slots), *std::move(tables),
                                            StoreWriter::Place{at, place.retention, place.tell}, place.on_full, clock);
  if (left.settled + left.crashed > 0) (void)opened.recorder->flush(for_what_was_left);
  return opened;
}

}  // namespace sluice::ledger
