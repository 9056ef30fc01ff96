#include "net/buffers.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace sluice::net {
namespace {

void append(ByteQueue& queue, std::string_view text) {
  ASSERT_TRUE(queue.reserve(text.size()));
  std::memcpy(queue.room().data(), text.data(), text.size());
  queue.added(text.size());
}

TEST(BufferPool, hands_the_same_memory_out_again) {
  BufferPool pool;
  const char* memory = nullptr;
  {
    const Buffer buffer = pool.take(10'000);
    EXPECT_EQ(buffer.capacity(), BufferPool::small);
    memory = buffer.data();
  }
  EXPECT_EQ(pool.take(16'000).data(), memory);
}

TEST(BufferPool, serves_sizes_beyond_its_classes_exactly) {
  BufferPool pool;
  const std::size_t huge = (64u << 20) + 1;
  EXPECT_EQ(pool.take(huge).capacity(), huge);
}

TEST(ByteQueue, keeps_bytes_in_order_while_it_grows_and_shrinks) {
  BufferPool pool;
  ByteQueue queue(pool, {});
  std::mt19937 random(1);
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(random() % 300, static_cast<char>('a' + i % 26));
    append(queue, piece);
    expected += piece;
    const std::size_t drop = random() % 280;
    queue.consume(std::min(drop, queue.size()));
    expected.erase(0, drop);
    ASSERT_EQ(queue.bytes(), expected);
  }
}

TEST(ByteQueue, closes_the_gap_where_bytes_are_erased) {
  BufferPool pool;
  ByteQueue queue(pool, {});
  append(queue, "one, two, three");
  queue.erase(5, 5);
  EXPECT_EQ(queue.bytes(), "one, three");
  queue.erase(0, 5);
  EXPECT_EQ(queue.bytes(), "three");
}

TEST(ByteQueue, holds_no_buffer_when_released_empty) {
  BufferPool pool;
  ByteQueue queue(pool, {});
  append(queue, "x");
  queue.release();
  EXPECT_FALSE(queue.room().empty());  // not empty, so it stays
  queue.consume(1);
  queue.release();
  EXPECT_TRUE(queue.room().empty());
}

TEST(ByteQueue, counts_large_bodies_and_refuses_beyond_the_limit) {
  BufferPool pool;
  SharedLoad load;
  load.most_buffered = 300 * 1024;
  const std::atomic<std::int64_t>& total = load.buffered;
  const Account account(load);
  {
    ByteQueue small(pool, account);
    ASSERT_TRUE(small.reserve(BufferPool::small));
    EXPECT_EQ(total, 0);  // an ordinary buffer is no collected body
    ByteQueue large(pool, account);
    ASSERT_TRUE(large.reserve(200 * 1024));
    EXPECT_EQ(total, 256 * 1024);
    ByteQueue refused(pool, account);
    EXPECT_FALSE(refused.reserve(64 * 1024));
    EXPECT_EQ(total, 256 * 1024);
    load.most_buffered = 400 * 1024;  // as after a reload
    EXPECT_TRUE(refused.reserve(64 * 1024));
  }
  EXPECT_EQ(total, 0);
}

TEST(Charge, counts_with_the_bodies_and_is_gone_with_its_owner) {
  SharedLoad load;
  load.most_buffered = 1000;
  {
    Charge one{Account(load)};
    Charge other{Account(load)};
    EXPECT_TRUE(one.set(600));
    EXPECT_FALSE(other.set(500));
    EXPECT_EQ(load.buffered, 600) << "what was refused is not counted";
    EXPECT_TRUE(one.set(100));
    EXPECT_TRUE(other.set(900));
    EXPECT_EQ(load.buffered, 1000);
  }
  EXPECT_EQ(load.buffered, 0);
}

}  // namespace
}  // namespace sluice::net
