#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/http/message.hpp>
#include "net/loop_parts.hpp"
#include "net/tls.hpp"
#include "net/wait.hpp"

namespace sluice::net {

// Pieces waiting to be written, with a memory of how far it came.
class Gather {
 public:
  void add(std::string_view piece) {
    if (!piece.empty()) pieces_[count_++] = piece;
  }
  void add(const http::Slices& slices) {
    for (const std::string_view piece : slices.pieces()) add(piece);
  }
  bool empty() const { return first_ == count_; }
  std::span<const std::string_view> pieces() const { return {pieces_.data() + first_, count_ - first_}; }
  void wrote(std::size_t bytes);

 private:
  std::array<std::string_view, http::Slices::capacity + 4> pieces_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

// What trying once came to. Nothing here waits.
struct Tried {
  enum class State : std::uint8_t {
    done,           // `bytes` were moved
    blocked_read,   // try again when the socket is readable
    blocked_write,  // try again when it is writable
    ended,          // the peer finished sending, properly (FIN, with TLS after close_notify)
    failed,         // the connection is broken
  };
  State state = State::done;
  std::size_t bytes = 0;
  bool blocked() const { return state == State::blocked_read || state == State::blocked_write; }
  Direction direction() const { return state == State::blocked_read ? Direction::read : Direction::write; }
};

// One connected socket, with TLS or without. Tries synchronously; whoever is blocked awaits a Wait on socket().
class Stream {
 public:
  Stream(LoopParts& loop, Socket socket) : loop_(loop), socket_(std::move(socket)) {}
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = delete;
  ~Stream() { close(); }

  // Takes over; the handshake is still to come.
  void use_tls(Ssl ssl);
  bool tls() const { return ssl_ != nullptr; }

  Tried handshake();
  Tried read(std::span<char> room);
  Tried write(Gather& pieces);
  // FIN (with TLS close_notify first), so that the peer sees a proper end.
  void finish_sending();
  void close();

  Socket& socket() { return socket_; }
  // Why the handshake failed: the certificate, or anything else.
  bool certificate_refused() const;

 private:
  Tried judge(int result);
  void end_tls();
  Tried read_plain(std::span<char> room);
  Tried write_plain(Gather& pieces);
  Tried write_tls(Gather& pieces);

  LoopParts& loop_;
  Socket socket_;
  Ssl ssl_;
};

}  // namespace sluice::net
