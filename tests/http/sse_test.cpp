#include <sluice/http/sse.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

using std::string_literals::operator""s;

struct Event {
  std::string name;
  std::string data;
  bool has_data = false;

  bool operator==(const Event&) const = default;
};

struct Stream {
  std::vector<Event> events;
  std::vector<std::string> raws;
  std::string rest;

  std::string bytes() const {
    std::string all;
    for (const std::string& raw : raws) all += raw;
    return all + rest;
  }
};

// A reader and the buffer in front of it, which moves with every piece.
class Receiver {
 public:
  void feed(std::string_view piece) {
    std::vector<char> grown(buffer_.begin(), buffer_.end());
    grown.insert(grown.end(), piece.begin(), piece.end());
    grown.shrink_to_fit();
    buffer_.swap(grown);
    SseEvent event;
    while (reader_.next({buffer_.data(), buffer_.size()}, event)) {
      stream_.events.push_back({std::string(event.name), std::string(event.data), event.has_data});
      stream_.raws.emplace_back(event.raw);
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(event.raw.size()));
    }
  }
  Stream finish() {
    stream_.rest.assign(buffer_.begin(), buffer_.end());
    return stream_;
  }

 private:
  SseReader reader_;
  std::vector<char> buffer_;
  Stream stream_;
};

Stream read_in(std::string_view bytes, std::size_t piece) {
  Receiver receiver;
  for (std::size_t at = 0; at < bytes.size(); at += piece) receiver.feed(bytes.substr(at, piece));
  return receiver.finish();
}

Stream read_whole(std::string_view bytes) { return read_in(bytes, bytes.size()); }

std::string with_line_ends(std::string text, const std::string& end) {
  std::string changed;
  for (const char c : text) c == '\n' ? changed += end : changed += c;
  return changed;
}

const std::string chat_stream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr\xC3\xBC\xC3\x9F \xF0\x9F\x91\x8B\"}}]}\n\n"
    ": keepalive\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
    "data: [DONE]\n\n";

const std::string typed_stream =
    "event: start\ndata: {\"type\":\"start\",\"id\":\"m1\"}\n\n"
    "event: ping\ndata: {\"type\":\"ping\"}\n\n"
    ": waiting\nevent: delta\ndata: {\"type\":\"delta\",\"text\":\"Hello\"      }\n\n"
    "event:stop\ndata:{\"type\":\"stop\"}\n\n";

const std::string odd_stream =
    "\xEF\xBB\xBFid: 1\nretry: 10\ndata: first\ndata:  second\ndata\ndata:third\n\n"
    "\n\n:\n\nevent: named\n\ndata\n\nevent: a\nevent: b\ndata: last name wins\nunknown: x\nnocolon\n\n"
    "data: unfinished";

TEST(SseReader, reads_chat_chunks) {
  const Stream stream = read_whole(chat_stream);
  ASSERT_EQ(stream.events.size(), 5u);
  EXPECT_EQ(stream.events[1].data,
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr\xC3\xBC\xC3\x9F \xF0\x9F\x91\x8B\"}}]}");
  EXPECT_FALSE(stream.events[2].has_data);
  EXPECT_EQ(stream.raws[2], ": keepalive\n\n");
  EXPECT_EQ(stream.events[4], (Event{"", "[DONE]", true}));
  EXPECT_EQ(stream.rest, "");
}

TEST(SseReader, reads_typed_events) {
  const Stream stream = read_whole(typed_stream);
  ASSERT_EQ(stream.events.size(), 4u);
  EXPECT_EQ(stream.events[0], (Event{"start", "{\"type\":\"start\",\"id\":\"m1\"}", true}));
  EXPECT_EQ(stream.events[2], (Event{"delta", "{\"type\":\"delta\",\"text\":\"Hello\"      }", true}));
  EXPECT_EQ(stream.raws[2].substr(0, 10), ": waiting\n");
  EXPECT_EQ(stream.events[3], (Event{"stop", "{\"type\":\"stop\"}", true}));
}

TEST(SseReader, reads_what_the_standard_allows_and_nobody_sends) {
  const std::vector<Event> expected = {
      {"", "first\n second\n\nthird", true},
      {"", "", false},
      {"", "", false},
      {"", "", false},
      {"named", "", false},
      {"", "", true},
      {"b", "last name wins", true},
  };
  const Stream stream = read_whole(odd_stream);
  EXPECT_EQ(stream.events, expected);
  EXPECT_EQ(stream.rest, "data: unfinished");
}

TEST(SseReader, reads_the_same_with_any_line_end_and_wherever_it_is_cut) {
  for (const std::string& golden : {chat_stream, typed_stream, odd_stream}) {
    const Stream expected = read_whole(golden);
    for (const std::string end : {"\n", "\r\n", "\r"}) {
      const std::string bytes = with_line_ends(golden, end);
      for (std::size_t at = 0; at <= bytes.size(); ++at) {
        Receiver receiver;
        receiver.feed(std::string_view(bytes).substr(0, at));
        receiver.feed(std::string_view(bytes).substr(at));
        const Stream stream = receiver.finish();
        ASSERT_EQ(stream.events, expected.events) << "cut at " << at;
        ASSERT_EQ(stream.bytes(), bytes) << "cut at " << at;
      }
      for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
        const Stream stream = read_in(bytes, piece);
        ASSERT_EQ(stream.events, expected.events) << "in pieces of " << piece;
        ASSERT_EQ(stream.bytes(), bytes) << "in pieces of " << piece;
      }
    }
  }
}

TEST(SseReader, reads_mixed_line_ends_the_same_however_they_are_cut) {
  const std::vector<std::string> streams = {"data: a\n\r\ndata: b\r\r\ndata: c\r\n\rdata: d\r\n\n",
                                            "\r\n\r\ndata: a\r\r\n\r\n",
                                            "data: a\r\n\r\n\r\n\rdata: b\n\r",
                                            "\r\r\n\n\r",
                                            "data: a\r\rdata: b\r\r\n:c\r\r",
                                            "\xEF\xBB\xBF\r\r\ndata: a\n\n"};
  for (const std::string& bytes : streams) {
    const Stream expected = read_whole(bytes);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
      for (std::size_t second = first; second <= bytes.size(); ++second) {
        Receiver receiver;
        receiver.feed(std::string_view(bytes).substr(0, first));
        receiver.feed(std::string_view(bytes).substr(first, second - first));
        receiver.feed(std::string_view(bytes).substr(second));
        const Stream stream = receiver.finish();
        ASSERT_EQ(stream.events, expected.events) << testing::PrintToString(bytes) << first << ' ' << second;
        ASSERT_EQ(stream.bytes(), bytes);
      }
    }
  }
}

TEST(SseReader, waits_for_the_LF_only_where_it_is_sure_to_come) {
  SseEvent event;
  SseReader with_crlf;
  EXPECT_FALSE(with_crlf.next("data: a\r\n\r", event));
  EXPECT_TRUE(with_crlf.next("data: a\r\n\r\n", event));
  EXPECT_EQ(event.raw, "data: a\r\n\r\n");

  SseReader with_cr;
  ASSERT_TRUE(with_cr.next("data: a\r\r", event));
  EXPECT_EQ(event.raw, "data: a\r\r");
  EXPECT_FALSE(with_cr.next("", event));
  EXPECT_FALSE(with_cr.next("\n", event));
  ASSERT_TRUE(with_cr.next("\ndata: b\r\r", event));
  EXPECT_EQ(event.data, "b");
  EXPECT_EQ(event.raw, "\ndata: b\r\r");
}

TEST(SseReader, views_a_single_data_line_where_it_stands) {
  const std::string bytes = "event: x\ndata: the data\n\n";
  SseReader reader;
  SseEvent event;
  ASSERT_TRUE(reader.next(bytes, event));
  EXPECT_EQ(event.data.data(), bytes.data() + bytes.find("the data"));
}

TEST(SseReader, tells_which_comments_may_go_ahead) {
  const std::vector<std::pair<std::string, std::size_t>> cases = {
      {"", 0},
      {": ping", 0},
      {": ping\n", 7},
      {": a\r\n: b\r\n: c", 10},
      {": a\ndata", 4},
      {": a\ndata: x\n", 4},
      {": a\ndata: x\n: b\n", 4},
      {"data: x\n", 0},
      {"\xEF\xBB\xBF: a\n", 7},
  };
  for (const auto& [bytes, forwardable] : cases) {
    SseReader reader;
    SseEvent event;
    EXPECT_FALSE(reader.next(bytes, event)) << bytes;
    EXPECT_EQ(reader.comments(), forwardable) << bytes;
  }
}

TEST(SseReader, skips_a_byte_order_mark_only_at_the_start) {
  const std::string mark = "\xEF\xBB\xBF";
  const Stream stream = read_whole(mark + "data: a\n\n" + mark + "data: b\n\n");
  ASSERT_EQ(stream.events.size(), 2u);
  EXPECT_EQ(stream.events[0].data, "a");
  EXPECT_EQ(stream.raws[0], mark + "data: a\n\n");
  EXPECT_FALSE(stream.events[1].has_data);
}

TEST(SseReader, passes_on_bytes_that_are_not_text) {
  const std::string data = "\xFF\xFE\0\x01 half \xC3"s;
  const Stream stream = read_whole("data: " + data + "\n\n");
  ASSERT_EQ(stream.events.size(), 1u);
  EXPECT_EQ(stream.events[0].data, data);
}

TEST(SseReader, reads_a_line_of_megabytes_arriving_in_small_pieces) {
  const std::string data(3u << 20, 'x');
  const std::string bytes = "data: " + data + "\n\n";
  SseReader reader;
  SseEvent event;
  for (std::size_t end = 64; end < bytes.size(); end += 64) {
    ASSERT_FALSE(reader.next(std::string_view(bytes).substr(0, end), event));
  }
  ASSERT_TRUE(reader.next(bytes, event));
  EXPECT_EQ(event.data, data);
}

TEST(SseReader, joins_a_thousand_data_lines) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "data: " + std::to_string(i) + "\n";
  const Stream stream = read_whole(bytes + "\n");
  ASSERT_EQ(stream.events.size(), 1u);
  EXPECT_EQ(std::count(stream.events[0].data.begin(), stream.events[0].data.end(), '\n'), 999);
}

}  // namespace
}  // namespace sluice::http
