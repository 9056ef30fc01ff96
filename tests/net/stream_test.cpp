#include "net/stream.hpp"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(Gather, remembers_how_far_it_came) {
  Gather pieces;
  pieces.add("head");
  pieces.add("");
  pieces.add("body");
  ASSERT_EQ(pieces.pieces().size(), 2u);
  pieces.wrote(2);
  EXPECT_EQ(pieces.pieces().front(), "ad");
  pieces.wrote(3);
  EXPECT_EQ(pieces.pieces().front(), "ody");
  EXPECT_FALSE(pieces.empty());
  pieces.wrote(3);
  EXPECT_TRUE(pieces.empty());
}

TEST(Gather, takes_all_that_a_reply_can_have) {
  http::Slices slices;
  for (std::size_t i = 0; i < http::Slices::capacity; ++i) slices.add("x");
  Gather pieces;
  pieces.add("head");
  pieces.add("chunk line");
  pieces.add(slices);
  pieces.add("chunk end");
  EXPECT_EQ(pieces.pieces().size(), http::Slices::capacity + 3);
}

}  // namespace
}  // namespace sluice::net
