#pragma once

#include <atomic>
#include <thread>

namespace sluice::ledger {

// For arithmetic only: whoever waits, waits for some ten instructions of another thread, or until that thread, which
// was interrupted in the middle of them, gets its turn.
class SpinLock {
 public:
  void lock() {
    for (unsigned tries = 0; taken_.test_and_set(std::memory_order_acquire); ++tries) {
      while (taken_.test(std::memory_order_relaxed)) {
        if (++tries % 256 == 0) {
          std::this_thread::yield();
        } else {
          pause();
        }
      }
    }
  }
  void unlock() { taken_.clear(std::memory_order_release); }

 private:
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::atomic_flag taken_;
};

}  // namespace sluice::ledger
