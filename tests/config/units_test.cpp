#include "config/units.hpp"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(Units, read_durations) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("3s"), 3s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("0s"), 0ms);
  for (const char* wrong : {"", "5", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1d", "1m30s", "1us", "0x1s",
                            "99999999999999999999s", "18446744073709551615h", "9007199254740993ms"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Units, write_durations_in_the_largest_exact_unit) {
  EXPECT_EQ(write_duration(0ms), "0ms");
  EXPECT_EQ(write_duration(1ms), "1ms");
  EXPECT_EQ(write_duration(1'500ms), "1500ms");
  EXPECT_EQ(write_duration(90s), "90s");
  EXPECT_EQ(write_duration(10min), "10m");
  EXPECT_EQ(write_duration(24h), "24h");
}

TEST(Units, read_sizes) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("1000"), 1'000u);
  EXPECT_EQ(parse_size("64KiB"), 65'536u);
  EXPECT_EQ(parse_size("32MiB"), 33'554'432u);
  EXPECT_EQ(parse_size("1GiB"), 1'073'741'824u);
  EXPECT_EQ(parse_size("18446744073709551615"), 18'446'744'073'709'551'615u);
  for (const char* wrong :
       {"", "KiB", "1KB", "1kib", "1K", "1 KiB", "-1", "1.5MiB", "1TiB", "18446744073709551616", "17179869184GiB"})
    EXPECT_FALSE(parse_size(wrong)) << wrong;
}

TEST(Units, write_sizes_in_the_largest_exact_unit) {
  EXPECT_EQ(write_size(0), "0");
  EXPECT_EQ(write_size(1'000), "1000");
  EXPECT_EQ(write_size(1'536), "1536");
  EXPECT_EQ(write_size(65'536), "64KiB");
  EXPECT_EQ(write_size(std::uint64_t{16} << 30), "16GiB");
}

struct EndpointCase {
  const char* text;
  const char* written;
  bool loopback;
  bool any;
};

TEST(Units, read_endpoints) {
  const EndpointCase cases[] = {
      {"127.0.0.1:8080", "127.0.0.1:8080", true, false},
      {"127.9.9.9:1", "127.9.9.9:1", true, false},
      {"0.0.0.0:0", "0.0.0.0:0", false, true},
      {"10.0.0.7:65535", "10.0.0.7:65535", false, false},
      {"localhost:80", "127.0.0.1:80", true, false},
      {"[::1]:80", "[::1]:80", true, false},
      {"[0:0:0:0:0:0:0:1]:80", "[::1]:80", true, false},
      {"[::]:80", "[::]:80", false, true},
      {"[2001:DB8::1]:80", "[2001:db8::1]:80", false, false},
  };
  for (const EndpointCase& c : cases) {
    const auto endpoint = parse_endpoint(c.text);
    ASSERT_TRUE(endpoint) << c.text;
    EXPECT_EQ(write_endpoint(*endpoint), c.written);
    EXPECT_EQ(endpoint->loopback, c.loopback) << c.text;
    EXPECT_EQ(endpoint->any, c.any) << c.text;
  }
  for (const char* wrong : {"",
                            ":",
                            "8080",
                            ":8080",
                            "*:80",
                            "127.0.0.1",
                            "127.0.0.1:",
                            "127.0.0.1:x",
                            "127.0.0.1:65536",
                            "127.0.0.1:-1",
                            "127.0.0:80",
                            "127.0.0.01:80",
                            "256.0.0.1:80",
                            "::1:80",
                            "[::1]",
                            "[]:80",
                            "[127.0.0.1]:80",
                            "[::1:80",
                            "example.com:80",
                            " 127.0.0.1:80",
                            "[fe80::1%eth0]:80"})
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
}

TEST(Units, know_which_listeners_collide) {
  const auto collides = [](const char* left, const char* right) {
    const bool forth = collide(*parse_endpoint(left), *parse_endpoint(right));
    EXPECT_EQ(forth, collide(*parse_endpoint(right), *parse_endpoint(left)));
    return forth;
  };
  EXPECT_TRUE(collides("127.0.0.1:1", "127.0.0.1:1"));
  EXPECT_TRUE(collides("0.0.0.0:1", "127.0.0.1:1"));
  EXPECT_TRUE(collides("[::]:1", "127.0.0.1:1"));
  EXPECT_FALSE(collides("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_FALSE(collides("127.0.0.1:1", "127.0.0.2:1"));
  EXPECT_FALSE(collides("127.0.0.1:0", "127.0.0.1:0"));
}

TEST(Units, know_names) {
  EXPECT_TRUE(is_name("a"));
  EXPECT_TRUE(is_name("A.b_c-9"));
  EXPECT_TRUE(is_name(std::string(64, 'x')));
  for (const std::string& wrong : {std::string(), std::string("a b"), std::string("a/b"), std::string("\xC3\xA4"),
                                   std::string("a\n"), std::string(65, 'x')})
    EXPECT_FALSE(is_name(wrong)) << wrong;
  EXPECT_TRUE(is_model_name("meta-llama/Llama-3:free@x*"));
  EXPECT_TRUE(is_model_name(std::string(256, 'x')));
  for (const std::string& wrong : {std::string(), std::string("a b"), std::string("a\x7F"), std::string(257, 'x')})
    EXPECT_FALSE(is_model_name(wrong)) << wrong;
}

TEST(Units, know_where_patterns_overlap) {
  struct {
    const char* left;
    const char* right;
    bool overlap;
  } const cases[] = {
      {"a", "a", true},       {"a", "b", false},      {"", "", true},
      {"", "*", true},        {"*", "*", true},       {"a*", "ab", true},
      {"a*", "b*", false},    {"a*", "*b", true},     {"*a*", "b*b", true},
      {"a*c", "ab*", true},   {"a*c", "ab*d", false}, {"gpt-*", "gpt-4*", true},
      {"x*y*z", "*a*", true}, {"x*y", "xy", true},    {"x*y", "x", false},
      {"**", "a", true},      {"a**b", "a*c", false}, {"openai/*", "gpt-*", false},
      {"abc*", "ab", false},  {"*ab", "*ba", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(patterns_overlap(c.left, c.right), c.overlap) << c.left << " " << c.right;
    EXPECT_EQ(patterns_overlap(c.right, c.left), c.overlap) << c.right << " " << c.left;
  }
}

}  // namespace
}  // namespace sluice::config
