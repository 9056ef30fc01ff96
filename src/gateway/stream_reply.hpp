#pragma once

#include <chrono>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/gateway/exchange.hpp>
#include <sluice/net/transport.hpp>
#include <sluice/telemetry/metrics.hpp>

namespace sluice {

// What every way of passing an answer on needs.
struct RelayParts {
  const Clock& clock;
  WorkerMetrics& metrics;
  Metrics& labels;  // to intern names
};

// The caller's side of a stream: its head goes out with the first bytes, silence is filled, and what is measured of
// events is measured here. One per attempt.
class StreamReply {
 public:
  // `comments`: whether the stream has a place for a comment line, which keeps connections open.
  StreamReply(const RelayParts& parts, Exchange& exchange, bool comments)
      : parts_(parts), exchange_(exchange), comments_(comments) {}

  // Bytes are on their way: nobody tries again, and a failure is a broken stream.
  bool started() const { return started_; }
  // Something that means something arrived.
  void note_event();
  // Writes to the caller, `head` first if these are the first bytes. Nothing happens for no bytes. Afterwards the
  // request's memory is gone.
  Async<> write(http::HeadView head, std::string_view bytes);

  // Waits for more of the provider's answer, and fills silence towards the caller meanwhile. False at its end. An
  // Error when the first event is not there in time.
  Async<bool> more(net::Call& call, TimePoint first_event_by);
  // The caller has all it came for; the provider's connection is read to its end, for a little while, so that it can
  // be used again.
  Async<> finish(net::Call& call);

 private:
  const RelayParts& parts_;
  Exchange& exchange_;
  const bool comments_;
  bool started_ = false;
  bool released_ = false;
  TimePoint last_write_{};
  TimePoint last_event_{};
};

}  // namespace sluice
