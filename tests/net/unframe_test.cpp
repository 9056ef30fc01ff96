#include "net/unframe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace sluice::net {
namespace {

void append(ByteQueue& queue, std::string_view text) {
  ASSERT_TRUE(queue.reserve(text.size()));
  std::memcpy(queue.room().data(), text.data(), text.size());
  queue.added(text.size());
}

TEST(Unframe, leaves_the_content_in_one_piece_however_the_bytes_arrive) {
  const std::string raw = "5\r\nhello\r\n1;x=y\r\n,\r\n6\r\n world\r\n0\r\ntrailer: x\r\n\r\nnext";
  for (std::size_t cut = 0; cut <= raw.size(); ++cut) {
    BufferPool pool;
    ByteQueue queue(pool, {});
    http::BodyReader body(http::Framing::chunked, 0);
    Unframed taken;
    for (const std::string& half : {raw.substr(0, cut), raw.substr(cut)}) {
      append(queue, half);
      if (taken.step != http::Step::done) taken = unframe(queue, taken.content, body);
    }
    ASSERT_EQ(taken.step, http::Step::done) << cut;
    EXPECT_EQ(queue.bytes().substr(0, taken.content), "hello, world") << cut;
    EXPECT_EQ(queue.bytes().substr(taken.content), "next") << cut;
  }
}

TEST(Unframe, counts_what_it_took_with_its_framing) {
  BufferPool pool;
  ByteQueue queue(pool, {});
  append(queue, "3\r\nabc\r\n0\r\n\r\nrest");
  http::BodyReader body(http::Framing::chunked, 0);
  EXPECT_EQ(unframe(queue, 0, body).consumed, 13u);
}

TEST(Unframe, says_what_is_wrong_and_keeps_what_was_right) {
  BufferPool pool;
  ByteQueue queue(pool, {});
  append(queue, "3\r\nabc\r\nx\r\n");
  http::BodyReader body(http::Framing::chunked, 0);
  const Unframed taken = unframe(queue, 0, body);
  EXPECT_EQ(taken.step, http::Step::refused);
  EXPECT_FALSE(taken.why.reason.empty());
  EXPECT_EQ(taken.content, 3u);
}

// 400,000 chunks of one byte took a minute when each moved all that followed.
TEST(Unframe, is_linear_in_the_number_of_chunks) {
  BufferPool pool;
  ByteQueue queue(pool, {});
  std::string raw;
  constexpr std::size_t chunks = 400'000;
  for (std::size_t i = 0; i < chunks; ++i) raw += "1\r\nx\r\n";
  append(queue, raw + "0\r\n\r\n");
  http::BodyReader body(http::Framing::chunked, 0);
  const Unframed taken = unframe(queue, 0, body);
  EXPECT_EQ(taken.step, http::Step::done);
  EXPECT_EQ(taken.content, chunks);
}

}  // namespace
}  // namespace sluice::net
