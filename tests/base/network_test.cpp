#include <sluice/base/network.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::network_test {
namespace {

std::string in_full(std::string_view text) {
  const auto network = Network::parse(text);
  return network ? network->text() : "nothing";
}

bool has(std::string_view network, std::string_view address) {
  const auto parsed = Network::parse(network);
  return parsed && parsed->contains(address);
}

TEST(Network, is_read_and_written_as_cidr) {
  EXPECT_EQ(in_full("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(in_full("192.0.2.7"), "192.0.2.7/32");
  EXPECT_EQ(in_full("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(in_full("2001:0DB8:0:0::/32"), "2001:db8::/32");
  EXPECT_EQ(in_full("::1"), "::1/128");
  EXPECT_EQ(in_full("::/0"), "::/0");
  EXPECT_EQ(in_full("::ffff:10.0.0.0/104"), "10.0.0.0/8");
  EXPECT_EQ(in_full("::ffff:10.0.0.1"), "10.0.0.1/32");
}

TEST(Network, is_nothing_else) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/ 8",
                           "10.0.0.0/0008",
                           "10.0.0.0/8/8",
                           "10.0.0/8",
                           "010.0.0.0/8",
                           "10.0.0.0.0/8",
                           " 10.0.0.0/8",
                           "256.0.0.0/8",
                           "::/129",
                           "[::1]",
                           "fe80::1%eth0",
                           "localhost",
                           "2001:db8::/32 ",
                           "1:2:3:4:5:6:7/16"}) {
    EXPECT_EQ(in_full(text), "nothing") << text;
    EXPECT_FALSE(Network::around(text)) << text;
  }
  EXPECT_FALSE(Network::parse(std::string_view("10.0.0.0\0x/8", 12)));
}

TEST(Network, has_nothing_behind_its_prefix) {
  EXPECT_FALSE(Network::parse("10.1.2.3/8"));
  EXPECT_FALSE(Network::parse("2001:db8::1/32"));
  EXPECT_FALSE(Network::parse("0.0.0.1/0"));
  ASSERT_TRUE(Network::around("10.1.2.3/8"));
  EXPECT_EQ(Network::around("10.1.2.3/8")->text(), "10.0.0.0/8");
  EXPECT_EQ(Network::around("172.31.255.255/12")->text(), "172.16.0.0/12");
  EXPECT_EQ(Network::around("2001:db8:ffff::1/33")->text(), "2001:db8:8000::/33");
  EXPECT_EQ(Network::around("10.0.0.1")->text(), "10.0.0.1/32");
}

TEST(Network, contains_what_begins_like_it) {
  EXPECT_TRUE(has("10.0.0.0/8", "10.0.0.0"));
  EXPECT_TRUE(has("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(has("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(has("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(has("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(has("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(has("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(has("0.0.0.0/0", "255.255.255.255"));
  EXPECT_TRUE(has("2001:db8:8000::/33", "2001:db8:ffff::1"));
  EXPECT_FALSE(has("2001:db8:8000::/33", "2001:db8:7fff::1"));
  EXPECT_TRUE(has("::/0", "2001:db8::1"));
  EXPECT_TRUE(has("fe80::/10", "fe80::1%eth0"));
}

TEST(Network, takes_an_ipv4_address_in_ipv6s_clothes_for_what_it_is) {
  EXPECT_TRUE(has("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(has("::ffff:10.0.0.0/104", "10.1.2.3"));
  EXPECT_FALSE(has("::/0", "10.1.2.3"));
  EXPECT_FALSE(has("::/0", "::ffff:10.1.2.3"));
  EXPECT_FALSE(has("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(has("0.0.0.0/0", "::1"));
}

TEST(Network, contains_no_text_that_is_no_address) {
  EXPECT_FALSE(has("0.0.0.0/0", ""));
  EXPECT_FALSE(has("0.0.0.0/0", "10.0.0.0/8"));
  EXPECT_FALSE(has("::/0", "%"));
}

TEST(Network, is_asked_for_bytes_too) {
  const auto network = *Network::parse("10.0.0.0/8");
  const std::array<std::uint8_t, 4> four{10, 1, 2, 3};
  const std::array<std::uint8_t, 16> sixteen{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 1, 2, 3};
  const std::array<std::uint8_t, 5> five{10, 1, 2, 3, 4};
  EXPECT_TRUE(network.contains(std::span<const std::uint8_t>(four)));
  EXPECT_TRUE(network.contains(std::span<const std::uint8_t>(sixteen)));
  EXPECT_FALSE(network.contains(std::span<const std::uint8_t>(five)));
  EXPECT_FALSE(network.contains(std::span<const std::uint8_t>()));
}

}  // namespace
}  // namespace sluice::network_test
