#include <sluice/http/reader.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::http::response_reader_test {
namespace {

struct OneHead {
  explicit OneHead(HeadLimits limits = default_response_limits) : reader(limits, fields) {}

  Step read(std::string_view bytes) { return reader.read(bytes, head, why); }

  std::array<Field, 200> fields{};
  ResponseReader reader;
  ResponseHead head;
  Refusal why;
};

struct Case {
  std::string bytes;
  bool accepted = true;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
};

Case accepts(std::string bytes, Framing framing, std::uint64_t length = 0, bool keep_alive = true) {
  return {std::move(bytes), true, framing, length, keep_alive};
}
Case refuses(std::string bytes) { return {std::move(bytes), false}; }

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      accepts("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Framing::length, 5),
      accepts("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Framing::length, 0),
      accepts("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", Framing::length, 5),
      accepts("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Framing::chunked),
      accepts("HTTP/1.1 200 OK\r\n\r\n", Framing::until_close, 0, false),
      accepts("HTTP/1.0 200 OK\r\n\r\n", Framing::until_close, 0, false),
      accepts("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", Framing::length, 5, false),
      accepts("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", Framing::length, 5, false),
      accepts("HTTP/1.1 100 Continue\r\n\r\n", Framing::none),
      accepts("HTTP/1.1 102 Processing\r\n\r\n", Framing::none),
      accepts("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 3\r\n\r\n", Framing::none),
      accepts("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Framing::none),
      accepts("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", Framing::none),
      accepts("HTTP/1.1 404 Gr\xC3\xBC\xC3\x9F\tGott\r\nContent-Length: 5\r\n\r\n", Framing::length, 5),
      accepts("HTTP/1.1 599 Odd\r\nContent-Length: 5\r\n\r\n", Framing::length, 5),
      refuses("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n"),
      refuses("HTTP/1.1  200 OK\r\n\r\n"),
      refuses("HTTP/1.1 099 Low\r\n\r\n"),
      refuses("HTTP/1.1 600 High\r\n\r\n"),
      refuses("HTTP/1.1 20 OK\r\n\r\n"),
      refuses("HTTP/1.1 2000 OK\r\n\r\n"),
      refuses("HTTP/1.1 +20 OK\r\n\r\n"),
      refuses("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
      refuses("HTTP/2.0 200 OK\r\n\r\n"),
      refuses("HTTP/0.9 200 OK\r\n\r\n"),
      refuses("http/1.1 200 OK\r\n\r\n"),
      refuses("\r\nHTTP/1.1 200 OK\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\n\n"),
      refuses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n"),
      refuses("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"),
      refuses("HTTP/1.1 200 OK\r\nX : a\r\n\r\n"),
      refuses(std::string("HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", 25)),
      refuses("HTTP/1.1 200 OK\r\nX: " + std::string(64 * 1024, 'y')),
      refuses("<html>\r\n"),
  };
  return all;
}

TEST(ResponseReader, reads_every_case_as_the_table_says_wherever_it_is_cut) {
  for (const Case& expected : cases()) {
    const std::size_t last_cut = std::min<std::size_t>(expected.bytes.size(), 300);
    for (std::size_t cut = 0; cut <= last_cut; ++cut) {
      OneHead one;
      Step step = Step::more;
      {
        const std::string beginning = expected.bytes.substr(0, cut);
        if (cut > 0 && cut < expected.bytes.size()) step = one.read(beginning);
      }
      if (step == Step::more) step = one.read(expected.bytes);
      ASSERT_EQ(step, expected.accepted ? Step::done : Step::refused) << expected.bytes << " cut at " << cut;
      if (!expected.accepted) {
        EXPECT_EQ(one.why.status, 502);
        continue;
      }
      EXPECT_EQ(one.head.framing, expected.framing) << expected.bytes;
      EXPECT_EQ(one.head.length, expected.length) << expected.bytes;
      EXPECT_EQ(one.head.keep_alive, expected.keep_alive) << expected.bytes;
      EXPECT_EQ(one.head.bytes, expected.bytes.size()) << expected.bytes;
    }
  }
}

TEST(ResponseReader, tells_what_the_head_says) {
  const std::string bytes = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}";
  OneHead one;
  ASSERT_EQ(one.read(bytes), Step::done);
  EXPECT_EQ(one.head.status, 429);
  EXPECT_EQ(one.head.reason, "Too Many Requests");
  EXPECT_EQ(find(one.head.fields, "retry-after"), "7");
  EXPECT_EQ(one.head.bytes, bytes.size() - 2);
}

TEST(ResponseReader, reads_interim_responses_one_by_one) {
  std::string bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
  std::vector<int> statuses;
  OneHead one;
  while (!bytes.empty()) {
    ASSERT_EQ(one.read(bytes), Step::done);
    statuses.push_back(one.head.status);
    bytes.erase(0, one.head.bytes);
    one.reader.reset();
  }
  EXPECT_EQ(statuses, (std::vector<int>{100, 103, 200}));
}

TEST(ResponseReader, views_into_the_bytes_of_the_last_call) {
  std::string beginning = "HTTP/1.1 200 Fine\r\nA: first\r\nB: sec";
  const std::string all = beginning + "ond\r\n\r\n";
  OneHead one;
  ASSERT_EQ(one.read(beginning), Step::more);
  beginning.assign(beginning.size(), '?');
  ASSERT_EQ(one.read(all), Step::done);
  EXPECT_EQ(one.head.reason, "Fine");
  EXPECT_EQ(one.head.fields[0].value, "first");
  EXPECT_EQ(one.head.fields[1].value, "second");
}

TEST(ResponseReader, allows_two_hundred_fields) {
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += "X: y\r\n";
  OneHead most;
  EXPECT_EQ(most.read("HTTP/1.1 200 OK\r\n" + fields + "\r\n"), Step::done);
  OneHead more;
  EXPECT_EQ(more.read("HTTP/1.1 200 OK\r\n" + fields + "X: y\r\n\r\n"), Step::refused);
  EXPECT_EQ(more.why.status, 502);
}

}  // namespace
}  // namespace sluice::http::response_reader_test
