#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sluice/ledger/money.hpp>

// What a model costs, and what an answer of it did. The same function sets aside before a request is made and settles
// behind it.
namespace sluice::ledger {

// What was used, in disjoint counters: `input` without what was read from or written to a cache, `output` without
// reasoning, both without audio.
struct Counts {
  std::uint64_t input = 0;
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write = 0;     // all of it
  std::uint64_t cache_write_1h = 0;  // the part of cache_write that is kept for an hour
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
  std::uint64_t audio_input = 0;
  std::uint64_t audio_output = 0;
  std::uint64_t images = 0;  // made, not read
  bool operator==(const Counts&) const = default;

  std::uint64_t all_input() const { return input + cache_read + cache_write + audio_input; }
  std::uint64_t all_output() const { return output + reasoning + audio_output; }
};

// Nano-USD per million tokens, so that $0.0375 per million is exact too.
struct Rates {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::optional<std::int64_t> cache_read{};      // nothing: as input
  std::optional<std::int64_t> cache_write{};     // nothing: as input
  std::optional<std::int64_t> cache_write_1h{};  // nothing: as cache_write
  std::optional<std::int64_t> reasoning{};       // nothing: as output
  std::optional<std::int64_t> audio_input{};     // nothing: as input
  std::optional<std::int64_t> audio_output{};    // nothing: as output
  bool operator==(const Rates&) const = default;
};

struct Price {
  // Rates of a whole request whose prompt, cached tokens included, is longer than `tokens`.
  struct Tier {
    std::uint64_t tokens = 0;
    Rates rates;
    bool operator==(const Tier&) const = default;
  };
  Rates rates;
  std::vector<Tier> above{};  // by rising bound
  NanoUsd request = 0;        // for each request that reached the provider
  NanoUsd image = 0;          // for each image made
  bool operator==(const Price&) const = default;
};

// What that costs: the exact sum, rounded up to a whole nano-USD once, at its end. Saturates at the largest amount.
// Grows with each count, as long as the tiers' rates do not fall.
NanoUsd cost_of(const Price& price, const Counts& counts);

// What its cache made the same cheaper: what it would have cost with every cached token read anew, less what it did.
// Negative where writing to the cache cost more than reading from it saved.
NanoUsd saving_of(const Price& price, const Counts& counts);

// The most a request can cost whose prompt has at most `input` tokens and whose answer at most `output`, however the
// tokens turn out to be split into cached, reasoned and heard ones, and whatever tier the prompt ends in.
NanoUsd bound_of(const Price& price, std::uint64_t input, std::uint64_t output, std::uint64_t images);

}  // namespace sluice::ledger
