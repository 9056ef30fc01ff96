#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/http/message.hpp>
#include <sluice/net/async.hpp>
#include <sluice/net/body_source.hpp>
#include <sluice/net/stop.hpp>

namespace sluice::net {

// The client's half of an exchange: a request whose head is there and whose body is fetched on demand, so
// that a stranger's body is neither read nor kept before anybody asked for it. As a source of its body it gives out
// what gather() left.
class Incoming : public BodySource {
 public:
  // The body is empty until collect() succeeded. Views are valid until the exchange ends or release().
  virtual const http::RequestView& request() const = 0;
  // The client's address, without port.
  virtual std::string_view peer() const = 0;
  // When the request's first byte arrived.
  virtual TimePoint arrived() const = 0;
  // Reads the whole body, answering `expect: 100-continue` if the client waits for that. Errors, all to
  // be told to the client: too_large, request_timeout, bad_request (framing), unavailable (memory), client_left.
  // From its success on, a client that leaves requests stop(client_left).
  virtual Async<std::string_view> collect() = 0;
  // The same until at least so many bytes of the body are there, or all; what is there. A body whose length was not
  // announced is read whole. The
  // view is void from the first next_piece() on.
  virtual Async<std::string_view> gather(std::uint64_t bytes) = 0;
  // Counts memory made of the body, so many bytes by now, against the limit on all bodies together until release() or
  // the exchange's end. False if that would go beyond it; nothing changed then.
  virtual bool hold(std::uint64_t bytes) = 0;
  // Gives the request's buffer back before the exchange ends; no view into it may be used afterwards.
  virtual void release() = 0;
  virtual Stop& stop() = 0;
  // Bytes of this request read so far, head included.
  virtual std::uint64_t bytes_in() const = 0;
};

// The other half: either one send(), or begin(), write() and end(). A reply that was begun and never
// ended closes the connection without its last chunk, so that the client sees that it broke.
// Awaiting write() is the back-pressure: a slow client slows the upstream read. A write that makes no
// progress for the body timeout fails with client_left. If stop was requested, writes are tried once
// and fail rather than wait. The session adds date, connection and framing fields itself.
class Reply {
 public:
  virtual ~Reply() = default;
  // Stages the head; touches no socket. Fields are copied.
  virtual void begin(http::HeadView head) = 0;
  // The first one carries the head. The pieces are borrowed until it returns.
  virtual Async<> write(http::Slices pieces) = 0;
  virtual Async<> end() = 0;
  // Head and whole body in one gather write. For a HEAD request the body is counted but not sent.
  virtual Async<> send(http::HeadView head, http::Slices body) = 0;
  // True once the kernel took a byte: no other answer can be given.
  virtual bool begun() const = 0;
  virtual std::uint64_t bytes_out() const = 0;
};

// What a server serves. One object per worker, called on the worker's thread only.
class Service {
 public:
  virtual ~Service() = default;
  // Answers one request. Returns when the reply is complete or has failed for good.
  virtual Async<> serve(Incoming& incoming, Reply& reply) = 0;
  // A message that never became a request is refused by the listener: bad head, slow head, too many connections.
  // The service books it and gives the answer's identity and body, in its own error format; valid until the next call.
  struct Refusal {
    std::string_view request_id;
    std::string_view body;
  };
  virtual Refusal refuse(int status, std::string_view reason, std::string_view peer) = 0;
};

}  // namespace sluice::net
