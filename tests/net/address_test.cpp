#include "net/address.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>

namespace sluice::net {
namespace {

TEST(ParseEndpoint, takes_literal_addresses_and_ports_only) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:80")->port(), 80);
  EXPECT_TRUE(parse_endpoint("[::1]:0")->address().is_v6());
  EXPECT_EQ(parse_endpoint("localhost:1")->address().to_string(), "127.0.0.1");
  for (const char* bad :
       {"", "127.0.0.1", "example.com:80", "::1:80", "127.0.0.1:65536", "127.0.0.1:-1", "[127.0.0.1]:1", ":80"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

TEST(IsPrivate, knows_every_form_of_a_private_address) {
  for (const char* address : {"0.0.0.0",
                              "10.1.2.3",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:10.0.0.1",
                              "::ffff:127.0.0.1",
                              "::127.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "fd00::1",
                              "fc00::1",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1"}) {
    EXPECT_TRUE(is_private(asio::ip::make_address(address))) << address;
  }
}

TEST(IsPrivate, leaves_public_addresses_alone) {
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "172.15.255.255", "192.167.255.255", "193.168.1.1",
        "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"}) {
    EXPECT_FALSE(is_private(asio::ip::make_address(address))) << address;
  }
}

TEST(IsMetadata, knows_where_clouds_hand_out_credentials_in_every_spelling) {
  for (const char* address :
       {"169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "::ffff:169.254.169.254",
        "::169.254.170.2", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"}) {
    EXPECT_TRUE(is_metadata(asio::ip::make_address(address))) << address;
    EXPECT_TRUE(is_private(asio::ip::make_address(address))) << address;
  }
  for (const char* address : {"169.254.0.1", "169.254.171.2", "127.0.0.1", "10.0.0.1", "100.100.100.100", "8.8.8.8",
                              "::1", "fd00:ec3::254", "fd20:ce::255", "2001:db8::1"}) {
    EXPECT_FALSE(is_metadata(asio::ip::make_address(address))) << address;
  }
}

}  // namespace
}  // namespace sluice::net
