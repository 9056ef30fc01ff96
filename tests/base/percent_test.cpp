#include <sluice/base/percent.hpp>

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string encoded(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text);
  return out;
}

TEST(Percent, keeps_what_is_unreserved_and_encodes_the_rest) {
  EXPECT_EQ(encoded("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(encoded("a b/c:d%e+é"), "a%20b%2Fc%3Ad%25e%2B%C3%A9");
  EXPECT_EQ(encoded(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(Percent, gives_back_every_byte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(encoded(all)), all);
}

TEST(Percent, leaves_alone_what_is_no_encoding) {
  EXPECT_EQ(percent_decoded("%"), "%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%g1%4g+"), "%g1%4g+");
  EXPECT_EQ(percent_decoded("%7e%7E"), "~~");
}

}  // namespace
}  // namespace sluice
