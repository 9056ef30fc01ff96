#pragma once

#include <cstdint>
#include <vector>

#include <sluice/net/transport.hpp>
#include "net/buffers.hpp"
#include "net/pool_book.hpp"
#include "net/stream.hpp"

namespace sluice::net {

// One upstream connection, which carries one call at a time and is itself that call. Owned by its pool.
class Connection final : public Call {
 public:
  // Where a connection goes when its call is over.
  class Home {
   public:
    virtual void returned(Connection& connection, bool reusable) = 0;

   protected:
    ~Home() = default;
  };

  Connection(LoopParts& loop, Account account, Stream stream, Home& home, ConnectionId id);

  // Writes the request and reads up to the final response head. Errors leave the connection unusable.
  Async<> open(const Outgoing& outgoing, const Deadlines& deadlines, Stop& stop);
  // After open() failed: the peer was gone before a byte of the answer came, and the connection was not new.
  bool died_unseen() const { return reused() && unseen_; }
  // While idle: whether the peer closed it or sent something nobody asked for.
  bool gone_stale();
  void close() { stream_.close(); }
  ConnectionId id() const { return id_; }
  TimePoint born() const { return born_; }

  const http::ResponseHead& head() const override { return head_; }
  bool reused() const override { return calls_ > 1; }
  Async<Arrival> more(TimePoint wake) override;
  std::string_view pending() const override { return in_.bytes().substr(0, content_); }
  void consume(std::size_t bytes) override;
  Async<> collect(std::size_t limit) override;

 protected:
  void give_back() override;

 private:
  Async<> write_request(const Outgoing& outgoing, const Deadlines& deadlines);
  // False: the provider takes no more.
  Async<bool> write(Gather pieces, const Deadlines& deadlines);
  Async<> read_head(TimePoint deadline);
  Result<> take_head(bool& complete);
  // Waits until the socket is ready; an Error for a stop or an expired deadline.
  Async<> wait(Direction direction, TimePoint deadline, std::string_view what);
  Result<bool> take_content();
  Tried fill();
  Error broke(Outcome outcome) const;
  Error silence(std::string_view what) const;

  LoopParts& loop_;
  Stream stream_;
  Home& home_;
  ConnectionId id_;
  TimePoint born_;
  ByteQueue in_;             // content that was not consumed, then raw bytes
  std::size_t content_ = 0;  // how much of in_ is content
  std::vector<http::Field> fields_;
  http::ResponseHead head_;
  http::BodyReader body_;
  Stop* stop_ = nullptr;
  Duration idle_{};
  TimePoint total_{};
  TimePoint quiet_since_{};
  bool was_quiet_ = false;  // the last more() ended because of its wake: the silence goes on
  std::uint64_t calls_ = 0;
  std::size_t unsuspended_ = 0;  // bytes read since this last suspended
  int interim_ = 0;              // interim heads of this call so far
  bool unseen_ = true;           // no byte of an answer arrived
  bool drained_ = false;         // the last read took all there was: wait before reading again
  bool broken_ = false;
};

}  // namespace sluice::net
