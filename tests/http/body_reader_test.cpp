#include <sluice/http/reader.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

struct Outcome {
  Step step = Step::more;
  std::string content;
  std::size_t consumed = 0;

  bool operator==(const Outcome&) const = default;
};

// Feeds one piece until the reader needs another, from a block of exactly its size.
void feed(BodyReader& reader, std::string_view piece, Outcome& outcome) {
  std::vector<char> block(piece.begin(), piece.end());
  std::string_view rest(block.data(), block.size());
  while (outcome.step == Step::more) {
    std::size_t consumed = 0;
    std::string_view content;
    Refusal why;
    outcome.step = reader.next(rest, consumed, content, why);
    ASSERT_LE(consumed, rest.size());
    ASSERT_LE(content.size(), consumed);
    EXPECT_EQ(outcome.step == Step::refused, !why.reason.empty());
    outcome.content += content;
    outcome.consumed += consumed;
    rest.remove_prefix(consumed);
    if (consumed == 0) return;
  }
}

Outcome read_in(BodyReader reader, std::string_view bytes, std::size_t piece) {
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size() && outcome.step == Step::more; at += piece) {
    feed(reader, bytes.substr(at, piece), outcome);
  }
  return outcome;
}

TEST(BodyReader, is_over_at_once_when_there_is_no_body) {
  EXPECT_TRUE(BodyReader().done());
  EXPECT_TRUE(BodyReader(Framing::none, 0).done());
  EXPECT_TRUE(BodyReader(Framing::length, 0).done());
  EXPECT_EQ(read_in(BodyReader(), "next request", 100), (Outcome{Step::done, "", 0}));
}

TEST(BodyReader, counts_a_length) {
  BodyReader reader(Framing::length, 5);
  Outcome outcome;
  feed(reader, "ab", outcome);
  EXPECT_EQ(reader.known_remaining(), 3u);
  EXPECT_FALSE(reader.done());
  feed(reader, "cdeGET /", outcome);
  EXPECT_EQ(outcome, (Outcome{Step::done, "abcde", 5}));
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.known_remaining(), 0u);
}

TEST(BodyReader, reads_until_the_connection_ends) {
  BodyReader reader(Framing::until_close, 0);
  Outcome outcome;
  feed(reader, "everything\r\n0\r\n\r\n", outcome);
  EXPECT_EQ(outcome, (Outcome{Step::more, "everything\r\n0\r\n\r\n", 17}));
  EXPECT_FALSE(reader.done());
  EXPECT_TRUE(reader.finish());
  EXPECT_TRUE(reader.done());
}

TEST(BodyReader, knows_a_truncated_body) {
  const std::vector<std::pair<BodyReader, std::string>> cases = {{BodyReader(Framing::length, 5), "abcd"},
                                                                 {BodyReader(Framing::chunked, 0), ""},
                                                                 {BodyReader(Framing::chunked, 0), "3\r\nabc\r\n"},
                                                                 {BodyReader(Framing::chunked, 0), "3\r\nabc\r\n0\r\n"},
                                                                 {BodyReader(Framing::chunked, 0), "0\r\n\r"}};
  for (auto [reader, bytes] : cases) {
    Outcome outcome;
    feed(reader, bytes, outcome);
    EXPECT_FALSE(reader.done()) << bytes;
    EXPECT_FALSE(reader.finish()) << bytes;
    feed(reader, "more", outcome);
    EXPECT_EQ(outcome.step, Step::refused) << bytes;
  }
}

TEST(BodyReader, gives_a_small_chunked_body_and_its_end_in_one_call) {
  BodyReader reader(Framing::chunked, 0);
  const std::string_view bytes = "3\r\nabc\r\n0\r\n\r\nGET /";
  std::size_t consumed = 0;
  std::string_view content;
  Refusal why;
  EXPECT_EQ(reader.next(bytes, consumed, content, why), Step::done);
  EXPECT_EQ(content, "abc");
  EXPECT_EQ(content.data(), bytes.data() + 3);
  EXPECT_EQ(consumed, bytes.size() - 5);
}

TEST(BodyReader, gives_the_content_before_a_fault) {
  BodyReader reader(Framing::chunked, 0);
  std::string_view bytes = "3\r\nabc\r\nx\r\n";
  std::size_t consumed = 0;
  std::string_view content;
  Refusal why;
  EXPECT_EQ(reader.next(bytes, consumed, content, why), Step::more);
  EXPECT_EQ(content, "abc");
  bytes.remove_prefix(consumed);
  EXPECT_EQ(reader.next(bytes, consumed, content, why), Step::refused);
  EXPECT_EQ(why.status, 400);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(reader.next("0\r\n\r\n", consumed, content, why), Step::refused);
  EXPECT_FALSE(reader.finish());
}

TEST(BodyReader, takes_the_largest_size_and_no_larger) {
  BodyReader reader(Framing::chunked, 0);
  Outcome outcome;
  feed(reader, "ffffffffffffffff\r\nabc", outcome);
  EXPECT_EQ(outcome, (Outcome{Step::more, "abc", 21}));
  EXPECT_EQ(read_in(BodyReader(Framing::chunked, 0), "ffffffffffffffff0\r\n", 100).step, Step::refused);
}

TEST(BodyReader, holds_each_extension_to_256_bytes_and_not_all_together) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += "1;" + std::string(255, 'x') + "\r\nz\r\n";
  EXPECT_EQ(read_in(BodyReader(Framing::chunked, 0), bytes + "0\r\n\r\n", 100000).content, "zzzzzzzzzz");
}

TEST(BodyReader, holds_all_trailers_together_to_8_kib) {
  std::string trailers;
  for (int i = 0; i < 1024; ++i) trailers += "a: xyz\r\n";
  ASSERT_EQ(trailers.size(), 8192u);
  EXPECT_EQ(read_in(BodyReader(Framing::chunked, 0), "0\r\n" + trailers + "\r\n", 100000).step, Step::done);
  EXPECT_EQ(read_in(BodyReader(Framing::chunked, 0), "0\r\n" + trailers + "a: x\r\n\r\n", 100000).step, Step::refused);
}

TEST(BodyReader, refuses_only_the_framing_names_as_trailers) {
  const auto step_of = [](const std::string& trailer) {
    return read_in(BodyReader(Framing::chunked, 0), "0\r\n" + trailer + "\r\n\r\n", 1).step;
  };
  EXPECT_EQ(step_of("Content-Length: 1"), Step::refused);
  EXPECT_EQ(step_of("TRANSFER-ENCODING:x"), Step::refused);
  EXPECT_EQ(step_of("A: 1\r\ncontent-length: 1"), Step::refused);
  for (const std::string fine : {"content-lengt: 1", "content-length1: 1", "xcontent-length: 1", "content_length: 1",
                                 "transfer-encodin: 1", "content-encoding: 1", "x: content-length: 1"}) {
    EXPECT_EQ(step_of(fine), Step::done) << fine;
  }
}

TEST(BodyReader, reads_the_same_whatever_the_pieces) {
  const std::vector<std::string> streams = {
      "3\r\nabc\r\n0\r\n\r\nnext",
      "1\r\na\r\n2;x=\"y\"\r\nbc\r\nA\r\n0123456789\r\n0;z\r\nTrailer: x\r\nOther:\r\n\r\nnext",
      "3\r\nabc\r\n2\r\nde\r\nx",
      "5\r\nhello\r\n5\r\nworldX\r\n",
      "0\r\nContent-Length: 4\r\n\r\n",
  };
  for (const std::string& stream : streams) {
    const Outcome whole = read_in(BodyReader(Framing::chunked, 0), stream, stream.size());
    for (std::size_t piece = 1; piece < stream.size(); ++piece) {
      ASSERT_EQ(read_in(BodyReader(Framing::chunked, 0), stream, piece), whole) << stream << " in pieces of " << piece;
    }
    for (std::size_t at = 1; at < stream.size(); ++at) {
      BodyReader reader(Framing::chunked, 0);
      Outcome outcome;
      feed(reader, std::string_view(stream).substr(0, at), outcome);
      feed(reader, std::string_view(stream).substr(outcome.consumed), outcome);
      ASSERT_EQ(outcome, whole) << stream << " cut at " << at;
    }
  }
}

}  // namespace
}  // namespace sluice::http
