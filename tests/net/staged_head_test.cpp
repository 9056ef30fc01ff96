#include "net/staged_head.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::net::staged_head_test {
namespace {

constexpr std::string_view date = "Tue, 03 Feb 2026 04:05:06 GMT";

std::string written(int status, ReplyFraming framing, std::uint64_t length, bool closes, std::string_view value = "1") {
  BufferPool buffers;
  StagedHead head;
  const std::array<http::Field, 1> fields{{{"x-a", value}}};
  head.write(buffers, http::HeadView{status, fields}, date, framing, length, closes);
  return std::string(head.text());
}

TEST(StagedHead, says_where_the_body_ends) {
  const std::string begin = "HTTP/1.1 200 OK\r\ndate: Tue, 03 Feb 2026 04:05:06 GMT\r\nx-a: 1\r\n";
  EXPECT_EQ(written(200, ReplyFraming::length, 12, false), begin + "content-length: 12\r\n\r\n");
  EXPECT_EQ(written(200, ReplyFraming::chunked, 0, false), begin + "transfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(written(200, ReplyFraming::until_close, 0, true), begin + "connection: close\r\n\r\n");
}

TEST(StagedHead, gives_no_length_to_what_has_no_body) {
  EXPECT_EQ(written(304, ReplyFraming::length, 0, false).find("content-length"), std::string::npos);
  EXPECT_EQ(written(204, ReplyFraming::length, 0, false).find("content-length"), std::string::npos);
}

TEST(StagedHead, leaves_out_what_would_be_another_line) {
  EXPECT_EQ(written(200, ReplyFraming::length, 0, false, "1\r\nx-b: 2").find("x-"), std::string::npos);
}

TEST(StagedHead, holds_fields_of_any_size) {
  const std::string large(100'000, 'v');
  EXPECT_NE(written(200, ReplyFraming::length, 0, false, large).find(large), std::string::npos);
}

TEST(StagedHead, is_gone_once_it_is_given_back) {
  BufferPool buffers;
  StagedHead head;
  EXPECT_EQ(head.text(), "");
  head.write(buffers, http::HeadView{200, {}}, date, ReplyFraming::length, 0, false);
  EXPECT_NE(head.text(), "");
  head.give_back();
  EXPECT_EQ(head.text(), "");
}

}  // namespace
}  // namespace sluice::net::staged_head_test
