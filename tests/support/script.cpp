// How scripts are written down, and what can be asked about a request that was seen.
#include <algorithm>
#include <cctype>

#include "support/scripted_upstream.hpp"

namespace sluice::test {

Script& Script::add(Step step) {
  steps_.push_back(std::move(step));
  return *this;
}

Script& Script::read_head() { return add({.kind = Kind::read_head}); }
Script& Script::read_body() { return add({.kind = Kind::read_body}); }
Script& Script::read_request() { return read_head().read_body(); }
Script& Script::send(std::string bytes) { return add({.kind = Kind::send, .bytes = std::move(bytes)}); }
Script& Script::flood(std::string block, std::size_t times) {
  return add({.kind = Kind::flood, .bytes = std::move(block), .times = times});
}
Script& Script::send_split(std::string_view bytes, std::size_t at) {
  send(std::string(bytes.substr(0, at))).pause(std::chrono::milliseconds(1));
  return send(std::string(bytes.substr(at)));
}
Script& Script::drip(std::string_view bytes, std::size_t piece, std::chrono::milliseconds interval) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    send(std::string(bytes.substr(at, piece))).pause(interval);
  }
  return *this;
}
Script& Script::pause(std::chrono::milliseconds time) { return add({.kind = Kind::pause, .time = time}); }
Script& Script::wait_for(std::string signal) { return add({.kind = Kind::wait, .bytes = std::move(signal)}); }
Script& Script::stop_reading() { return add({.kind = Kind::stop_reading}); }
Script& Script::half_close() { return add({.kind = Kind::half_close}); }
Script& Script::close() { return add({.kind = Kind::close}); }
Script& Script::reset() { return add({.kind = Kind::reset}); }
Script& Script::hang() { return add({.kind = Kind::hang}); }
Script& Script::decide(Decision decision) { return add({.kind = Kind::decide, .decision = std::move(decision)}); }
Script& Script::again() { return add({.kind = Kind::again}); }

std::optional<std::string> SeenRequest::field(std::string_view name) const {
  std::size_t line = head.find("\r\n");
  while (line != std::string::npos && line + 2 < head.size()) {
    const std::size_t begin = line + 2;
    line = head.find("\r\n", begin);
    const std::string text = head.substr(begin, line - begin);
    const std::size_t colon = text.find(':');
    if (colon != name.size()) continue;
    std::string found = text.substr(0, colon);
    std::transform(found.begin(), found.end(), found.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (found != name) continue;
    const std::size_t value = text.find_first_not_of(' ', colon + 1);
    return value == std::string::npos ? std::string() : text.substr(value);
  }
  return std::nullopt;
}

std::string SeenRequest::target() const {
  const std::size_t first = head.find(' ');
  const std::size_t second = head.find(' ', first + 1);
  return head.substr(first + 1, second - first - 1);
}

}  // namespace sluice::test
