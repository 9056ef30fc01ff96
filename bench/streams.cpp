// Holds many streamed chat completions open at once and measures them: one thread, epoll.
//   streams PORT STREAMS SECONDS [HEADER]…
// Each connection asks for one stream after the other. Prints one line of JSON: events and finished streams per second,
// streams that did not end with [DONE] and a last chunk, microseconds to the first event and from the upstream's send
// ("sent_us" in the event, same clock) to here, as median and 99th percentile.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Microseconds = long long;

Microseconds now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Where in an answer the next byte belongs.
enum class Place { head, chunk_size, chunk, chunk_end, last_line };

struct Stream {
  int socket = -1;
  Microseconds asked = 0;
  bool first_seen = false;
  bool done_seen = false;
  Place place = Place::head;
  std::size_t chunk_left = 0;
  std::string line = {};   // of the framing, unfinished
  std::string event = {};  // line of an event, unfinished
};

struct Tally {
  long events = 0;
  long finished = 0;
  long broken = 0;
  std::vector<Microseconds> first_event = {};
  std::vector<Microseconds> travel = {};
};

Microseconds quantile(std::vector<Microseconds>& values, double share) {
  if (values.empty()) return -1;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

class Load {
 public:
  Load(int port, std::size_t streams, std::string request)
      : port_(port), request_(std::move(request)), streams_(streams) {}

  Tally run(double seconds) {
    for (Stream& stream : streams_) open(stream);
    const Microseconds begin = now();
    const auto length = static_cast<Microseconds>(seconds * 1e6);
    std::array<epoll_event, 256> ready{};
    while (now() - begin < length) {
      const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 100);
      for (int i = 0; i < count; ++i) read(*static_cast<Stream*>(ready.at(static_cast<std::size_t>(i)).data.ptr));
    }
    return std::move(tally_);
  }

 private:
  void open(Stream& stream) {
    if (stream.socket >= 0) close(stream.socket);
    stream = Stream{};
    stream.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(stream.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      std::perror("streams: connect");
      std::exit(1);
    }
    const int on = 1;
    setsockopt(stream.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &stream;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.socket, &event);
    ask(stream);
  }

  void ask(Stream& stream) {
    const int socket = stream.socket;
    stream = Stream{};
    stream.socket = socket;
    stream.asked = now();
    if (send(stream.socket, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size())) {
      std::perror("streams: send");
      std::exit(1);
    }
  }

  void read(Stream& stream) {
    const ssize_t count = recv(stream.socket, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      ++tally_.broken;
      open(stream);
      return;
    }
    const Microseconds arrived = now();
    std::string_view rest(scratch_.data(), static_cast<std::size_t>(count));
    while (!rest.empty()) {
      if (stream.place == Place::chunk) {
        const std::string_view part = rest.substr(0, stream.chunk_left);
        content(stream, part, arrived);
        rest.remove_prefix(part.size());
        stream.chunk_left -= part.size();
        if (stream.chunk_left == 0) stream.place = Place::chunk_end;
        continue;
      }
      const std::size_t end = rest.find('\n');
      stream.line.append(rest.substr(0, end));
      if (end == std::string_view::npos) return;
      rest.remove_prefix(end + 1);
      if (framing(stream)) {
        ++(stream.done_seen ? tally_.finished : tally_.broken);
        ask(stream);
      }
    }
  }

  // Takes a whole line of the head or of the chunks; true when the answer is over.
  static bool framing(Stream& stream) {
    const std::string line = std::move(stream.line);
    stream.line.clear();
    switch (stream.place) {
      case Place::head:
        if (line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.1 200")) {
          std::fprintf(stderr, "streams: %s\n", line.c_str());
          std::exit(1);
        }
        if (line == "\r") stream.place = Place::chunk_size;
        return false;
      case Place::chunk_size:
        std::from_chars(line.data(), line.data() + line.size(), stream.chunk_left, 16);
        stream.place = stream.chunk_left > 0 ? Place::chunk : Place::last_line;
        return false;
      case Place::chunk_end:
        stream.place = Place::chunk_size;
        return false;
      case Place::chunk:
      case Place::last_line:
        break;
    }
    return true;
  }

  void content(Stream& stream, std::string_view bytes, Microseconds arrived) {
    for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      stream.event.append(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
      event(stream, arrived);
      stream.event.clear();
    }
    stream.event.append(bytes);
  }

  void event(Stream& stream, Microseconds arrived) {
    const std::string_view text = stream.event;
    if (!text.starts_with("data: ")) return;
    if (text.starts_with("data: [DONE]")) {
      stream.done_seen = true;
      return;
    }
    ++tally_.events;
    if (!stream.first_seen) tally_.first_event.push_back(arrived - stream.asked);
    stream.first_seen = true;
    constexpr std::string_view name = "\"sent_us\":";
    if (const std::size_t at = text.find(name); at != std::string_view::npos) {
      Microseconds sent = 0;
      std::from_chars(text.data() + at + name.size(), text.data() + text.size(), sent);
      tally_.travel.push_back(arrived - sent);
    }
  }

  int port_;
  std::string request_;
  std::vector<Stream> streams_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  Tally tally_;
  std::vector<char> scratch_ = std::vector<char>(64UL * 1024UL);
};

std::string request_of(int count, char** words) {
  const std::string body =
      R"({"model":"bench-model","stream":true,"messages":[{"role":"user","content":"Say many words."}]})";
  std::string request = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n";
  for (int i = 4; i < count; ++i) request.append(words[i]).append("\r\n");
  return request + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    std::fputs("streams PORT STREAMS SECONDS [HEADER]...\n", stderr);
    return 64;
  }
  const double seconds = std::atof(words[3]);
  Load load(std::atoi(words[1]), static_cast<std::size_t>(std::atol(words[2])), request_of(count, words));
  Tally tally = load.run(seconds);
  std::printf(
      "{\"events_per_s\":%.1f,\"streams_per_s\":%.1f,\"events\":%ld,\"broken\":%ld,\"first_p50_us\":%lld,"
      "\"first_p99_us\":%lld,\"travel_p50_us\":%lld,\"travel_p99_us\":%lld}\n",
      static_cast<double>(tally.events) / seconds, static_cast<double>(tally.finished) / seconds, tally.events,
      tally.broken, quantile(tally.first_event, 0.5), quantile(tally.first_event, 0.99), quantile(tally.travel, 0.5),
      quantile(tally.travel, 0.99));
}
