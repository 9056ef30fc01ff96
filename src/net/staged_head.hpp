#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/http/writer.hpp>

#include "net/buffers.hpp"

namespace sluice::net {

// How a reply says where its body ends.
enum class ReplyFraming : std::uint8_t { none, length, chunked, until_close };

// The head of a reply, written and not sent yet: it goes out in one write with the first bytes behind it.
class StagedHead {
 public:
  // `date` is the value of its field, `length` that of content-length where the framing is so, `closes` says that the
  // connection ends behind the reply. Fields whose values may not be in a head are left out.
  void write(BufferPool& buffers, http::HeadView head, std::string_view date, ReplyFraming framing,
             std::uint64_t length, bool closes);
  // Empty: there is none, or it could not be written.
  std::string_view text() const { return {buffer_.data(), bytes_}; }
  void give_back();

 private:
  Buffer buffer_;
  std::size_t bytes_ = 0;
};

// RFC 9110 §8.6: these have neither a body nor a length.
constexpr bool is_bodiless(int status) { return status == 204 || status == 304; }

}  // namespace sluice::net
