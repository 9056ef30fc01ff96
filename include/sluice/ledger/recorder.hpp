#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <sluice/base/result.hpp>
#include <sluice/ledger/record.hpp>

namespace sluice::ledger {

// A request that is under way, known to the recorder. What would be charged if this process died is in the kernel's
// hands from the moment an amount is named. Belongs to one worker; settled exactly once, at the latest by its
// destructor, which writes what was told at the beginning with the cost bound so far.
class Entry {
 public:
  virtual ~Entry() = default;
  // The most it may cost from now on, all attempts together. Before the dial.
  virtual void bound(NanoUsd most) = 0;
  // How it ended. Afterwards nothing may be called.
  virtual void settle(const UsageRecord& record) = 0;
};

// Keeps usage records, on a thread of its own. Thread-safe; open() and settle() never wait for a disk: about a
// microsecond each.
class Recorder {
 public:
  enum class OnFull : std::uint8_t { refuse, drop_and_count };

  virtual ~Recorder() = default;
  // Fails, as a gateway's fault worth a retry, when the store has not kept up or cannot be written and the policy is to
  // refuse; under the other policy the entry is there, and its record may be counted as dropped instead of written.
  // Of `opening`, what is known of the request: it is what a crash would leave.
  virtual Result<std::unique_ptr<Entry>> open(const UsageRecord& opening) = 0;
  // Waits until everything settled before the call is written, or cannot be. Not for event loops.
  virtual bool flush(Duration at_most) = 0;

  struct Health {
    std::uint64_t written = 0;
    std::uint64_t waiting = 0;  // settled, not written yet
    std::uint64_t dropped = 0;
    std::uint64_t failures = 0;  // of the disk, in a row; 0: all is well
    std::uint64_t errors = 0;    // of the disk, in all
    std::string trouble;         // what the last one said
  };
  virtual Health health() const = 0;
};

}  // namespace sluice::ledger
