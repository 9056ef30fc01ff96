#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include <sluice/http/message.hpp>
#include <sluice/http/reader.hpp>

// What the head readers, the body reader and the writer share: byte classes, lines and fields.
namespace sluice::http {

using ByteSet = std::array<bool, 256>;

constexpr std::size_t index_of(char byte) { return static_cast<unsigned char>(byte); }

constexpr ByteSet make_byte_set(std::string_view members) {
  ByteSet set{};
  for (const char member : members) set[index_of(member)] = true;
  return set;
}

// RFC 9110 §5.6.2.
inline constexpr ByteSet token_bytes =
    make_byte_set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

constexpr bool is_control(char byte) { return index_of(byte) < 0x20 || byte == 0x7F; }
constexpr bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }
constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
constexpr char to_lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; }

// The position of the first control byte (below 0x20, or 0x7F) at or after `from`; bytes.size() if there is none.
// Eight bytes at a time, by the usual carry tricks: a byte b is below n when (b - n) & ~b has its high bit set.
inline std::size_t find_control(std::string_view bytes, std::size_t from) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  while (bytes.size() - from >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + from, sizeof word);
    const std::uint64_t without_del = word ^ (ones * 0x7F);
    const std::uint64_t hits = (((word - ones * 0x20) & ~word) | ((without_del - ones) & ~without_del)) & (ones * 0x80);
    if (hits != 0) {
      if constexpr (std::endian::native == std::endian::big) break;
      // Borrows only run upwards, so the lowest hit is a true one.
      return from + static_cast<std::size_t>(std::countr_zero(hits)) / 8;
    }
    from += sizeof word;
  }
  while (from < bytes.size() && !is_control(bytes[from])) ++from;
  return from;
}

inline Step refuse(Refusal& why, int status, std::string_view reason) {
  why = {status, reason};
  return Step::refused;
}

// The next line of a head, without its CRLF. Refuses bare CR, bare LF and other control bytes as soon as they
// are seen, also in a line that has not ended. On `more`, all of `window` has been looked at.
Step next_line(std::string_view window, HeadProgress& progress, std::string_view& line, Refusal& why);

// Reads field lines up to and including the empty line into `storage`. What it stored in earlier calls may view
// into bytes that have moved: see collect_fields().
Step read_fields(std::string_view bytes, const HeadLimits& limits, std::span<Field> storage, HeadProgress& progress,
                 Refusal& why);

// Fills `fields` once more from lines that read_fields() has accepted, after the bytes moved.
void collect_fields(std::string_view lines, std::span<Field> fields);

// What the fields say about the end of the message and of the connection, before it is judged.
struct FramingFields {
  std::string_view length;
  std::string_view coding;
  std::string_view host;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::size_t hosts = 0;
  bool close = false;                 // connection: close
  bool malformed_connection = false;  // a connection option that is no token
  bool expects_continue = false;      // expect: 100-continue
  bool expects_otherwise = false;     // any other expect
};
FramingFields framing_of(std::span<const Field> fields);

// How the body ends, if the fields say so without contradiction (RFC 9112 §6.3, read strictly). Framing::none when
// they say nothing. An empty reason means they are fine.
std::string_view judge_framing(const FramingFields& fields, bool http10, Framing& framing, std::uint64_t& length);

}  // namespace sluice::http
