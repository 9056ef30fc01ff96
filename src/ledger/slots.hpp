#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/ledger/record.hpp>

// Where usage records are between a request's beginning and the commit of its record: slots of a file that is mapped
// into memory. Writing them is a store into memory, and yet what was written is there after the process was killed,
// because the pages are the kernel's. Only a loss of power can lose them.
namespace sluice::ledger {

inline constexpr std::size_t slot_bytes = 8'192;
inline constexpr std::uint32_t most_slots = 16'384;  // requests under way, and records waiting, at a time
// The file's room is really taken, not left as holes: a store into a hole of a full disk kills the process. That is why
// it begins small and grows in steps.
inline constexpr std::uint32_t slots_at_first = 1'024;
inline constexpr std::uint32_t slots_in_a_step = 1'024;
inline constexpr std::uint32_t few_slots = 512;  // when there are fewer free ones it is time to grow

// A record as it lies in its slot. Which record it is, its origin and number tell for all time: a random number of the
// process that began it, and its count there. A request's own id may be the caller's choice, and tells nothing.
struct KeptRecord {
  std::uint64_t origin = 0;
  std::uint64_t number = 0;
  std::string_view bytes;
};

// What a process that is no more has left.
struct LeftSlots {
  std::uint64_t settled = 0;
  std::uint64_t crashed = 0;  // were under way: now settled with what had been set aside for them
  NanoUsd crashed_cost = 0;
  std::uint64_t torn = 0;  // neither, after a loss of power: given up
};

// Thread-safe where it says so. The file is locked as long as the object lives.
class Slots {
 public:
  // An empty path: memory of this process only. Fails when another process has the file, or when it cannot be written
  // or has no room. A file that is no such file is an error too: whoever owns it shall look at it.
  static Result<std::unique_ptr<Slots>> open(const std::string& path, LeftSlots& left);
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // From any thread, without a system call: an open slot for a request; nothing when all are taken.
  std::optional<std::uint32_t> begin(const UsageRecord& opening);
  // From the one thread that began it. The most the request may cost so far.
  void bound(std::uint32_t slot, NanoUsd most);
  void settle(std::uint32_t slot, const UsageRecord& record);
  // As it was begun, with the cost bound so far.
  void settle_unknown(std::uint32_t slot);
  bool few_free() const { return free_count_.load(std::memory_order_relaxed) < static_cast<std::int64_t>(few_slots); }
  // Settled since they were last taken.
  std::uint32_t settled() const;

  // From the one thread that writes. Appends the settled slots, in the order in which they were settled.
  void take_settled(std::vector<std::uint32_t>& slots);
  KeptRecord look(std::uint32_t slot) const;
  void release(std::span<const std::uint32_t> slots);
  // More free slots, if there may be more and there is room. A failure changes nothing.
  Result<> grow();

 private:
  struct Head;
  Slots(std::string path, int file, std::byte* mapping);
  Head& head(std::uint32_t slot) const;
  char* bytes(std::uint32_t slot) const;
  std::span<char> settled_place(std::uint32_t slot) const;
  Result<> read_file_head(std::uint64_t size);
  void find_left(LeftSlots& left);
  bool find_left(std::uint32_t slot, LeftSlots& left);
  void push_settled(std::uint32_t slot);
  void push_free(std::uint32_t slot);
  std::optional<std::uint32_t> pop_free();

  const std::string path_;
  const int file_;  // -1: none
  std::byte* const mapping_;
  const std::uint64_t origin_;
  std::uint32_t count_ = 0;  // slots there is room for; the writing thread's
  // Both lists go through this: a slot is in at most one of them.
  std::unique_ptr<std::atomic<std::uint32_t>[]> next_;
  // First slot in the low half. The high half makes each change of the free list's head another value, and counts the
  // settled ones.
  alignas(64) std::atomic<std::uint64_t> free_;
  std::atomic<std::int64_t> free_count_ = 0;
  std::atomic<std::uint64_t> numbers_ = 0;
  alignas(64) std::atomic<std::uint64_t> settled_;
};

}  // namespace sluice::ledger
