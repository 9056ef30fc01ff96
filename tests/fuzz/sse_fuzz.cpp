#include <string>
#include <vector>

#include <sluice/http/sse.hpp>

#include "fuzz/input.hpp"

namespace sluice::http {
namespace {

using fuzz::require;

struct ReadEvent {
  std::string name;
  std::string data;
  bool has_data = false;

  bool operator==(const ReadEvent&) const = default;
};

// The events of a stream that came in these pieces. The bytes of all events and what is left are the stream.
std::vector<ReadEvent> read(const std::vector<std::string_view>& pieces) {
  SseReader reader;
  std::vector<char> buffer;
  std::vector<ReadEvent> events;
  std::string sent;
  std::string received;
  for (const std::string_view piece : pieces) {
    sent += piece;
    std::vector<char> grown(buffer.begin(), buffer.end());
    grown.insert(grown.end(), piece.begin(), piece.end());
    buffer.swap(grown);
    SseEvent event;
    while (reader.next({buffer.data(), buffer.size()}, event)) {
      require(!event.raw.empty() && event.raw.data() == buffer.data() && event.raw.size() <= buffer.size());
      require(event.has_data || event.data.empty());
      events.push_back({std::string(event.name), std::string(event.data), event.has_data});
      received += event.raw;
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(event.raw.size()));
    }
    require(reader.comments() <= buffer.size());
  }
  require(sent == received + std::string(buffer.begin(), buffer.end()));
  return events;
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const fuzz::Input input(data, size);
  const auto whole = http::read({input.bytes});
  fuzz::require(http::read({input.before_cut(), input.after_cut()}) == whole);
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < input.bytes.size(); ++at) bytes.push_back(input.bytes.substr(at, 1));
  fuzz::require(http::read(bytes) == whole);
  return 0;
}
