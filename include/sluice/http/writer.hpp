#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/http/message.hpp>

namespace sluice::http {

// Writes message heads into a buffer of the caller's. Refuses by itself whatever could split a
// message: a name that is not a token or a value with a control byte is not written, and the head
// then counts as failed, like one that did not fit.
class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> out) : out_(out) {}

  void request_line(std::string_view method, std::string_view target);  // HTTP/1.1
  void status_line(int status);                                         // HTTP/1.1, standard reason phrase
  void field(std::string_view name, std::string_view value);
  void field(std::string_view name, std::uint64_t value);
  // Whole lines prepared earlier, CRLF included and trusted.
  void raw(std::string_view lines);
  void end();  // the blank line

  bool failed() const { return failed_; }
  std::string_view text() const { return {out_.data(), used_}; }

 private:
  bool room_for(std::size_t bytes);
  void append(std::string_view text);

  std::span<char> out_;
  std::size_t used_ = 0;
  bool failed_ = false;
};

// The standard reason phrase of a status (RFC 9110 §15), or "Unknown".
std::string_view reason_phrase(int status);

// Whether this may be sent as a field's value: no control bytes but HTAB (RFC 9110 §5.5).
bool is_field_value(std::string_view value);
// Whether this may be sent as a field's name: a token (RFC 9110 §5.6.2).
bool is_token(std::string_view name);

// The line before a chunk of `bytes` bytes: hexadecimal size and CRLF, written into `out` (at least 18).
std::string_view chunk_line(std::span<char> out, std::uint64_t bytes);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace sluice::http
