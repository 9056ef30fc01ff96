#include "net/buffers.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace sluice::net {

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      memory_(std::exchange(other.memory_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    give_back();
    pool_ = std::exchange(other.pool_, nullptr);
    memory_ = std::exchange(other.memory_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

void Buffer::give_back() {
  if (memory_ == nullptr) return;
  pool_->give(std::exchange(memory_, nullptr), std::exchange(capacity_, 0));
}

BufferPool::~BufferPool() {
  for (std::vector<char*>& list : free_) {
    for (char* memory : list) ::operator delete(memory);
  }
}

std::size_t BufferPool::rounded(std::size_t bytes) {
  for (const Class& size : classes) {
    if (bytes <= size.capacity) return size.capacity;
  }
  return bytes;
}

Buffer BufferPool::take(std::size_t bytes) {
  const std::size_t capacity = rounded(bytes);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].capacity != capacity || free_[i].empty()) continue;
    char* memory = free_[i].back();
    free_[i].pop_back();
    return Buffer(*this, memory, capacity);
  }
  char* memory = static_cast<char*>(::operator new(capacity + slack));
  std::memset(memory + capacity, 0, slack);
  return Buffer(*this, memory, capacity);
}

void BufferPool::give(char* memory, std::size_t capacity) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].capacity != capacity || free_[i].size() >= classes[i].kept) continue;
    if (free_[i].capacity() == 0) free_[i].reserve(classes[i].kept);
    free_[i].push_back(memory);
    return;
  }
  ::operator delete(memory);
}

bool Charge::set(std::int64_t bytes) {
  const std::int64_t more = bytes - bytes_;
  if (more != 0 && account_.total != nullptr) {
    const std::int64_t before = account_.total->fetch_add(more, std::memory_order_relaxed);
    if (more > 0 && before + more > account_.limit->load(std::memory_order_relaxed)) {
      account_.total->fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
  }
  bytes_ = bytes;
  return true;
}

bool ByteQueue::settle(std::size_t capacity) {
  // Only what goes beyond the ordinary buffer counts as a collected body.
  return charge_.set(capacity > BufferPool::small ? static_cast<std::int64_t>(capacity) : 0);
}

bool ByteQueue::reserve(std::size_t bytes) {
  if (buffer_ && buffer_.capacity() - end_ >= bytes) return true;
  const std::size_t needed = size() + bytes;
  if (buffer_ && buffer_.capacity() >= needed) {
    std::memmove(data(), data() + begin_, size());
  } else {
    const std::size_t wanted = std::max(needed, BufferPool::small);
    if (!settle(BufferPool::rounded(wanted))) return false;
    Buffer bigger = pool_.take(wanted);
    if (!empty()) std::memcpy(bigger.data(), data() + begin_, size());
    buffer_ = std::move(bigger);
  }
  end_ = size();
  begin_ = 0;
  return true;
}

void ByteQueue::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ByteQueue::move_down(std::string_view part, std::size_t at) {
  if (!part.empty() && part.data() != data() + begin_ + at)
    std::memmove(data() + begin_ + at, part.data(), part.size());
}

void ByteQueue::erase(std::size_t at, std::size_t bytes) {
  if (bytes == 0) return;
  char* gap = data() + begin_ + at;
  std::memmove(gap, gap + bytes, size() - at - bytes);
  end_ -= bytes;
}

void ByteQueue::release() {
  if (!empty() || !buffer_) return;
  settle(0);
  buffer_.give_back();
  begin_ = end_ = 0;
}

}  // namespace sluice::net
