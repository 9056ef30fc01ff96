#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// Binary frames of the media type application/vnd.amazon.eventstream. One frame is a prelude of 12 bytes (length of the
// whole, length of the headers, CRC-32 of both, big-endian), headers, a payload, and the CRC-32 of all before it.
namespace sluice::http {

inline constexpr std::string_view event_stream_type = "application/vnd.amazon.eventstream";

// The longest frame that is read, in bytes.
inline constexpr std::size_t longest_frame = std::size_t{16} << 20;

// A frame and what its headers say. Views into the bytes it was read from; what a frame does not say is empty.
struct Frame {
  std::string_view raw;            // the frame itself
  std::string_view message_type;   // ":message-type": "event", "exception" or "error"
  std::string_view name;           // ":event-type", ":exception-type" or ":error-code"
  std::string_view error_message;  // ":error-message"
  std::string_view content_type;   // ":content-type"
  std::string_view payload;
};

enum class FrameStep : std::uint8_t {
  more,  // needs more bytes
  done,  // `frame` is filled
  bad,   // this is no frame: a length that cannot be, a wrong checksum, headers that do not add up
};

// Reads the frame at the front of `bytes`. Headers of other names and types are passed over.
FrameStep read_frame(std::string_view bytes, Frame& frame);

// A header with a string as its value: a name of at most 255 bytes and a value of at most 65,535; what is longer is
// cut.
struct FrameHeader {
  std::string_view name;
  std::string_view value;
};

// Appends a frame.
void append_frame(std::string& out, std::initializer_list<FrameHeader> headers, std::string_view payload);

// The CRC-32 of ISO 3309, as in gzip (RFC 1952 §8).
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace sluice::http
