#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>
#include <sluice/http/sse.hpp>

namespace sluice::chat {

inline std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

inline std::string fixture(const std::string& name) {
  return contents_of(SLUICE_FIXTURES "/openai_chat/" + name);
}

inline http::SseEvent event_of(std::string_view data, std::string_view name = {}) {
  return {.raw = data, .name = name, .data = data, .has_data = true};
}

// What the events of a stream mean, in order.
inline std::vector<EventSense> senses_of(std::string_view stream) {
  std::vector<EventSense> senses;
  http::SseReader reader;
  http::SseEvent event;
  while (reader.next(stream, event)) {
    if (event.has_data) senses.push_back(openai_chat().sense(event));
    stream.remove_prefix(event.raw.size());
  }
  return senses;
}

// The counts in the order input, cache_read, cache_write, output, reasoning.
inline std::vector<std::uint64_t> counts_of(const std::optional<Usage>& usage) {
  if (!usage) return {};
  return {usage->input, usage->cache_read, usage->cache_write, usage->output, usage->reasoning};
}

}  // namespace sluice::chat
