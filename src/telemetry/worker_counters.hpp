#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include <sluice/telemetry/metrics.hpp>

#include "telemetry/series.hpp"

namespace sluice::telemetry {

// Upper bounds of the buckets, in seconds but for the last.
inline constexpr std::array request_bounds{.05, .1, .25, .5, 1., 2.5, 5., 10., 20., 40., 80., 160., 300., 600.};
inline constexpr std::array first_token_bounds{.02, .05, .1, .2, .35, .5, .75, 1., 1.5, 2.5, 5., 10., 20., 40., 80.};
// The ones a widespread inference engine uses, so that its graphs and a gateway's can be laid over each other.
inline constexpr std::array token_gap_bounds{.01, .025, .05, .075, .1,  .15, .2,  .3,  .4, .5,
                                             .75, 1.,   2.5, 5.,   7.5, 10., 20., 40., 80.};
inline constexpr std::array overhead_bounds{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1};

// Of an estimate in parts of the truth.
inline constexpr std::array estimate_bounds{.25, .5, .7, .8, .9, 1., 1.1, 1.25, 1.5, 2., 4.};

inline constexpr std::size_t rejection_count = 12;
inline constexpr std::size_t phase_count = 3;

// The kinds of tokens, none of which includes another.
enum class TokenKind : std::uint8_t { input, output, cache_read, cache_write, reasoning };
inline constexpr std::size_t token_kind_count = 5;

// What all workers have counted together.
struct Totals {
  struct Model {
    HistogramTotals first_token;
    HistogramTotals gap;
    std::array<std::uint64_t, token_kind_count> tokens{};
  };
  template <std::size_t width, class Value>
  using By = std::map<std::array<std::uint32_t, width>, Value>;

  By<5, std::uint64_t> requests;       // route, model, provider, class of status, code
  By<4, HistogramTotals> durations;    // route, model, provider, stream
  By<2, Model> models;                 // model, provider
  By<3, std::uint64_t> attempts;       // provider, deployment, outcome
  By<2, std::uint64_t> fallbacks;      // from, to
  By<1, std::uint64_t> retries;        // provider
  By<1, std::uint64_t> usage_missing;  // provider
  By<3, std::uint64_t> costs;          // team, model, provider: nano-USD
  By<1, std::uint64_t> price_missing;  // model
  By<1, HistogramTotals> estimates;    // model
  By<2, std::uint64_t> dropped;        // provider, field
  std::array<std::uint64_t, rejection_count> rejected{};
  std::array<HistogramTotals, phase_count> overhead;
  std::int64_t streams = 0;
  std::int64_t in_flight = 0;
};

// One worker's counters. Aligned so that no two workers write to the same cache line.
class alignas(64) WorkerCounters final : public WorkerMetrics {
 public:
  void request_began() override { in_flight_.move(1); }
  void answered(const Answered& request) override;
  void stream_began() override { streams_.move(1); }
  void stream_ended() override { streams_.move(-1); }
  void attempted(Label provider, Label deployment, Outcome outcome) override;
  void fell_back(Label from, Label to) override;
  void retried(Label provider) override;
  void rejected(Rejection reason) override;
  void usage_missing(Label provider) override;
  void cost(Label team, Label model, Label provider, std::int64_t nano_usd) override;
  void price_missing(Label model) override;
  void estimated(Label model, std::uint64_t estimate, std::uint64_t reported) override;
  void field_dropped(Label provider, Label field) override;
  void token_gap(Label model, Label provider, Duration gap) override;
  void spent(Phase phase, Duration took) override;

  // From any thread.
  void add_to(Totals& totals) const;

 private:
  struct Model {
    Histogram<first_token_bounds> first_token;
    Histogram<token_gap_bounds> gap;
    std::array<Count, token_kind_count> tokens;
  };

  mutable std::mutex creation_;
  SeriesTable<5, Count> requests_{creation_};
  SeriesTable<4, Histogram<request_bounds>> durations_{creation_};
  SeriesTable<2, Model> models_{creation_};
  SeriesTable<3, Count> attempts_{creation_};
  SeriesTable<2, Count> fallbacks_{creation_};
  SeriesTable<1, Count> retries_{creation_};
  SeriesTable<1, Count> usage_missing_{creation_};
  SeriesTable<3, Count> costs_{creation_};
  SeriesTable<1, Count> price_missing_{creation_};
  SeriesTable<1, Histogram<estimate_bounds>> estimates_{creation_};
  SeriesTable<2, Count> dropped_{creation_};
  std::array<Count, rejection_count> rejected_;
  std::array<Histogram<overhead_bounds>, phase_count> overhead_;
  Level streams_;
  Level in_flight_;
};

}  // namespace sluice::telemetry
