// A provider that costs next to nothing, for measuring gateways: one thread, epoll, HTTP/1.1 keep-alive.
//   upstream PORT [EVENTS [GAP_US]]
// Any POST with a content-length gets a chat completion of some 300 bytes; one whose body has "stream": true gets
// EVENTS (100) server-sent events, each GAP_US (0: as fast as the socket takes them) after the one before. Each event
// carries "sent_us", the monotonic clock when it was handed to the kernel, so that a client on the same machine knows
// how long it travelled. `prompt_tokens` is the number of body bytes received.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using Microseconds = long long;

Microseconds now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Client {
  int socket = -1;
  unsigned long serial = 0;   // tells this client from a later one with the same descriptor
  std::string received = {};  // bytes of requests not yet answered
  std::string unsent = {};    // bytes the kernel did not take
  int events_left = 0;        // of the stream being sent; 0 when none is
  bool wants_room = false;    // registered for EPOLLOUT
};

struct Due {
  Microseconds at;
  int socket;
  unsigned long serial;
  bool operator>(const Due& other) const { return at > other.at; }
};

std::string chunk(std::string_view payload) {
  std::array<char, 24> size{};
  const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", payload.size());
  std::string framed(size.data(), static_cast<std::size_t>(length));
  framed.append(payload).append("\r\n");
  return framed;
}

std::string completion(std::size_t body_bytes) {
  const std::string body =
      R"({"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench-model","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":"The quick brown fox jumps over the lazy dog."},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":)" +
      std::to_string(body_bytes) + R"(,"completion_tokens":9,"total_tokens":)" + std::to_string(body_bytes + 9) + "}}";
  return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string stream_event() {
  return chunk(
      R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-model",)"
      R"("sent_us":)" +
      std::to_string(now()) + R"(,"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]})" + "\n\n");
}

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

std::string stream_end() { return chunk("data: [DONE]\n\n") + "0\r\n\r\n"; }

// A whole request at the front of the bytes, or nothing yet.
struct Request {
  std::size_t size;
  std::string_view body;
};

std::optional<Request> whole_request(std::string_view bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t at = bytes.find("\r\n"); at < head; at = bytes.find("\r\n", at + 2)) {
    const std::string_view line = bytes.substr(at + 2, head - at);
    constexpr std::string_view name = "content-length:";
    if (line.size() < name.size() || !std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
          return a == b || (b >= 'A' && b <= 'Z' && a == b + ('a' - 'A'));
        }))
      continue;
    const std::size_t digits = line.find_first_not_of(' ', name.size());
    std::from_chars(line.data() + digits, line.data() + line.size(), length);
  }
  const std::size_t size = head + 4 + length;
  if (bytes.size() < size) return std::nullopt;
  return Request{size, bytes.substr(head + 4, length)};
}

bool asks_for_stream(std::string_view body) {
  // It stands near an end of the body in every client we know; a search through 200 KB would be our cost, not theirs.
  for (const std::string_view part :
       {body.substr(0, 256), body.substr(body.size() - std::min<std::size_t>(256, body.size()))})
    if (part.find("\"stream\":true") != std::string_view::npos ||
        part.find("\"stream\": true") != std::string_view::npos)
      return true;
  return false;
}

class Upstream {
 public:
  Upstream(int listener, int events, Microseconds gap) : listener_(listener), events_(events), gap_(gap) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> ready{};
    while (true) {
      const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), patience());
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = ready.at(static_cast<std::size_t>(i));
        if (event.data.fd == listener_)
          accept_all();
        else if (const auto found = clients_.find(event.data.fd); found != clients_.end())
          serve(*found->second, event.events);
      }
      send_due();
    }
  }

 private:
  int patience() const {
    if (due_.empty()) return -1;
    return static_cast<int>(std::max<Microseconds>(0, (due_.top().at - now() + 999) / 1000));
  }

  void accept_all() {
    while (true) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto client = std::make_unique<Client>();
      client->socket = socket;
      client->serial = ++serial_;
      clients_[socket] = std::move(client);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = socket;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    }
  }

  void drop(const Client& client) {
    const int socket = client.socket;
    close(socket);
    clients_.erase(socket);
  }

  void serve(Client& client, unsigned what) {
    if ((what & EPOLLOUT) != 0 && !send(client, {})) return drop(client);
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_all(client)) return drop(client);
    if (!progress(client)) drop(client);
  }

  bool read_all(Client& client) {
    while (true) {
      const ssize_t count = recv(client.socket, scratch_.data(), scratch_.size(), 0);
      if (count == 0) return false;
      if (count < 0) return errno == EAGAIN;
      client.received.append(scratch_.data(), static_cast<std::size_t>(count));
      if (static_cast<std::size_t>(count) < scratch_.size()) return true;
    }
  }

  // Answers what is complete, one after the other, and feeds an unpaced stream as far as the kernel takes it.
  bool progress(Client& client) {
    while (client.unsent.empty()) {
      if (client.events_left > 0) {
        if (gap_ > 0) return true;
        if (!next_event(client)) return false;
        continue;
      }
      const std::optional<Request> request = whole_request(client.received);
      if (!request) return true;
      const bool streamed = asks_for_stream(request->body);
      const std::size_t body_bytes = request->body.size();
      client.received.erase(0, request->size);
      if (!streamed) {
        if (!send(client, completion(body_bytes))) return false;
        continue;
      }
      client.events_left = events_;
      if (!send(client, stream_head)) return false;
      if (gap_ > 0) due_.push({now(), client.socket, client.serial});
    }
    return true;
  }

  bool next_event(Client& client) {
    --client.events_left;
    return send(client, client.events_left > 0 ? stream_event() : stream_event() + stream_end());
  }

  void send_due() {
    while (!due_.empty() && due_.top().at <= now()) {
      const Due due = due_.top();
      due_.pop();
      const auto found = clients_.find(due.socket);
      if (found == clients_.end() || found->second->serial != due.serial) continue;
      Client& client = *found->second;
      if (!next_event(client)) {
        drop(client);
      } else if (client.events_left > 0) {
        due_.push({due.at + gap_, due.socket, due.serial});
      } else if (!progress(client)) {
        drop(client);
      }
    }
  }

  bool send(Client& client, std::string_view bytes) {
    if (!client.unsent.empty()) {
      client.unsent.append(bytes);
      bytes = client.unsent;
    }
    const ssize_t count = bytes.empty() ? 0 : ::send(client.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return false;
    const std::string rest(bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(0, count))));
    client.unsent = rest;
    if (client.wants_room != !client.unsent.empty()) {
      client.wants_room = !client.unsent.empty();
      epoll_event event{};
      event.events = client.wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN;
      event.data.fd = client.socket;
      epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket, &event);
    }
    return true;
  }

  int listener_;
  int events_;
  Microseconds gap_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  unsigned long serial_ = 0;
  std::unordered_map<int, std::unique_ptr<Client>> clients_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<char> scratch_ = std::vector<char>(256UL * 1024UL);
};

int listen_on(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener, 4096) != 0) {
    std::perror("upstream");
    std::exit(1);
  }
  return listener;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fputs("upstream PORT [EVENTS [GAP_US]]\n", stderr);
    return 64;
  }
  const int events = count > 2 ? std::atoi(words[2]) : 100;
  const Microseconds gap = count > 3 ? std::atoll(words[3]) : 0;
  Upstream(listen_on(std::atoi(words[1])), std::max(1, events), gap).run();
}
