#pragma once

#include <cstddef>

#include <sluice/http/reader.hpp>

#include "net/buffers.hpp"

namespace sluice::net {

struct Unframed {
  http::Step step = http::Step::more;
  std::size_t content = 0;   // bytes of content at the front of the queue now
  std::size_t consumed = 0;  // raw bytes this took, framing included
  http::Refusal why;
};

// Takes the framing out of what follows the first `content` bytes of the queue, in place: afterwards the content is in
// one piece at the front, and what the body did not need is behind it. Every byte of content moves at most once,
// whatever the number of chunks.
Unframed unframe(ByteQueue& queue, std::size_t content, http::BodyReader& body);

}  // namespace sluice::net
