#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/net/async.hpp>

namespace sluice::net {

// The part of a request's body that is fetched piece by piece when its turn comes, because it is too large to be kept.
// It can be read once: who was sent a piece of it is the only one who gets the request.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // How many bytes have not been given out yet.
  virtual std::uint64_t left() const = 0;
  // Whether a piece was asked for.
  virtual bool taken() const = 0;
  // The next piece, never empty before the end; valid until the next call. Awaiting it is the back-pressure. Errors are
  // the sender's: of the body, or that it left.
  virtual Async<std::string_view> next_piece() = 0;
};

}  // namespace sluice::net
