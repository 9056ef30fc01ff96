#include <sluice/config/load.hpp>

#include <gtest/gtest.h>

namespace sluice::config::url_test {
namespace {

struct Case {
  const char* text;
  bool tls;
  const char* host;
  std::uint16_t port;
  const char* path;
};

TEST(Url, is_taken_apart) {
  const Case cases[] = {
      {"https://api.example.com/v1", true, "api.example.com", 443, "/v1"},
      {"http://127.0.0.1:11434/v1/", false, "127.0.0.1", 11'434, "/v1"},
      {"HTTPS://Api.Example.COM", true, "api.example.com", 443, ""},
      {"http://h/", false, "h", 80, ""},
      {"http://h//", false, "h", 80, ""},
      {"http://h:1/a/b%20c/", false, "h", 1, "/a/b%20c"},
      {"http://my_service:8000", false, "my_service", 8'000, ""},
      {"https://[::1]:8443/x", true, "::1", 8'443, "/x"},
      {"https://[2001:DB8::1]", true, "2001:db8::1", 443, ""},
      {"http://h:65535/@:", false, "h", 65'535, "/@:"},
  };
  for (const Case& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url) << c.text;
    EXPECT_EQ(url->tls, c.tls) << c.text;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
  }
}

TEST(Url, is_refused_when_it_is_not_absolute_or_holds_more) {
  for (const char* wrong : {"",
                            "h",
                            "//h",
                            "/v1",
                            "ftp://h",
                            "https:/h",
                            "https://",
                            "http:///v1",
                            "http://:80",
                            "http://u@h",
                            "http://u:p@h/",
                            "http://h?a",
                            "http://h/?a=b",
                            "http://h#f",
                            "http://h/#f",
                            "http://h:",
                            "http://h:0",
                            "http://h:65536",
                            "http://h:x",
                            "http://h:8 0",
                            "http://h h",
                            "http://h/a b",
                            "http://h\t",
                            "http://h/\n",
                            "http://h/\x7F",
                            "http://h/\xC3\xA4",
                            "http://\xC3\xA4",
                            "http://[::1",
                            "http://[]",
                            "http://[127.0.0.1]",
                            "http://[fe80::1%25e]",
                            "http://[::1]x",
                            "http://a..b",
                            "http://.a",
                            "http://-a",
                            "http://h\\x",
                            "http://h/\\",
                            "http://h%41",
                            " http://h",
                            "http://h "})
    EXPECT_FALSE(parse_url(wrong)) << wrong;
  EXPECT_TRUE(parse_url("http://" + std::string(253, 'a')));
  EXPECT_FALSE(parse_url("http://" + std::string(254, 'a')));
}

}  // namespace
}  // namespace sluice::config::url_test
