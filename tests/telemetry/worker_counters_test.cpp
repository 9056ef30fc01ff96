#include "telemetry/worker_counters.hpp"

#include <atomic>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "telemetry/counting_new.hpp"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr std::array<double, 3> bounds{.001, .01, 1.};

TEST(Histogram, puts_a_duration_into_the_first_bucket_that_holds_it) {
  const struct {
    Duration took;
    std::size_t bucket;
  } cases[] = {
      {-1ms, 0}, {0ms, 0}, {1ms, 0}, {1ms + 1ns, 1}, {10ms, 1}, {11ms, 2}, {1s, 2}, {1s + 1ns, 3}, {24h, 3},
  };
  for (const auto& example : cases) {
    Histogram<bounds> histogram;
    histogram.observe(example.took);
    HistogramTotals totals;
    histogram.add_to(totals);
    std::vector<std::uint64_t> expected(4, 0);
    expected[example.bucket] = 1;
    EXPECT_EQ(totals.buckets, expected) << example.took.count();
  }
}

TEST(Histogram, sums_in_seconds) {
  Histogram<bounds> histogram;
  histogram.observe(250ms);
  histogram.observe(2s);
  histogram.observe(-5s);
  HistogramTotals totals;
  histogram.add_to(totals);
  histogram.add_to(totals);
  EXPECT_DOUBLE_EQ(totals.sum, 4.5);
}

TEST(WorkerCounters, tells_how_far_estimates_were_off) {
  const auto counters = std::make_unique<WorkerCounters>();
  const Label model{2};
  counters->estimated(model, 100, 100);
  counters->estimated(model, 30, 100);
  counters->estimated(model, UINT64_MAX, 1);
  Totals totals;
  counters->add_to(totals);
  const HistogramTotals& ratios = totals.estimates.at({2});
  ASSERT_EQ(ratios.buckets.size(), estimate_bounds.size() + 1);
  EXPECT_EQ(ratios.buckets[5], 1u) << "what is right is at most 1";
  EXPECT_EQ(ratios.buckets[1], 1u);
  EXPECT_EQ(ratios.buckets.back(), 1u);
  EXPECT_DOUBLE_EQ(ratios.sum, 1.0 + 0.3 + 100.0);
}

TEST(SeriesTable, keeps_every_key_apart_while_it_grows) {
  std::mutex creation;
  SeriesTable<3, Count> table(creation);
  constexpr std::uint32_t most = 12;
  Count& first = table.at({0, 0, 0});
  for (int round = 1; round <= 2; ++round) {
    for (std::uint32_t a = 0; a < most; ++a) {
      for (std::uint32_t b = 0; b < most; ++b) {
        for (std::uint32_t c = 0; c < most; ++c) table.at({a, b, c}).add(a * 10'000 + b * 100 + c + 1);
      }
    }
  }
  EXPECT_EQ(&first, &table.at({0, 0, 0}));
  std::size_t seen = 0;
  table.for_each([&](const auto& key, const Count& count) {
    ++seen;
    EXPECT_EQ(count.value(), 2 * (key[0] * 10'000 + key[1] * 100 + key[2] + 1));
  });
  EXPECT_EQ(seen, most * most * most);
}

Answered good_answer() {
  Answered answered;
  answered.route = Label{2};
  answered.model = Label{3};
  answered.provider = Label{4};
  answered.status = 200;
  answered.stream = true;
  answered.reached_upstream = true;
  answered.took = 3s;
  answered.first_token = 300ms;
  answered.input = 10;
  answered.output = 20;
  return answered;
}

TEST(WorkerCounters, allocate_nothing_once_the_labels_were_seen) {
  WorkerCounters worker;
  const auto everything = [&worker] {
    worker.request_began();
    worker.stream_began();
    worker.spent(Phase::auth, 3us);
    worker.attempted(Label{4}, Label{5}, Outcome::reset);
    worker.fell_back(Label{4}, Label{6});
    worker.token_gap(Label{3}, Label{4}, 20ms);
    worker.usage_missing(Label{4});
    worker.field_dropped(Label{4}, Label{9});
    worker.rejected(Rejection::auth);
    worker.stream_ended();
    worker.answered(good_answer());
  };
  everything();
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 1'000; ++i) everything();
  EXPECT_EQ(allocations_of_this_thread(), before);
  for (std::uint32_t i = 10; i < 1'000; ++i) worker.usage_missing(Label{i});
  EXPECT_GT(allocations_of_this_thread(), before) << "the count of allocations does not count";
}

TEST(WorkerCounters, can_be_read_while_they_count_and_grow) {
  WorkerCounters worker;
  constexpr std::uint32_t answers = 20'000;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!done) {
      Totals totals;
      worker.add_to(totals);
      std::uint64_t now = 0;
      for (const auto& [key, count] : totals.requests) now += count;
      EXPECT_GE(now, last);
      last = now;
    }
  });
  Answered answered = good_answer();
  for (std::uint32_t i = 0; i < answers; ++i) {
    answered.model = Label{i % 500};
    worker.request_began();
    worker.answered(answered);
  }
  done = true;
  reader.join();
  Totals totals;
  worker.add_to(totals);
  EXPECT_EQ(totals.requests.size(), 500u);
  EXPECT_EQ(totals.in_flight, 0);
  std::uint64_t observed = 0;
  for (const auto& [key, spread] : totals.durations) {
    observed += std::accumulate(spread.buckets.begin(), spread.buckets.end(), std::uint64_t{0});
  }
  EXPECT_EQ(observed, answers);
}

}  // namespace
}  // namespace sluice::telemetry
