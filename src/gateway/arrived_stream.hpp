#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sluice/chat/door.hpp>
#include <sluice/net/transport.hpp>

namespace sluice {

// What has come of a provider's stream, in the bytes of its dialect, whatever they are wrapped in. One per answer.
class ArrivedStream {
 public:
  // `wrapping`: who unwraps it; null: nobody has to.
  ArrivedStream(net::Call& call, const chat::Door* wrapping) : call_(call), wrapping_(wrapping) {}

  // Takes up what the call has got since. An Error: the stream is over; what came before that is pending all the same.
  Result<> take_up() {
    if (wrapping_ == nullptr) return Ok{};
    const Result<std::size_t> taken = wrapping_->unwrap(call_.pending(), unwrapped_);
    if (!taken) return taken.error();
    call_.consume(*taken);
    return Ok{};
  }
  // Valid until the next call of anything here or of the call's more().
  std::string_view pending() const { return wrapping_ == nullptr ? call_.pending() : std::string_view(unwrapped_); }
  void consume(std::size_t bytes) {
    if (wrapping_ == nullptr) return call_.consume(bytes);
    unwrapped_.erase(0, bytes);
  }

 private:
  net::Call& call_;
  const chat::Door* wrapping_;
  std::string unwrapped_;
};

}  // namespace sluice
