#include <sluice/http/writer.hpp>

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace sluice::http {
namespace {

using std::string_literals::operator""s;

TEST(HeadWriter, writes_a_request_head) {
  std::array<char, 256> buffer{};
  HeadWriter writer(buffer);
  writer.request_line("POST", "/v1/chat/completions");
  writer.field("host", "api.example.test");
  writer.field("content-length", std::uint64_t{1234});
  writer.raw("accept: */*\r\nuser-agent: sluice\r\n");
  writer.end();
  EXPECT_FALSE(writer.failed());
  EXPECT_EQ(writer.text(),
            "POST /v1/chat/completions HTTP/1.1\r\nhost: api.example.test\r\ncontent-length: 1234\r\n"
            "accept: */*\r\nuser-agent: sluice\r\n\r\n");
}

TEST(HeadWriter, writes_a_response_head) {
  std::array<char, 256> buffer{};
  HeadWriter writer(buffer);
  writer.status_line(503);
  writer.field("x-empty", "");
  writer.field("x-most", std::numeric_limits<std::uint64_t>::max());
  writer.end();
  EXPECT_FALSE(writer.failed());
  EXPECT_EQ(writer.text(), "HTTP/1.1 503 Service Unavailable\r\nx-empty: \r\nx-most: 18446744073709551615\r\n\r\n");
}

TEST(HeadWriter, fails_on_what_could_split_a_message) {
  const auto fails = [](std::string_view name, std::string_view value) {
    std::array<char, 256> buffer{};
    HeadWriter writer(buffer);
    writer.status_line(200);
    const std::string before(writer.text());
    writer.field(name, value);
    EXPECT_EQ(writer.failed(), writer.text() == before);
    return writer.failed();
  };
  EXPECT_FALSE(fails("x-name", "tab\tand caf\xE9"));
  for (const std::string& value : {"a\r\nset-cookie: b"s, "a\nb"s, "a\rb"s, "a\0b"s, "\x1B"s, "\x7F"s, "\r"s}) {
    EXPECT_TRUE(fails("x-name", value));
  }
  for (const std::string& name : {""s, "a b"s, "a:"s, "a\r\n"s, "a\0"s, "caf\xE9"s, "(a)"s}) {
    EXPECT_TRUE(fails(name, "value"));
  }
}

TEST(HeadWriter, fails_on_a_start_line_that_could_split_a_message) {
  const auto fails = [](std::string_view method, std::string_view target) {
    std::array<char, 256> buffer{};
    HeadWriter writer(buffer);
    writer.request_line(method, target);
    EXPECT_EQ(writer.failed(), writer.text().empty());
    return writer.failed();
  };
  EXPECT_FALSE(fails("GET", "/path?query"));
  EXPECT_TRUE(fails("GE T", "/"));
  EXPECT_TRUE(fails("", "/"));
  for (const std::string& target : {""s, "/a b"s, "/a\r\nX: y"s, "/\0"s, "/\x80"s}) EXPECT_TRUE(fails("GET", target));
  for (const int status : {-1, 0, 99, 600, 1000}) {
    std::array<char, 256> buffer{};
    HeadWriter writer(buffer);
    writer.status_line(status);
    EXPECT_TRUE(writer.failed()) << status;
  }
}

TEST(HeadWriter, stays_failed_and_writes_nothing_more) {
  std::array<char, 256> buffer{};
  HeadWriter writer(buffer);
  writer.status_line(200);
  writer.field("x", "\n");
  const std::string before(writer.text());
  writer.field("y", "fine");
  writer.raw("z: fine\r\n");
  writer.end();
  EXPECT_TRUE(writer.failed());
  EXPECT_EQ(writer.text(), before);
}

TEST(HeadWriter, fits_exactly_or_fails) {
  const std::string whole = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";
  for (std::size_t room = 0; room <= whole.size(); ++room) {
    std::string buffer(room, '?');
    HeadWriter writer(buffer);
    writer.status_line(200);
    writer.field("a", "b");
    writer.end();
    EXPECT_EQ(writer.failed(), room < whole.size()) << room;
    EXPECT_TRUE(whole.starts_with(writer.text()));
  }
}

TEST(ReasonPhrase, knows_the_standard_ones) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(ChunkLine, is_the_size_in_hexadecimal) {
  std::array<char, 18> buffer{};
  EXPECT_EQ(chunk_line(buffer, 0), "0\r\n");
  EXPECT_EQ(chunk_line(buffer, 26), "1a\r\n");
  EXPECT_EQ(chunk_line(buffer, std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff\r\n");
}

TEST(IsFieldValue, finds_a_control_byte_at_every_position) {
  for (std::size_t at = 0; at < 40; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string value(40, 'x');
      value[at] = static_cast<char>(byte);
      const bool fine = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
      ASSERT_EQ(is_field_value(value), fine) << byte << " at " << at;
    }
  }
}

TEST(IsToken, knows_every_byte) {
  const std::string allowed = "!#$%&'*+-.^_`|~";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    EXPECT_EQ(is_token(std::string(1, c)), letter || allowed.find(c) != std::string::npos) << byte;
  }
  EXPECT_FALSE(is_token(""));
}

}  // namespace
}  // namespace sluice::http
