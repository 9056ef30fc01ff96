#include "ledger/slots.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include <sluice/base/id.hpp>

#include "ledger/record_codec.hpp"
#include "ledger/sqlite.hpp"

namespace sluice::ledger {
namespace {

constexpr std::size_t file_head_bytes = 4'096;
constexpr std::size_t slot_head_bytes = 64;
constexpr std::size_t mapped_bytes = file_head_bytes + std::size_t{most_slots} * slot_bytes;
constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t one_change = std::uint64_t{1} << 32;
constexpr std::size_t opening_room = most_head_bytes + most_attempt_bytes;
static_assert(slot_head_bytes + 2 * opening_room + 8 <= slot_bytes);

struct FileHead {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t bytes_per_slot;
  std::uint64_t origin;  // of the process that has the file, or had it last
};
constexpr std::array<char, 8> file_magic = {'s', 'l', 'u', 'i', 'c', 'e', 'o', 'p'};
constexpr std::uint32_t file_version = 1;

enum SlotState : std::uint32_t { slot_free, slot_open, slot_settled };

std::uint32_t slot_of(std::uint64_t list) { return static_cast<std::uint32_t>(list); }

// Tells a record from one that lost some of its pages with the power; not from one somebody made up.
std::uint64_t sum_of_bytes(std::uint64_t number, std::string_view bytes) {
  std::uint64_t sum = (number + 1) * 0x9E3779B97F4A7C15U + bytes.size();
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    sum = (sum ^ word) * 0xD6E8FEB86659FD93U;
    sum ^= sum >> 32;
    bytes.remove_prefix(size);
  }
  return sum;
}

std::size_t in_words(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

// A file of that name, nobody else's to read, and locked.
Result<int> open_locked(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return store_error(errno, path, "cannot be opened");
  Result<int> result = file;
  struct stat about {};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    result = errno == EWOULDBLOCK
                 ? store_error(StoreTrouble::busy, path, "is in use: another process keeps its usage records here")
                 : store_error(errno, path, "cannot be locked");
  } else if (::fstat(file, &about) != 0) {
    result = store_error(errno, path, "cannot be looked at");
  } else if ((about.st_mode & 077) != 0 && ::fchmod(file, 0600) != 0) {
    result = store_error(errno, path, "is open to others, and its mode cannot be changed");
  }
  if (!result) ::close(file);
  return result;
}

}  // namespace

// What a slot begins with; the opening record follows, and the settled one at the next word behind it. Whatever is said
// of a record is written before the state that makes it count: a process can be killed between any two stores.
struct Slots::Head {
  std::uint32_t state;
  std::uint32_t opening_size;
  std::int64_t bound;
  std::uint64_t origin;
  std::uint64_t number;
  std::uint64_t opening_sum;
  std::uint64_t settled_sum;
  std::uint32_t settled_size;

  std::uint32_t state_now() { return std::atomic_ref(state).load(std::memory_order_acquire); }
  void become(SlotState next) { std::atomic_ref(state).store(next, std::memory_order_release); }
  NanoUsd bound_now() { return std::atomic_ref(bound).load(std::memory_order_relaxed); }
  std::size_t settled_at() const { return slot_head_bytes + in_words(opening_size); }
};

Slots::Slots(std::string path, int file, std::byte* mapping)
    : path_(std::move(path)),
      file_(file),
      mapping_(mapping),
      origin_(random_from_system().next() >> 1),
      next_(std::make_unique<std::atomic<std::uint32_t>[]>(most_slots)),
      free_(no_slot),
      settled_(no_slot) {}

Slots::~Slots() {
  ::munmap(mapping_, mapped_bytes);
  if (file_ >= 0) ::close(file_);
}

Result<std::unique_ptr<Slots>> Slots::open(const std::string& path, LeftSlots& left) {
  static_assert(sizeof(Head) <= slot_head_bytes);
  int file = -1;
  std::uint64_t size = 0;
  if (!path.empty()) {
    Result<int> opened = open_locked(path);
    if (!opened) return std::move(opened.error());
    file = *opened;
    struct stat about {};
    if (::fstat(file, &about) == 0) size = static_cast<std::uint64_t>(about.st_size);
  }
  // All of what the file may grow to: beyond its end nothing is touched.
  void* mapping = ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE,
                         file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED) {
    const int error_number = errno;
    if (file >= 0) ::close(file);
    return store_error(error_number, path, "cannot be mapped");
  }
  std::unique_ptr<Slots> slots(new Slots(path, file, static_cast<std::byte*>(mapping)));
  if (auto read = slots->read_file_head(size); !read) return std::move(read.error());
  slots->find_left(left);
  if (slots->few_free()) {
    auto grown = slots->grow();
    if (!grown && slots->count_ == 0) return std::move(grown.error());
  }
  return slots;
}

Result<> Slots::read_file_head(std::uint64_t size) {
  if (size > mapped_bytes) return store_error(StoreTrouble::other, path_, "is not a file of requests under way");
  if (file_ >= 0) {
    const std::uint64_t needed = std::max<std::uint64_t>(size, file_head_bytes);
    const int error_number = ::posix_fallocate(file_, 0, static_cast<off_t>(needed));
    if (error_number != 0) return store_error(error_number, path_, "has no room on the disk");
  }
  auto& head = *reinterpret_cast<FileHead*>(mapping_);
  const bool fresh = head.magic == std::array<char, 8>{};  // it was made, and that was all
  if (!fresh && (head.magic != file_magic || head.version != file_version || head.bytes_per_slot != slot_bytes))
    return store_error(StoreTrouble::other, path_, "is not a file of requests under way, or one of another version");
  head.version = file_version;
  head.bytes_per_slot = slot_bytes;
  head.origin = origin_;
  std::atomic_signal_fence(std::memory_order_release);
  head.magic = file_magic;
  if (size > file_head_bytes) count_ = static_cast<std::uint32_t>((size - file_head_bytes) / slot_bytes);
  return {};
}

void Slots::find_left(LeftSlots& left) {
  for (std::uint32_t slot = count_; slot-- > 0;) {
    if (find_left(slot, left)) {
      push_settled(slot);
    } else {
      head(slot).become(slot_free);
      push_free(slot);
    }
  }
}

// Whether there is a record in it; one that was under way is settled then.
bool Slots::find_left(std::uint32_t slot, LeftSlots& left) {
  Head& found = head(slot);
  const std::uint32_t state = found.state_now();
  if (state == slot_free) return false;
  UsageRecord record;
  const bool whole = found.opening_size <= opening_room &&
                     (state == slot_open || found.settled_size <= slot_bytes - found.settled_at());
  if (whole && state == slot_settled) {
    const std::string_view kept(bytes(slot) + found.settled_at(), found.settled_size);
    if (found.settled_sum == sum_of_bytes(found.number, kept) && read_record(kept, record)) return ++left.settled > 0;
  } else if (whole && state == slot_open) {
    const std::string_view kept(bytes(slot) + slot_head_bytes, found.opening_size);
    if (found.opening_sum == sum_of_bytes(found.number, kept) && read_record(kept, record)) {
      record.crashed = true;
      record.cost = std::max<NanoUsd>(found.bound_now(), 0);
      const std::span<char> place = settled_place(slot);
      found.settled_size = static_cast<std::uint32_t>(write_record(record, place));
      found.settled_sum = sum_of_bytes(found.number, {place.data(), found.settled_size});
      found.become(slot_settled);
      if (__builtin_add_overflow(left.crashed_cost, record.cost, &left.crashed_cost))
        left.crashed_cost = std::numeric_limits<NanoUsd>::max();
      return ++left.crashed > 0;
    }
  }
  ++left.torn;
  return false;
}

std::optional<std::uint32_t> Slots::begin(const UsageRecord& opening) {
  const std::optional<std::uint32_t> slot = pop_free();
  if (!slot) return slot;
  Head& fresh = head(*slot);
  fresh.origin = origin_;
  fresh.number = numbers_.fetch_add(1, std::memory_order_relaxed);
  char* place = bytes(*slot) + slot_head_bytes;
  fresh.opening_size = static_cast<std::uint32_t>(write_record(opening, {place, opening_room}));
  fresh.opening_sum = sum_of_bytes(fresh.number, {place, fresh.opening_size});
  std::atomic_ref(fresh.bound).store(0, std::memory_order_relaxed);
  fresh.become(slot_open);
  return slot;
}

void Slots::bound(std::uint32_t slot, NanoUsd most) {
  std::atomic_ref(head(slot).bound).store(most, std::memory_order_release);
}

void Slots::settle(std::uint32_t slot, const UsageRecord& record) {
  Head& open = head(slot);
  const std::span<char> place = settled_place(slot);
  open.settled_size = static_cast<std::uint32_t>(write_record(record, place));
  open.settled_sum = sum_of_bytes(open.number, {place.data(), open.settled_size});
  open.become(slot_settled);
  push_settled(slot);
}

void Slots::settle_unknown(std::uint32_t slot) {
  Head& open = head(slot);
  UsageRecord record;
  read_record({bytes(slot) + slot_head_bytes, open.opening_size}, record);
  record.cost = std::max<NanoUsd>(open.bound_now(), 0);
  settle(slot, record);
}

std::uint32_t Slots::settled() const {
  return static_cast<std::uint32_t>(settled_.load(std::memory_order_seq_cst) >> 32);
}

void Slots::take_settled(std::vector<std::uint32_t>& slots) {
  const std::uint64_t list = settled_.exchange(no_slot, std::memory_order_seq_cst);
  const auto old = static_cast<std::ptrdiff_t>(slots.size());
  for (std::uint32_t slot = slot_of(list); slot != no_slot; slot = next_[slot].load(std::memory_order_relaxed))
    slots.push_back(slot);
  std::reverse(slots.begin() + old, slots.end());
}

KeptRecord Slots::look(std::uint32_t slot) const {
  const Head& kept = head(slot);
  return {kept.origin, kept.number, {bytes(slot) + kept.settled_at(), kept.settled_size}};
}

void Slots::release(std::span<const std::uint32_t> slots) {
  for (const std::uint32_t slot : slots) {
    head(slot).become(slot_free);
    push_free(slot);
  }
}

Result<> Slots::grow() {
  const std::uint32_t more = count_ == 0 ? slots_at_first : std::min(slots_in_a_step, most_slots - count_);
  if (more == 0) return {};
  if (file_ >= 0) {
    const auto from = static_cast<off_t>(file_head_bytes + std::size_t{count_} * slot_bytes);
    const int error_number = ::posix_fallocate(file_, from, static_cast<off_t>(std::size_t{more} * slot_bytes));
    if (error_number != 0) return store_error(error_number, path_, "has no room on the disk");
  }
  for (std::uint32_t slot = count_ + more; slot-- > count_;) push_free(slot);
  count_ += more;
  return {};
}

Slots::Head& Slots::head(std::uint32_t slot) const { return *reinterpret_cast<Head*>(bytes(slot)); }

char* Slots::bytes(std::uint32_t slot) const {
  return reinterpret_cast<char*>(mapping_) + file_head_bytes + std::size_t{slot} * slot_bytes;
}

std::span<char> Slots::settled_place(std::uint32_t slot) const {
  const std::size_t at = head(slot).settled_at();
  return {bytes(slot) + at, slot_bytes - at};
}

void Slots::push_settled(std::uint32_t slot) {
  std::uint64_t list = settled_.load(std::memory_order_relaxed);
  std::uint64_t longer = 0;
  do {
    next_[slot].store(slot_of(list), std::memory_order_relaxed);
    longer = ((list & ~std::uint64_t{no_slot}) + one_change) | slot;
  } while (!settled_.compare_exchange_weak(list, longer, std::memory_order_seq_cst, std::memory_order_relaxed));
}

void Slots::push_free(std::uint32_t slot) {
  std::uint64_t list = free_.load(std::memory_order_relaxed);
  std::uint64_t longer = 0;
  do {
    next_[slot].store(slot_of(list), std::memory_order_relaxed);
    longer = ((list & ~std::uint64_t{no_slot}) + one_change) | slot;
  } while (!free_.compare_exchange_weak(list, longer, std::memory_order_release, std::memory_order_relaxed));
  free_count_.fetch_add(1, std::memory_order_relaxed);
}

std::optional<std::uint32_t> Slots::pop_free() {
  std::uint64_t list = free_.load(std::memory_order_acquire);
  for (;;) {
    const std::uint32_t slot = slot_of(list);
    if (slot == no_slot) return std::nullopt;
    // May be another list's by now; then the head has changed too, and this is tried again.
    const std::uint64_t rest = next_[slot].load(std::memory_order_relaxed);
    const std::uint64_t shorter = ((list & ~std::uint64_t{no_slot}) + one_change) | rest;
    if (free_.compare_exchange_weak(list, shorter, std::memory_order_acquire, std::memory_order_acquire)) {
      free_count_.fetch_sub(1, std::memory_order_relaxed);
      return slot;
    }
  }
}

}  // namespace sluice::ledger
