#pragma once

#include <array>
#include <span>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/money.hpp>

#include "gateway/reply_fields.hpp"

namespace sluice {

// A time as OpenAI's clients parse it, which is as Go writes durations: "12ms", "1s", "6m0s", "1h0m3s"; whole
// milliseconds below a second, whole seconds above, rounded up.
std::string_view go_duration(Duration duration, std::span<char> room);

// An amount in plain decimals, at most nine behind the point and none that say nothing: "0.000012".
std::string_view usd_text(ledger::NanoUsd amount, std::span<char> room);

// x-ratelimit-*: how much is left of the tightest limits of requests and of tokens, in OpenAI's words. Holds the values
// that the fields borrow.
class LimitFields {
 public:
  void add_to(ReplyFields& fields, const Exchange& exchange, ledger::Now now);

 private:
  struct Values {
    std::array<char, 24> limit;
    std::array<char, 24> left;
    std::array<char, 40> reset;
  };
  Values requests_;
  Values tokens_;
};

}  // namespace sluice
