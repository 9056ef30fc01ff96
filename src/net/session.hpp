#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sluice/http/reader.hpp>
#include <sluice/net/server.hpp>
#include <sluice/net/service.hpp>
#include "net/buffers.hpp"
#include "net/read_watch.hpp"
#include "net/staged_head.hpp"
#include "net/stream.hpp"

namespace sluice::net {

class Session;

// What a session needs of the server it belongs to.
class SessionHost {
 public:
  virtual const ServerSettings& settings() const = 0;
  virtual Service& service() = 0;
  virtual SharedLoad& load() = 0;
  // Whether replies announce that the connection closes.
  virtual bool closing() const = 0;
  // Whether no further request is waited for.
  virtual bool ending() const = 0;
  virtual void exchange_began() = 0;
  virtual void exchange_ended() = 0;
  // The session's last act; it deletes itself afterwards.
  virtual void ended(Session& session) = 0;

 protected:
  ~SessionHost() = default;
};

// One client connection: reads requests one after the other, hands each to the service, and is both halves of the
// exchange it sees. Owns itself; ends when the connection does. One thread.
class Session final : public Incoming, public Reply {
 public:
  Session(LoopParts& loop, SessionHost& host, Socket socket, std::string peer);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs until the connection ends, then deletes the session. `ssl` is null for plain HTTP.
  Detached run(Ssl ssl);

  bool in_exchange() const { return in_exchange_; }
  // Ends the connection if it waits for a request of which nothing has arrived.
  void close_if_idle();
  // Ends a running exchange as far as that needs no waiting, and whatever else the session waits for.
  void stop_now();

  const http::RequestView& request() const override { return request_; }
  std::string_view peer() const override { return peer_; }
  TimePoint arrived() const override { return arrived_; }
  Async<std::string_view> collect() override;
  Async<std::string_view> gather(std::uint64_t bytes) override;
  std::uint64_t left() const override { return body_taken_ ? 0 : head_.length - passed_on_ - piece_; }
  bool taken() const override { return taken_; }
  Async<std::string_view> next_piece() override;
  bool hold(std::uint64_t bytes) override { return held_.set(static_cast<std::int64_t>(bytes)); }
  void release() override;
  Stop& stop() override { return stop_; }
  std::uint64_t bytes_in() const override { return bytes_in_; }

  void begin(http::HeadView head) override;
  Async<> write(http::Slices pieces) override;
  Async<> end() override;
  Async<> send(http::HeadView head, http::Slices body) override;
  bool begun() const override { return bytes_out_ > 0; }
  std::uint64_t bytes_out() const override { return bytes_out_; }

  // Links of the server's list of sessions.
  Session* next = nullptr;
  Session* previous = nullptr;

 private:
  enum class Read : std::uint8_t { request, refused, nothing };

  Async<> shake_hands();
  Async<Read> read_head();
  Async<> refuse(http::Refusal why);
  Async<> exchange();
  bool finish_exchange();
  Async<> linger();

  bool announces_too_much() const;
  Error too_large();
  Async<std::string_view> collect_length();
  Async<std::string_view> collect_chunked();
  Async<> say_continue();
  // Waits for body bytes and appends them to what is there.
  Async<> more_body(TimePoint began);
  bool discard_body();
  void rebase(const char* before);
  bool fill(Tried& tried);
  void on_readable();

  void write_head(http::HeadView head, ReplyFraming framing, std::uint64_t length);
  Async<> put(Gather pieces);
  Error malformed(std::string_view reason) const;

  LoopParts& loop_;
  SessionHost& host_;
  Stream stream_;
  std::string peer_;
  ReadWatch watch_;
  Stop stop_;

  // The request.
  ByteQueue in_;
  Charge held_;  // beside in_
  std::vector<http::Field> fields_;
  http::RequestHead head_;
  http::RequestView request_;
  http::BodyReader body_;
  std::size_t request_bytes_ = 0;  // how much of in_ belongs to the request
  std::uint64_t bytes_in_ = 0;
  TimePoint arrived_{};
  bool in_exchange_ = false;
  bool body_taken_ = false;      // the body is read to its end
  bool taken_ = false;           // its pieces are given out, and dropped
  std::size_t piece_ = 0;        // the one that is out, or what was gathered
  std::uint64_t passed_on_ = 0;  // bytes of the body that were dropped
  bool continued_ = false;

  // The reply.
  StagedHead staged_;
  std::uint64_t bytes_out_ = 0;
  ReplyFraming framing_ = ReplyFraming::none;
  bool last_ = false;      // the reply says that the connection closes
  bool complete_ = false;  // the reply was sent whole
};

}  // namespace sluice::net
