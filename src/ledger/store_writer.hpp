#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/recorder.hpp>
#include <sluice/ledger/store.hpp>

#include "ledger/slots.hpp"
#include "ledger/usage_tables.hpp"

namespace sluice::ledger {

// The thread that takes settled records to the database: all that came within some milliseconds in one commit. While
// the disk is in trouble it tries again and again, with longer and longer pauses; records wait in their slots. With
// nothing to do it sleeps.
class StoreWriter {
 public:
  struct Place {
    UsageTables::Place tables;
    std::optional<std::chrono::days> retention;
    std::function<void(StoreEvent, const std::string&)> tell{};
  };
  // The slots and the clock outlive it.
  StoreWriter(Slots& slots, UsageTables tables, Place place, const Clock& clock);
  // Writes what is settled, if it can, and ends the thread. What it cannot write stays in its slots.
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  // To be called after there was something to do: a record was settled, few slots are free. From any thread; a system
  // call only when the thread sleeps.
  void nudge();
  // See Recorder.
  bool flush(Duration at_most);
  void look(Recorder::Health& health) const;

 private:
  enum class Round : std::uint8_t { idle, wrote, failed };
  void run();
  Round round();
  bool write_pending();
  Result<> write_some();
  Result<> reach_tables();
  void tell(StoreEvent event, const std::string& words) const;
  void failed(const Error& error);
  void recovered();
  void grow();
  bool tidy_up(bool idle);
  void rest(Round last);
  void nap(std::chrono::milliseconds at_most);
  void wake();
  void answer(std::uint64_t wanted, bool written);

  Slots& slots_;
  const Place place_;
  const Clock& clock_;
  const int event_;  // an eventfd: something to do

  // The thread's own.
  std::optional<UsageTables> tables_;  // nothing: to be opened again
  std::vector<std::uint32_t> pending_;
  std::string batch_;
  int quiet_rounds_ = 0;
  TimePoint grow_again_ = TimePoint::min();
  TimePoint drop_again_ = TimePoint::min();

  std::atomic<bool> sleeping_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> in_hand_ = 0;   // how many are pending
  std::atomic<std::uint64_t> failures_ = 0;  // in a row
  std::atomic<std::uint64_t> errors_ = 0;    // in all

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable answered_;
  std::uint64_t wanted_ = 0;  // flushes so far, and up to which they were answered
  std::uint64_t flushed_ = 0;
  std::uint64_t refused_ = 0;
  std::string trouble_;

  std::thread thread_;  // last: it begins when all else is there
};

}  // namespace sluice::ledger
