#include <sluice/http/event_stream.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::http {
namespace {

constexpr std::size_t prelude_size = 12;
constexpr std::size_t checksum_size = 4;
constexpr unsigned char string_type = 7;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320U : value >> 1;
    table[byte] = value;
  }
  return table;
}

constexpr unsigned char byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// A big-endian number of `size` bytes.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte_at(bytes, at + i);
  return value;
}

void append_number(std::string& out, std::size_t value, std::size_t size) {
  for (std::size_t i = size; i > 0; --i) out += static_cast<char>(value >> (8 * (i - 1)) & 0xFF);
}

// How many bytes a header's value has: strings and byte arrays say so themselves in two bytes, which count along.
std::optional<std::size_t> value_size(unsigned char type, std::string_view rest) {
  constexpr std::array<std::size_t, 10> fixed{0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
  if (type >= fixed.size()) return std::nullopt;
  if (type != 6 && type != string_type) return fixed[type];
  if (rest.size() < 2) return std::nullopt;
  return 2 + number_at(rest, 0, 2);
}

void note(std::string_view name, std::string_view value, Frame& frame) {
  if (name == ":message-type") frame.message_type = value;
  if (name == ":event-type" || name == ":exception-type" || name == ":error-code") frame.name = value;
  if (name == ":error-message") frame.error_message = value;
  if (name == ":content-type") frame.content_type = value;
}

bool read_headers(std::string_view headers, Frame& frame) {
  while (!headers.empty()) {
    const std::size_t name_size = byte_at(headers, 0);
    if (headers.size() < name_size + 2) return false;
    const std::string_view name = headers.substr(1, name_size);
    const unsigned char type = byte_at(headers, name_size + 1);
    headers.remove_prefix(name_size + 2);
    const auto size = value_size(type, headers);
    if (!size || *size > headers.size()) return false;
    if (type == string_type) note(name, headers.substr(2, *size - 2), frame);
    headers.remove_prefix(*size);
  }
  return true;
}

}  // namespace

std::uint32_t crc32_of(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFU;
}

FrameStep read_frame(std::string_view bytes, Frame& frame) {
  if (bytes.size() < prelude_size) return FrameStep::more;
  if (crc32_of(bytes.substr(0, 8)) != number_at(bytes, 8, 4)) return FrameStep::bad;
  const std::size_t total = number_at(bytes, 0, 4);
  const std::size_t headers = number_at(bytes, 4, 4);
  if (total > longest_frame || total < prelude_size + checksum_size) return FrameStep::bad;
  if (headers > total - prelude_size - checksum_size) return FrameStep::bad;
  if (bytes.size() < total) return FrameStep::more;
  const std::size_t end = total - checksum_size;
  if (crc32_of(bytes.substr(0, end)) != number_at(bytes, end, 4)) return FrameStep::bad;
  frame = {};
  frame.raw = bytes.substr(0, total);
  frame.payload = bytes.substr(prelude_size + headers, end - prelude_size - headers);
  return read_headers(bytes.substr(prelude_size, headers), frame) ? FrameStep::done : FrameStep::bad;
}

void append_frame(std::string& out, std::initializer_list<FrameHeader> headers, std::string_view payload) {
  std::string block;
  for (const FrameHeader& header : headers) {
    const std::string_view name = header.name.substr(0, 0xFF);
    const std::string_view value = header.value.substr(0, 0xFFFF);
    append_number(block, name.size(), 1);
    block += name;
    append_number(block, string_type, 1);
    append_number(block, value.size(), 2);
    block += value;
  }
  const std::size_t begin = out.size();
  append_number(out, prelude_size + block.size() + payload.size() + checksum_size, 4);
  append_number(out, block.size(), 4);
  append_number(out, crc32_of(std::string_view(out).substr(begin)), 4);
  out += block;
  out += payload;
  append_number(out, crc32_of(std::string_view(out).substr(begin)), 4);
}

}  // namespace sluice::http
