#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sluice/base/clock.hpp>

namespace sluice::traffic {

// A target as a strategy sees it.
struct Candidate {
  std::uint32_t target = 0;  // which of the model's
  std::uint32_t weight = 1;  // 0: only when nobody else is left
  std::uint32_t in_flight = 0;
  std::optional<Duration> first_token{};  // the usual time to the first token; nothing: not known yet
  std::optional<std::int64_t> price{};    // nano-USD this request is expected to cost there; nothing: not known
};

// What a strategy may look at besides.
struct Question {
  std::uint64_t random = 0;  // drawn for this request
  std::uint64_t turn = 0;    // how many requests the model has had before
  TimePoint now{};
};

// In which order targets are asked: sorts all candidates, whom to ask first at the front. A pure function.
using Order = void (*)(std::span<Candidate> candidates, const Question& question);

struct Strategy {
  std::string_view name;  // as in the configuration
  Order order;
  bool keeps_affinity;  // whether a conversation may stay where it was
  bool needs_price;
};

// All strategies, in the order they are offered; the first is the default.
std::span<const Strategy> strategies();
// The strategy of that name, or null.
const Strategy* strategy_named(std::string_view name);

}  // namespace sluice::traffic
