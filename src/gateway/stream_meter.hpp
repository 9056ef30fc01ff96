#pragma once

#include <algorithm>
#include <cstdint>

#include <sluice/gateway/exchange.hpp>

#include "gateway/charge.hpp"

namespace sluice {

// Watches what a stream costs while it flows, by our own count: providers tell theirs at the end. One per attempt.
class StreamMeter {
 public:
  explicit StreamMeter(Exchange& exchange) : bill_(exchange.bill) {}

  // An event with content went by. False: somebody's budget has no more, and the stream has to end.
  bool note(std::size_t event_bytes) {
    count_.note(event_bytes);
    bill_.counted_output = std::min(told_ + count_.tokens(), bill_.size.output_limit);
    if (bill_.tariff == nullptr || bill_.counted_output < next_look_) return true;
    const ledger::NanoUsd before = bill_.permit->reserved();
    if (!bill_.permit->meter(cost_at(bill_.counted_output))) return false;
    const ledger::NanoUsd reserved = bill_.permit->reserved();
    // What a crash would be charged grows with what is set aside.
    if (reserved != before && bill_.entry != nullptr) bill_.entry->bound(bill_.cost + reserved);
    const bool is_far = cost_at(bill_.counted_output + tokens_between_looks) <= reserved;
    next_look_ = bill_.counted_output + (is_far ? tokens_between_looks : 1);
    return true;
  }

  // The provider said how many tokens it were so far: what comes behind is counted from there.
  void told(std::uint64_t output) {
    told_ = output;
    count_ = {};
  }

 private:
  ledger::NanoUsd cost_at(std::uint64_t tokens) const {
    ledger::Counts counts;
    counts.input = bill_.size.input;
    counts.output = tokens;
    return ledger::cost_of(bill_.tariff->price, counts);
  }

  // Far from the end of what is set aside nobody has to look at each event.
  static constexpr std::uint64_t tokens_between_looks = 16;

  Bill& bill_;
  StreamCount count_;
  std::uint64_t told_ = 0;
  std::uint64_t next_look_ = 0;
};

// What the caller is told of it.
inline Error budget_is_gone() {
  return Error(Fault::rate_limited, Blame::client, "insufficient_quota",
               "A budget was used up while the answer was written.")
      .with_outcome(Outcome::cancelled)
      .never_again();
}

}  // namespace sluice
