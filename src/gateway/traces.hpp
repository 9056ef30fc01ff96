#pragma once

#include <string_view>
#include <vector>

#include <sluice/gateway/trace.hpp>

namespace sluice {

// The latest traces of one worker; on its thread.
class Traces {
 public:
  explicit Traces(std::size_t most = 512) : most_(most) { kept_.reserve(most); }
  // Copies it into the place of the oldest.
  void keep(const Trace& trace);
  // The newest of that id, or null.
  const Trace* find(std::string_view request_id) const;

 private:
  std::size_t most_;
  std::vector<Trace> kept_;  // never grows beyond what was reserved, whose pages are used as they are needed
  std::size_t next_ = 0;
};

}  // namespace sluice
