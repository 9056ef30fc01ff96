#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/recorder.hpp>

// Where usage records are kept.
namespace sluice::ledger {

// What becomes of a store while it is used, and the words that go with it.
enum class StoreEvent : std::uint8_t {
  failing,    // records cannot be written, for the reason that the disk gave; tried again until they can
  recovered,  // they can be again
  set_aside,  // the database is damaged: it is kept under that name, and a new one begun
};

struct StorePlace {
  // Of the database (SQLite). Beside it, for as long as the daemon runs, is its journal, and always `PATH-open`: the
  // requests under way. Empty: in memory only, gone with the process.
  std::string path;
  Recorder::OnFull on_full = Recorder::OnFull::refuse;
  // How long records are kept, at least; whole months (UTC) are dropped. Nothing: for ever.
  std::optional<std::chrono::days> retention;
  // Called on the store's own thread; must not wait for it.
  std::function<void(StoreEvent, const std::string& words)> tell{};
};

struct OpenedStore {
  std::unique_ptr<Recorder> recorder;
  // Requests that were under way when the last process died: recorded as crashed, with what had been set aside.
  std::uint64_t crashed = 0;
  NanoUsd crashed_cost = 0;
  std::uint64_t torn = 0;  // of those, unreadable after a loss of power, and given up
  std::string set_aside;   // where a damaged database is now; empty: it was in order
};

// What a dead process left is recorded, and readable by read_usage(), when this returns, unless the disk is in trouble;
// then it waits like everything else. Entries must not outlive the recorder, nor it the clock. An Error names the file:
// it cannot be written, or another process has it.
Result<OpenedStore> open_store(const StorePlace& place, const Clock& clock);

}  // namespace sluice::ledger
