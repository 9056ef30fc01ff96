#include "gateway/traces.hpp"

namespace sluice {

void Traces::keep(const Trace& trace) {
  if (kept_.size() < most_) {
    kept_.push_back(trace);
    return;
  }
  kept_[next_] = trace;
  next_ = (next_ + 1) % most_;
}

const Trace* Traces::find(std::string_view request_id) const {
  // From the newest backwards: a caller may use an id again.
  for (std::size_t i = kept_.size(); i > 0; --i) {
    const Trace& trace = kept_[(next_ + i - 1) % kept_.size()];
    if (trace.request_id() == request_id) return &trace;
  }
  return nullptr;
}

}  // namespace sluice
