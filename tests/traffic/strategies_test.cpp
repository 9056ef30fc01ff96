#include <sluice/traffic/strategy.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "telemetry/counting_new.hpp"
#include "traffic/seed.hpp"

namespace sluice::traffic {
namespace {

using namespace std::chrono_literals;
using Targets = std::vector<std::uint32_t>;

Targets ordered(std::string_view strategy, std::vector<Candidate> candidates, const Question& question = {}) {
  strategy_named(strategy)->order(candidates, question);
  Targets targets;
  for (const Candidate& candidate : candidates) targets.push_back(candidate.target);
  return targets;
}

// Pearson's chi-square of counts against shares that add up to `all`.
double chi_square(const std::vector<std::uint64_t>& counts, const std::vector<double>& shares, double all) {
  std::uint64_t draws = 0;
  for (const std::uint64_t count : counts) draws += count;
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = static_cast<double>(draws) * shares[i] / all;
    sum += (static_cast<double>(counts[i]) - expected) * (static_cast<double>(counts[i]) - expected) / expected;
  }
  return sum;
}

// What chi-square exceeds once in a million times, by degrees of freedom.
constexpr std::array<double, 6> once_in_a_million = {0, 23.9, 27.6, 30.7, 33.4, 35.9};

TEST(Strategies, are_listed_with_the_default_first) {
  std::vector<std::string_view> names;
  for (const Strategy& strategy : strategies()) {
    names.push_back(strategy.name);
    EXPECT_EQ(strategy_named(strategy.name), &strategy);
    EXPECT_EQ(strategy.keeps_affinity, strategy.name != "round_robin");
    EXPECT_EQ(strategy.needs_price, strategy.name == "cost");
  }
  EXPECT_EQ(names,
            (std::vector<std::string_view>{"priority", "weighted", "round_robin", "least_busy", "latency", "cost"}));
  EXPECT_EQ(strategy_named("best"), nullptr);
}

// Candidates with everything that any strategy looks at.
std::vector<Candidate> random_candidates(std::mt19937_64& random) {
  std::vector<Candidate> candidates(random() % 8);
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    Candidate& one = candidates[i];
    one.target = i;
    one.weight = static_cast<std::uint32_t>(random() % 4);
    one.in_flight = static_cast<std::uint32_t>(random() % 5);
    if (random() % 4 != 0) one.first_token = std::chrono::milliseconds(random() % 4);
    if (random() % 4 != 0) one.price = static_cast<std::int64_t>(random() % 4);
  }
  return candidates;
}

TEST(Strategies, name_everybody_once_and_those_without_weight_last) {
  std::mt19937_64 random = seeded();
  for (int i = 0; i < steps / 10; ++i) {
    const std::vector<Candidate> candidates = random_candidates(random);
    const Question question{.random = random(), .turn = random(), .now = {}};
    for (const Strategy& strategy : strategies()) {
      const Targets targets = ordered(strategy.name, candidates, question);
      ASSERT_EQ(targets.size(), candidates.size());
      Targets sorted = targets;
      std::sort(sorted.begin(), sorted.end());
      for (std::uint32_t n = 0; n < sorted.size(); ++n) ASSERT_EQ(sorted[n], n);
      ASSERT_TRUE(std::is_partitioned(targets.begin(), targets.end(), [&](auto n) {
        return candidates[n].weight != 0;
      })) << strategy.name;
    }
  }
}

TEST(Strategies, give_the_same_order_for_the_same_question_however_it_is_put) {
  std::mt19937_64 random = seeded();
  for (int i = 0; i < 20'000; ++i) {
    std::vector<Candidate> candidates = random_candidates(random);
    const Question question{.random = random(), .turn = random(), .now = {}};
    std::vector<Candidate> shuffled = candidates;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    for (const Strategy& strategy : strategies()) {
      ASSERT_EQ(ordered(strategy.name, candidates, question), ordered(strategy.name, shuffled, question))
          << strategy.name;
    }
  }
}

TEST(Strategies, ask_for_no_memory) {
  std::array<Candidate, 6> candidates{};
  for (std::uint32_t i = 0; i < candidates.size(); ++i) candidates[i] = {.target = i, .weight = i, .in_flight = 6 - i};
  const std::uint64_t before = allocations_of_this_thread();
  for (std::uint64_t n = 0; n < 100; ++n) {
    for (const Strategy& strategy : strategies()) strategy.order(candidates, {.random = n, .turn = n, .now = {}});
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(Priority, is_the_files_order) {
  EXPECT_EQ(ordered("priority", {{.target = 2}, {.target = 0, .weight = 0}, {.target = 1}}), (Targets{1, 2, 0}));
}

TEST(RoundRobin, gives_everybody_a_turn_whatever_the_weights) {
  const std::vector<Candidate> three{{.target = 0, .weight = 9}, {.target = 1}, {.target = 2}};
  EXPECT_EQ(ordered("round_robin", three, {.turn = 0}), (Targets{0, 1, 2}));
  EXPECT_EQ(ordered("round_robin", three, {.turn = 1}), (Targets{1, 2, 0}));
  EXPECT_EQ(ordered("round_robin", three, {.turn = 2}), (Targets{2, 0, 1}));
  EXPECT_EQ(ordered("round_robin", three, {.turn = 3}), (Targets{0, 1, 2}));
  EXPECT_EQ(ordered("round_robin", three, {.turn = UINT64_MAX}), (Targets{0, 1, 2}));
}

void expect_shares(const std::function<std::uint64_t(std::uint64_t)>& number) {
  const std::vector<std::uint32_t> weights{1, 2, 3, 10, 84};
  std::vector<std::uint64_t> first(5);
  std::vector<std::uint64_t> behind_the_last(4);
  std::array<Candidate, 5> candidates{};
  const Order order = strategy_named("weighted")->order;
  for (std::uint64_t i = 0; i < steps; ++i) {
    for (std::uint32_t n = 0; n < 5; ++n) candidates[n] = {.target = n, .weight = weights[n]};
    order(candidates, {.random = number(i)});
    ++first[candidates[0].target];
    if (candidates[0].target == 4) ++behind_the_last[candidates[1].target];
  }
  EXPECT_LT(chi_square(first, {1, 2, 3, 10, 84}, 100), once_in_a_million[4]);
  EXPECT_LT(chi_square(behind_the_last, {1, 2, 3, 10}, 16), once_in_a_million[3])
      << "the second place, by what is left";
}

TEST(Weighted, draws_by_weight) {
  std::mt19937_64 random = seeded();
  expect_shares([&](std::uint64_t) { return random(); });
}

TEST(Weighted, draws_by_weight_from_numbers_that_are_hardly_random) {
  expect_shares([](std::uint64_t i) { return i; });
}

TEST(LeastBusy, compares_what_each_does_with_its_weight) {
  EXPECT_EQ(ordered("least_busy", {{.target = 0, .weight = 1, .in_flight = 2},
                                   {.target = 1, .weight = 4, .in_flight = 7},
                                   {.target = 2, .weight = 3, .in_flight = 1},
                                   {.target = 3, .weight = 0, .in_flight = 0}}),
            (Targets{2, 1, 0, 3}));
  EXPECT_EQ(ordered("least_busy", {{.target = 0, .weight = UINT32_MAX - 1, .in_flight = UINT32_MAX},
                                   {.target = 1, .weight = UINT32_MAX, .in_flight = UINT32_MAX}}),
            (Targets{1, 0}));
}

TEST(LeastBusy, chooses_among_equals_at_random) {
  std::mt19937_64 random = seeded();
  const std::vector<Candidate> candidates{{.target = 0, .weight = 1, .in_flight = 2},
                                          {.target = 1, .weight = 2, .in_flight = 4},
                                          {.target = 2, .weight = 3, .in_flight = 6},
                                          {.target = 3, .weight = 1, .in_flight = 3}};
  std::map<Targets, std::uint64_t> orders;
  for (int i = 0; i < 100'000; ++i) ++orders[ordered("least_busy", candidates, {.random = random()})];
  ASSERT_EQ(orders.size(), 6u);
  std::vector<std::uint64_t> counts;
  for (const auto& [order, count] : orders) {
    EXPECT_EQ(order.back(), 3u);
    counts.push_back(count);
  }
  EXPECT_LT(chi_square(counts, {1, 1, 1, 1, 1, 1}, 6), once_in_a_million[5]);
}

TEST(Latency, asks_the_faster_of_two_first_and_the_rest_by_speed) {
  std::mt19937_64 random = seeded();
  std::vector<std::uint64_t> first(4);
  for (int i = 0; i < 100'000; ++i) {
    const Targets order = ordered("latency",
                                  {{.target = 0, .first_token = 10ms},
                                   {.target = 1, .first_token = 20ms},
                                   {.target = 2, .first_token = 30ms},
                                   {.target = 3, .first_token = 40ms}},
                                  {.random = random()});
    ++first[order[0]];
    ASSERT_LT(order[0], order[1]);
    ASSERT_LT(order[2], order[3]);
  }
  EXPECT_EQ(first[3], 0u) << "the slowest is never the faster";
  first.pop_back();
  EXPECT_LT(chi_square(first, {3, 2, 1}, 6), once_in_a_million[2]) << "pairs are drawn evenly";
}

TEST(Latency, measures_one_that_is_not_known_yet) {
  for (std::uint64_t n = 0; n < 100; ++n) {
    EXPECT_EQ(ordered("latency", {{.target = 0, .first_token = 10ms}, {.target = 1}}, {.random = n}), (Targets{1, 0}));
  }
}

TEST(Latency, falls_back_on_those_that_are_known_to_answer) {
  for (std::uint64_t n = 0; n < 1000; ++n) {
    const Targets order = ordered(
        "latency", {{.target = 0}, {.target = 1, .first_token = 9ms}, {.target = 2}, {.target = 3, .first_token = 8ms}},
        {.random = n});
    const bool second_is_known = order[2] == 1 || order[2] == 3;
    const bool both_were_drawn = order[2] == 0;
    EXPECT_TRUE(second_is_known || both_were_drawn);
  }
}

TEST(Latency, has_nothing_to_draw_among_few) {
  EXPECT_EQ(ordered("latency", {}), Targets{});
  EXPECT_EQ(ordered("latency", {{.target = 7}}), Targets{7});
  EXPECT_EQ(ordered("latency", {{.target = 0, .first_token = 2ms}, {.target = 1, .first_token = 1ms}}),
            (Targets{1, 0}));
}

TEST(Cost, asks_the_cheapest_first_and_whose_price_is_unknown_last) {
  EXPECT_EQ(ordered("cost", {{.target = 0},
                             {.target = 1, .price = 300},
                             {.target = 2, .price = 100},
                             {.target = 3, .price = 300},
                             {.target = 4},
                             {.target = 5, .price = 0}}),
            (Targets{5, 2, 1, 3, 0, 4}));
}

}  // namespace
}  // namespace sluice::traffic
