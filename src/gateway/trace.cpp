#include <sluice/gateway/trace.hpp>

#include <algorithm>

namespace sluice {

std::string_view to_string(Exclusion excluded) {
  switch (excluded) {
    case Exclusion::none:
      return "";
    case Exclusion::endpoint:
      return "endpoint";
    case Exclusion::provider:
      return "provider";
    case Exclusion::residency:
      return "residency";
    case Exclusion::retention:
      return "retention";
    case Exclusion::capability:
      return "capability";
    case Exclusion::context:
      return "context";
    case Exclusion::pinned:
      return "affinity";
  }
  return "";
}

void Trace::clear() {
  id_size = 0;
  route = labels::none;
  model = labels::none;
  status = 0;
  targets_in_all = 0;
  attempts_in_all = 0;
}

void Trace::note(const Target& target) {
  if (targets_in_all++ >= most_targets) return;
  targets[targets_in_all - 1] = target;
}

void Trace::note(const Attempt& attempt) {
  if (attempts_in_all++ >= most_attempts) return;
  attempts[attempts_in_all - 1] = attempt;
}

std::span<const Trace::Target> Trace::noted_targets() const {
  return std::span(targets).first(std::min<std::size_t>(targets_in_all, most_targets));
}

std::span<const Trace::Attempt> Trace::noted_attempts() const {
  return std::span(attempts).first(std::min<std::size_t>(attempts_in_all, most_attempts));
}

}  // namespace sluice
