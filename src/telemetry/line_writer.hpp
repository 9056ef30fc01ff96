#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace sluice::telemetry {

// Writes lines to a descriptor on a thread of its own, so that nobody who logs waits for a pipe or a disk.
//
// Lines are gathered in one buffer while the other one is written; the lock is held for a copy of the line only. The
// thread rests a little between batches, unless they are large, so that a busy program wakes it a few hundred times per
// second and not once per line. When the descriptor is blocked and the buffers are full, and when it fails (a reader
// that left, a full disk), lines are dropped and counted; later ones are tried again. Thread-safe.
class LineWriter {
 public:
  struct Limits {
    std::size_t buffered = 4 * 1024 * 1024;       // bytes waiting, those being written included
    std::chrono::milliseconds rest{5};            // between batches
    std::chrono::milliseconds last_words{1'000};  // how long the destructor waits for a blocked descriptor
  };

  // `descriptor` stays the caller's, and open until the destructor has returned.
  explicit LineWriter(int descriptor) : LineWriter(descriptor, Limits{}) {}
  LineWriter(int descriptor, Limits limits);
  // Writes what is left.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` ends with a line feed and holds no other. Never waits for the descriptor and, while lines are written as
  // fast as they come, never allocates.
  void write(std::string_view line);
  // Waits until what was written before is out or dropped, at most `patience`. False if it took longer.
  bool flush(std::chrono::milliseconds patience);
  // Lines lost so far.
  std::uint64_t dropped() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the thread, which may have to be left behind in a blocked write
  std::chrono::milliseconds last_words_;
  std::thread thread_;
};

}  // namespace sluice::telemetry
