#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <sluice/net/server.hpp>

namespace sluice::net {

class BufferPool;

// A block of memory on loan from a worker's pool; given back when destroyed.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { give_back(); }

  explicit operator bool() const { return memory_ != nullptr; }
  char* data() const { return memory_; }
  std::size_t capacity() const { return capacity_; }  // slack not included
  std::span<char> span() const { return {memory_, capacity_}; }
  void give_back();

 private:
  friend class BufferPool;
  Buffer(BufferPool& pool, char* memory, std::size_t capacity) : pool_(&pool), memory_(memory), capacity_(capacity) {}
  BufferPool* pool_ = nullptr;
  char* memory_ = nullptr;
  std::size_t capacity_ = 0;
};

// Memory for one worker in a few sizes, kept for reuse, so that the heap neither fragments nor gives pages
// back and faults them in again (which cost 30 to 65 % at 200 KB bodies). Every buffer has 64 more readable bytes
// behind its capacity, for SIMD readers.
class BufferPool {
 public:
  static constexpr std::size_t slack = 64;
  static constexpr std::size_t small = 16 * 1024;

  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  // At least `bytes` of capacity; sizes beyond the largest class are served exactly and not kept.
  Buffer take(std::size_t bytes);
  // The capacity take() would give.
  static std::size_t rounded(std::size_t bytes);

 private:
  friend class Buffer;
  void give(char* memory, std::size_t capacity);

  struct Class {
    std::size_t capacity;
    std::size_t kept;
  };
  static constexpr std::array<Class, 8> classes{{{4 * 1024, 512},
                                                 {small, 512},
                                                 {64 * 1024, 64},
                                                 {256 * 1024, 32},
                                                 {1024 * 1024, 8},
                                                 {4 * 1024 * 1024, 2},
                                                 {16 * 1024 * 1024, 0},
                                                 {64 * 1024 * 1024, 0}}};
  std::array<std::vector<char*>, classes.size()> free_;
};

// What counts against the limit on all collected bodies together.
struct Account {
  Account() = default;  // counts nothing
  explicit Account(SharedLoad& load) : total(&load.buffered), limit(&load.most_buffered) {}

  std::atomic<std::int64_t>* total = nullptr;  // bytes in use, process-wide
  std::atomic<std::int64_t>* limit = nullptr;
};

// What one user of memory has put on an account.
class Charge {
 public:
  explicit Charge(Account account) : account_(account) {}
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  ~Charge() { set(0); }

  // So many bytes from now on. False if that would take all together over their limit; nothing changed then.
  bool set(std::int64_t bytes);

 private:
  Account account_;
  std::int64_t bytes_ = 0;
};

// Bytes that arrived and were not used yet, in one piece. Takes a buffer when it first needs room, grows by
// moving to a bigger one, and holds none while it is empty and released.
class ByteQueue {
 public:
  ByteQueue(BufferPool& pool, Account account) : pool_(pool), charge_(account) {}
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  ~ByteQueue() = default;

  std::string_view bytes() const { return {data() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Makes room for `bytes` more behind what is there, which may move it. False if that would take all bodies
  // together over their limit; nothing changed then.
  bool reserve(std::size_t bytes);
  // The room there is.
  std::span<char> room() { return {data() + end_, buffer_ ? buffer_.capacity() - end_ : 0}; }
  void added(std::size_t bytes) { end_ += bytes; }
  // Drops bytes from the front.
  void consume(std::size_t bytes);
  // Moves a part of bytes() to `at` (an offset, before the part).
  void move_down(std::string_view part, std::size_t at);
  // Drops `bytes` bytes beginning at `at` (an offset into bytes()), closing the gap.
  void erase(std::size_t at, std::size_t bytes);
  // Gives the buffer back if nothing is in it.
  void release();

 private:
  char* data() const { return buffer_.data(); }
  bool settle(std::size_t capacity);

  BufferPool& pool_;
  Charge charge_;
  Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sluice::net
