#include "net/stream.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace sluice::net {

void Gather::wrote(std::size_t bytes) {
  while (bytes > 0) {
    std::string_view& piece = pieces_[first_];
    if (bytes < piece.size()) {
      piece.remove_prefix(bytes);
      return;
    }
    bytes -= piece.size();
    ++first_;
  }
}

void Stream::use_tls(Ssl ssl) {
  ssl_ = std::move(ssl);
  SSL_set_fd(ssl_.get(), socket_.native_handle());
}

Tried Stream::judge(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Tried::State::blocked_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Tried::State::blocked_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Tried::State::ended, 0};
    default:
      return {Tried::State::failed, 0};
  }
}

Tried Stream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? Tried{} : judge(result);
}

Tried Stream::read(std::span<char> room) {
  if (!ssl_) return read_plain(room);
  ERR_clear_error();
  std::size_t total = 0;
  // Records that are already here are taken in one go: the socket would not report them again.
  while (total < room.size()) {
    const int part = static_cast<int>(std::min<std::size_t>(room.size() - total, INT_MAX));
    const int result = SSL_read(ssl_.get(), room.data() + total, part);
    if (result <= 0) {
      if (total > 0) {
        ERR_clear_error();
        break;
      }
      return judge(result);
    }
    total += static_cast<std::size_t>(result);
    if (SSL_pending(ssl_.get()) == 0 && SSL_has_pending(ssl_.get()) == 0) break;
  }
  return {Tried::State::done, total};
}

Tried Stream::read_plain(std::span<char> room) {
  for (;;) {
    const ssize_t result = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (result > 0) return {Tried::State::done, static_cast<std::size_t>(result)};
    if (result == 0) return {Tried::State::ended, 0};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? Tried::State::blocked_read : Tried::State::failed, 0};
  }
}

Tried Stream::write(Gather& pieces) { return ssl_ ? write_tls(pieces) : write_plain(pieces); }

Tried Stream::write_plain(Gather& pieces) {
  std::array<iovec, http::Slices::capacity + 4> vectors;
  std::size_t count = 0;
  for (const std::string_view piece : pieces.pieces()) {
    vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};  // sendmsg only reads
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t result = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result >= 0) {
      pieces.wrote(static_cast<std::size_t>(result));
      return {Tried::State::done, static_cast<std::size_t>(result)};
    }
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? Tried::State::blocked_write : Tried::State::failed, 0};
  }
}

Tried Stream::write_tls(Gather& pieces) {
  // One record for a head, a chunk line and a short body instead of three, and one write of the socket.
  std::string_view bytes = pieces.pieces().front();
  if (pieces.pieces().size() > 1 && bytes.size() < loop_.scratch.size()) {
    std::size_t used = 0;
    for (const std::string_view piece : pieces.pieces()) {
      const std::size_t part = std::min(piece.size(), loop_.scratch.size() - used);
      std::memcpy(loop_.scratch.data() + used, piece.data(), part);
      used += part;
      if (used == loop_.scratch.size()) break;
    }
    bytes = {loop_.scratch.data(), used};
  }
  ERR_clear_error();
  const int length = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  const int result = SSL_write(ssl_.get(), bytes.data(), length);
  if (result <= 0) return judge(result);
  pieces.wrote(static_cast<std::size_t>(result));
  return {Tried::State::done, static_cast<std::size_t>(result)};
}

// Sends close_notify, once. A session whose connection is freed without it could not be resumed.
void Stream::end_tls() {
  if (!ssl_ || SSL_is_init_finished(ssl_.get()) != 1 || (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Stream::finish_sending() {
  end_tls();
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  if (!socket_.is_open()) return;
  end_tls();
  ErrorCode ignored;
  socket_.close(ignored);
}

bool Stream::certificate_refused() const { return ssl_ && SSL_get_verify_result(ssl_.get()) != X509_V_OK; }

}  // namespace sluice::net
