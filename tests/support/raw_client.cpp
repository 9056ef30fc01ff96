#include "support/raw_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include "support/sockets.hpp"

namespace sluice::test {

struct RawClient::Tls {
  Tls() : context(SSL_CTX_new(TLS_client_method())), session(nullptr) {}
  ~Tls() {
    if (session != nullptr) SSL_free(session);
    SSL_CTX_free(context);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  SSL_CTX* context;
  SSL* session;
};

std::string Answer::field(std::string_view name) const {
  for (const auto& [known, value] : fields) {
    if (known == name) return value;
  }
  return {};
}

bool Answer::has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(), [name](const auto& field) { return field.first == name; });
}

RawClient::RawClient(std::uint16_t port, Security security, const std::string& authority, int receive_buffer) {
  socket_ = connecting_socket("127.0.0.1", port);
  if (socket_ < 0) return;
  if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  no_delay(socket_);
  int trouble = 0;
  socklen_t size = sizeof trouble;
  if (!wait(POLLOUT, std::chrono::steady_clock::now() + patience) ||
      ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &trouble, &size) != 0 || trouble != 0) {
    close();
    return;
  }
  if (security == Security::tls) greet(authority);
}

RawClient::~RawClient() { close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      tls_(std::move(other.tls_)),
      in_(std::move(other.in_)),
      framing_(other.framing_),
      remaining_(other.remaining_) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(tls_, other.tls_);
  std::swap(in_, other.in_);
  std::swap(framing_, other.framing_);
  std::swap(remaining_, other.remaining_);
  return *this;
}

void RawClient::greet(const std::string& authority) {
  tls_ = std::make_unique<Tls>();
  if (!authority.empty()) {
    SSL_CTX_load_verify_locations(tls_->context, authority.c_str(), nullptr);
    SSL_CTX_set_verify(tls_->context, SSL_VERIFY_PEER, nullptr);
  }
  tls_->session = SSL_new(tls_->context);
  SSL_set_fd(tls_->session, socket_);
  std::string name = "localhost";
  SSL_ctrl(tls_->session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  if (!authority.empty()) SSL_set1_host(tls_->session, "localhost");
  const Moment until = std::chrono::steady_clock::now() + patience;
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(tls_->session);
    if (result == 1) return;
    const int reason = SSL_get_error(tls_->session, result);
    const bool reads = reason == SSL_ERROR_WANT_READ;
    if ((!reads && reason != SSL_ERROR_WANT_WRITE) || !wait(reads ? POLLIN : POLLOUT, until)) {
      ERR_clear_error();
      close();
      return;
    }
  }
}

bool RawClient::wait(short events, Moment until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd ready{socket_, events, 0};
  return ::poll(&ready, 1, std::max(0, static_cast<int>(left.count()))) > 0;
}

bool RawClient::send(std::string_view bytes) {
  const Moment until = std::chrono::steady_clock::now() + patience;
  while (!bytes.empty()) {
    if (socket_ < 0) return false;
    ssize_t wrote = -1;
    if (tls_) {
      ERR_clear_error();
      wrote = SSL_write(tls_->session, bytes.data(), static_cast<int>(bytes.size()));
      if (wrote <= 0)
        errno = SSL_get_error(tls_->session, static_cast<int>(wrote)) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    } else {
      wrote = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    if (wrote > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno != EAGAIN || !wait(POLLOUT, until)) {
      return false;
    }
  }
  return true;
}

// Waits for some bytes. `proper` stands for "there are some".
Ending RawClient::receive(Moment until) {
  char buffer[64 * 1024];
  while (true) {
    if (socket_ < 0) return Ending::closed;
    ssize_t got = -1;
    bool blocked = false;
    bool broken = false;
    if (tls_) {
      ERR_clear_error();
      got = SSL_read(tls_->session, buffer, sizeof buffer);
      const int reason = got > 0 ? 0 : SSL_get_error(tls_->session, static_cast<int>(got));
      blocked = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
      broken = reason == SSL_ERROR_SYSCALL || reason == SSL_ERROR_SSL;
      ERR_clear_error();
    } else {
      got = ::recv(socket_, buffer, sizeof buffer, 0);
      blocked = got < 0 && errno == EAGAIN;
      broken = got < 0 && !blocked;
    }
    if (got > 0) {
      last_byte_ = std::chrono::steady_clock::now();
      if (in_.empty()) first_byte_ = last_byte_;
      in_.append(buffer, static_cast<std::size_t>(got));
      return Ending::proper;
    }
    if (broken) return Ending::reset;
    if (!blocked) return Ending::closed;
    if (!wait(POLLIN, until)) return Ending::waiting;
  }
}

bool RawClient::take_head(Answer& answer) {
  const std::size_t blank = in_.find("\r\n\r\n");
  if (blank == std::string::npos) return false;
  answer.head = in_.substr(0, blank + 4);
  answer.fields.clear();
  answer.first_byte = first_byte_;
  in_.erase(0, blank + 4);
  answer.status = answer.head.size() > 12 ? std::atoi(answer.head.c_str() + 9) : 0;
  std::size_t line = answer.head.find("\r\n") + 2;
  while (line + 2 < answer.head.size()) {
    const std::size_t end = answer.head.find("\r\n", line);
    const std::size_t colon = std::min(answer.head.find(':', line), end);
    std::string name = answer.head.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    std::size_t value = std::min(colon + 1, end);
    while (value < end && answer.head[value] == ' ') ++value;
    answer.fields.emplace_back(std::move(name), answer.head.substr(value, end - value));
    line = end + 2;
  }
  return true;
}

Answer RawClient::read_head(Patience limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  Answer answer;
  while (true) {
    while (take_head(answer)) {
      if (answer.status < 200) continue;
      if (answer.field("transfer-encoding") == "chunked") {
        framing_ = Framing::chunked;
      } else if (answer.has("content-length")) {
        framing_ = Framing::length;
        remaining_ = std::stoul(answer.field("content-length"));
      } else {
        framing_ = answer.status == 204 || answer.status == 304 ? Framing::none : Framing::to_end;
      }
      return answer;
    }
    const Ending ending = receive(until);
    if (ending == Ending::proper) continue;
    answer.status = 0;
    answer.ending = ending;
    return answer;
  }
}

Answer RawClient::read_interim(Patience limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  Answer answer;
  while (!take_head(answer)) {
    answer.ending = receive(until);
    if (answer.ending != Ending::proper) break;
  }
  return answer;
}

// True when the body is complete.
bool RawClient::take_body(Answer& answer) {
  switch (framing_) {
    case Framing::none:
      return true;
    case Framing::length: {
      const std::size_t size = std::min(remaining_, in_.size());
      answer.body += in_.substr(0, size);
      in_.erase(0, size);
      remaining_ -= size;
      return remaining_ == 0;
    }
    case Framing::chunked:
      return take_chunks(answer);
    case Framing::to_end:
      answer.body += in_;
      in_.clear();
      return false;
  }
  return false;
}

bool RawClient::take_chunks(Answer& answer) {
  std::size_t at = 0;
  bool complete = false;
  while (!complete) {
    const std::size_t line = in_.find("\r\n", at);
    if (line == std::string::npos) break;
    const std::size_t size = std::strtoul(in_.c_str() + at, nullptr, 16);
    if (in_.size() < line + 2 + size + 2) break;
    answer.body.append(in_, line + 2, size);
    at = line + 2 + size + 2;
    complete = size == 0;
  }
  in_.erase(0, at);
  return complete;
}

bool RawClient::read_until(Answer& answer, std::string_view text, Patience limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  while (true) {
    const bool complete = take_body(answer);
    if (answer.body.find(text) != std::string::npos) return true;
    if (complete) answer.ending = Ending::proper;
    if (complete) return false;
    const Ending ending = receive(until);
    answer.last_byte = last_byte_;
    if (ending == Ending::proper) continue;
    answer.ending = ending;
    return false;
  }
}

void RawClient::read_rest(Answer& answer, Patience limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  while (answer.ending == Ending::waiting) {
    if (take_body(answer)) {
      answer.ending = Ending::proper;
      break;
    }
    const Ending ending = receive(until);
    if (ending == Ending::proper) continue;
    // A body without framing ends properly with the connection.
    answer.ending = framing_ == Framing::to_end && ending == Ending::closed ? Ending::proper : ending;
    break;
  }
  answer.last_byte = last_byte_;
}

Answer RawClient::read_answer(Patience limit, bool to_head_request) {
  Answer answer = read_head(limit);
  if (answer.status == 0) return answer;
  if (to_head_request) framing_ = Framing::none;
  read_rest(answer, limit);
  return answer;
}

std::string RawClient::read_to_close(Ending& ending, Patience limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  while ((ending = receive(until)) == Ending::proper) {
  }
  return std::exchange(in_, {});
}

Ending RawClient::await_close(Patience limit) {
  Ending ending = Ending::waiting;
  read_to_close(ending, limit);
  return ending;
}

void RawClient::half_close() { ::shutdown(socket_, SHUT_WR); }

void RawClient::close() {
  tls_.reset();
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void RawClient::reset() {
  if (socket_ >= 0) reset_on_close(socket_);
  close();
}

std::string post(std::string_view target, std::string_view body, std::string_view more_fields) {
  std::string out =
      "POST " + std::string(target) + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
  out += more_fields;
  return out + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string get(std::string_view target, std::string_view more_fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nhost: localhost\r\n" + std::string(more_fields) + "\r\n";
}

}  // namespace sluice::test
