#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

namespace sluice::telemetry {

// A pipe whose reading end never makes a test wait for ever.
class Pipe {
 public:
  explicit Pipe(int flags = 0) {
    if (::pipe2(ends_.data(), O_CLOEXEC | flags) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }

  // Fills the pipe, so that the next write would block. Returns how many bytes it took.
  std::size_t fill() {
    const int flags = ::fcntl(writer(), F_GETFL);
    ::fcntl(writer(), F_SETFL, flags | O_NONBLOCK);
    const std::string page(4096, '#');
    std::size_t filled = 0;
    for (::ssize_t n = 0; (n = ::write(writer(), page.data(), page.size())) > 0;) filled += static_cast<std::size_t>(n);
    ::fcntl(writer(), F_SETFL, flags);
    return filled;
  }

  // What comes until there were `lines` line feeds, the writers are gone, or nothing comes for ten seconds.
  std::string read_lines(std::size_t lines) {
    std::string text;
    std::array<char, 4096> bytes;
    while (lines > 0) {
      ::pollfd entry{reader(), POLLIN, 0};
      if (::poll(&entry, 1, 10'000) <= 0) break;
      const ::ssize_t n = ::read(reader(), bytes.data(), 1);
      if (n <= 0) break;
      text += bytes[0];
      if (bytes[0] == '\n') --lines;
    }
    return text;
  }

  // All there is until the writers are gone.
  std::string read_all() {
    std::string text;
    std::array<char, 4096> bytes;
    for (::ssize_t n = 0; (n = ::read(reader(), bytes.data(), bytes.size())) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace sluice::telemetry
