#include <sluice/http/event_stream.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

// Vectors were computed with another CRC-32 (zlib's).
const std::string empty_frame = "000000100000000005c248eb7d98c8ff";
const std::string tick_frame =
    "00000040000000297f631f4c0d3a6d6573736167652d747970650700056576656e740b3a6576656e742d74797065070004"
    "7469636b7b2261223a317d0e7bff31";
// One header of each type before the three that say that it is an error.
const std::string all_types_frame =
    "00000096000000863fbf2bcc01740001660101620205017303000101690400000001016c05000000000000000001610600"
    "0378797a0164080101010101010101017509020202020202020202020202020202020d3a6d6573736167652d7479706507"
    "00056572726f720b3a6572726f722d636f64650700044c6f73740e3a6572726f722d6d657373616765070004676f6e652a"
    "1655b7";

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  }
  return bytes;
}

FrameStep read(const std::string& bytes, Frame& frame) { return read_frame(bytes, frame); }

TEST(EventStream, checksum_is_the_one_of_gzip) {
  EXPECT_EQ(crc32_of(""), 0U);
  EXPECT_EQ(crc32_of("123456789"), 0xCBF43926U);
}

TEST(EventStream, reads_a_frame_without_anything) {
  const std::string bytes = bytes_of(empty_frame);
  Frame frame;
  ASSERT_EQ(read(bytes, frame), FrameStep::done);
  EXPECT_EQ(frame.raw.size(), 16U);
  EXPECT_TRUE(frame.payload.empty());
  EXPECT_TRUE(frame.name.empty());
}

TEST(EventStream, reads_headers_and_payload) {
  const std::string bytes = bytes_of(tick_frame) + "more";
  Frame frame;
  ASSERT_EQ(read(bytes, frame), FrameStep::done);
  EXPECT_EQ(frame.raw.size(), bytes.size() - 4);
  EXPECT_EQ(frame.message_type, "event");
  EXPECT_EQ(frame.name, "tick");
  EXPECT_EQ(frame.payload, R"({"a":1})");
}

TEST(EventStream, passes_over_headers_of_every_type) {
  const std::string bytes = bytes_of(all_types_frame);
  Frame frame;
  ASSERT_EQ(read(bytes, frame), FrameStep::done);
  EXPECT_EQ(frame.message_type, "error");
  EXPECT_EQ(frame.name, "Lost");
  EXPECT_EQ(frame.error_message, "gone");
}

TEST(EventStream, writes_what_others_write) {
  std::string out = "before";
  append_frame(out, {{":message-type", "event"}, {":event-type", "tick"}}, R"({"a":1})");
  EXPECT_EQ(out, "before" + bytes_of(tick_frame));
  out.clear();
  append_frame(out, {}, "");
  EXPECT_EQ(out, bytes_of(empty_frame));
}

TEST(EventStream, cuts_headers_that_are_too_long) {
  std::string out;
  append_frame(out, {{std::string(300, 'n'), std::string(70000, 'v')}, {":event-type", "tick"}}, "p");
  Frame frame;
  ASSERT_EQ(read(out, frame), FrameStep::done);
  EXPECT_EQ(frame.name, "tick");
  EXPECT_EQ(frame.payload, "p");
}

TEST(EventStream, waits_for_the_rest_at_every_byte) {
  for (const std::string& hex : {empty_frame, tick_frame, all_types_frame}) {
    const std::string bytes = bytes_of(hex);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string part = bytes.substr(0, size);
      Frame frame;
      EXPECT_EQ(read(part, frame), FrameStep::more) << size;
    }
  }
}

TEST(EventStream, sees_every_changed_byte) {
  const std::string good = bytes_of(tick_frame);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    Frame frame;
    EXPECT_EQ(read(bytes, frame), FrameStep::bad) << at;
  }
}

TEST(EventStream, refuses_headers_that_do_not_add_up) {
  const std::string unknown_type = "0000001300000003db6b638101780a64ab3f3a";
  const std::string name_too_long = "0000001300000003db6b6381056162bbcbd794";
  const std::string value_too_long = "000000170000000729860158017807000961621191eb3a";
  for (const std::string& hex : {unknown_type, name_too_long, value_too_long}) {
    Frame frame;
    EXPECT_EQ(read(bytes_of(hex), frame), FrameStep::bad) << hex;
  }
}

// A prelude of any lengths, with the right checksum.
std::string prelude(std::uint32_t total, std::uint32_t headers) {
  std::string bytes;
  const auto append = [&bytes](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  };
  append(total);
  append(headers);
  append(crc32_of(bytes));
  return bytes;
}

TEST(EventStream, refuses_lengths_that_cannot_be_before_the_rest_is_there) {
  Frame frame;
  EXPECT_EQ(read(prelude(15, 0), frame), FrameStep::bad);
  EXPECT_EQ(read(prelude(20, 5), frame), FrameStep::bad);
  EXPECT_EQ(read(prelude(longest_frame + 1, 0), frame), FrameStep::bad);
  EXPECT_EQ(read(prelude(0xFFFFFFFF, 0xFFFFFFFF), frame), FrameStep::bad);
  EXPECT_EQ(read(prelude(longest_frame, 0), frame), FrameStep::more);
}

TEST(EventStream, survives_garbage) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const auto exact = std::make_unique<char[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), exact.get());
    Frame frame;
    EXPECT_NE(read_frame({exact.get(), bytes.size()}, frame), FrameStep::done);
  }
}

}  // namespace
}  // namespace sluice::http
