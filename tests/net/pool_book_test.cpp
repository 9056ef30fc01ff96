#include "net/pool_book.hpp"

#include <gtest/gtest.h>

namespace sluice::net::pool_book_test {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

TEST(PoolBook, reuses_the_connection_returned_last) {
  PoolBook book(8, 30s);
  book.returned(1, start);
  book.returned(2, start + 1s);
  EXPECT_EQ(book.take(start + 2s), ConnectionId{2});
  EXPECT_EQ(book.take(start + 2s), ConnectionId{1});
  EXPECT_FALSE(book.take(start + 2s));
}

TEST(PoolBook, never_hands_out_a_connection_idle_for_too_long) {
  PoolBook book(8, 30s);
  book.returned(1, start);
  EXPECT_FALSE(book.take(start + 30s));
  EXPECT_EQ(book.expire(start + 30s), std::vector<ConnectionId>{1});
  EXPECT_EQ(book.size(), 0u);
}

TEST(PoolBook, expires_only_the_old_ones) {
  PoolBook book(8, 30s);
  book.returned(1, start);
  book.returned(2, start + 20s);
  EXPECT_EQ(book.expire(start + 40s), std::vector<ConnectionId>{1});
  EXPECT_EQ(book.take(start + 40s), ConnectionId{2});
}

TEST(PoolBook, gives_up_the_oldest_when_there_are_too_many) {
  PoolBook book(2, 30s);
  EXPECT_FALSE(book.returned(1, start));
  EXPECT_FALSE(book.returned(2, start));
  EXPECT_EQ(book.returned(3, start), ConnectionId{1});
  EXPECT_EQ(book.size(), 2u);
}

TEST(PoolBook, never_hands_out_a_connection_that_was_lost) {
  PoolBook book(8, 30s);
  book.returned(1, start);
  book.returned(2, start);
  book.lost(2);
  EXPECT_EQ(book.take(start), ConnectionId{1});
  EXPECT_FALSE(book.take(start));
}

}  // namespace
}  // namespace sluice::net::pool_book_test
