#include "telemetry/worker_counters.hpp"

#include <algorithm>
#include <utility>

namespace sluice::telemetry {
namespace {

std::uint32_t number(Label label) { return static_cast<std::uint32_t>(label); }

// 1 for 1xx to 5 for 5xx; 0 for what is no status.
std::uint32_t class_of(int status) {
  return status >= 100 && status < 600 ? static_cast<std::uint32_t>(status / 100) : 0;
}

template <std::size_t width, class Series, class Value>
void add_counts(const SeriesTable<width, Series>& table, Totals::By<width, Value>& totals) {
  table.for_each([&](const auto& key, const Count& count) { totals[key] += count.value(); });
}

}  // namespace

void WorkerCounters::answered(const Answered& request) {
  in_flight_.move(-1);
  const std::uint32_t route = number(request.route);
  const std::uint32_t model = number(request.model);
  const std::uint32_t provider = number(request.provider);
  requests_.at({route, model, provider, class_of(request.status), number(request.code)}).add(1);
  if (!request.reached_upstream) return;

  durations_.at({route, model, provider, request.stream ? 1u : 0u}).observe(request.took);
  Model& spoken = models_.at({model, provider});
  if (request.first_token) spoken.first_token.observe(*request.first_token);
  // In the order of TokenKind.
  const std::array<std::uint64_t, token_kind_count> tokens{request.input, request.output, request.cache_read,
                                                           request.cache_write, request.reasoning};
  for (std::size_t kind = 0; kind < tokens.size(); ++kind) spoken.tokens[kind].add(tokens[kind]);
}

void WorkerCounters::attempted(Label provider, Label deployment, Outcome outcome) {
  attempts_.at({number(provider), number(deployment), static_cast<std::uint32_t>(outcome)}).add(1);
}

void WorkerCounters::fell_back(Label from, Label to) { fallbacks_.at({number(from), number(to)}).add(1); }

void WorkerCounters::rejected(Rejection reason) { rejected_.at(static_cast<std::size_t>(reason)).add(1); }

void WorkerCounters::retried(Label provider) { retries_.at({number(provider)}).add(1); }
void WorkerCounters::usage_missing(Label provider) { usage_missing_.at({number(provider)}).add(1); }

void WorkerCounters::cost(Label team, Label model, Label provider, std::int64_t nano_usd) {
  costs_.at({number(team), number(model), number(provider)}).add(static_cast<std::uint64_t>(nano_usd));
}
void WorkerCounters::price_missing(Label model) { price_missing_.at({number(model)}).add(1); }

void WorkerCounters::estimated(Label model, std::uint64_t estimate, std::uint64_t reported) {
  // A hundred times too much is as bad as more.
  const double ratio = std::min(static_cast<double>(estimate) / static_cast<double>(reported), 100.);
  estimates_.at({number(model)}).observe_billionths(static_cast<std::int64_t>(ratio * 1e9));
}

void WorkerCounters::field_dropped(Label provider, Label field) {
  dropped_.at({number(provider), number(field)}).add(1);
}

void WorkerCounters::token_gap(Label model, Label provider, Duration gap) {
  models_.at({number(model), number(provider)}).gap.observe(gap);
}

void WorkerCounters::spent(Phase phase, Duration took) { overhead_.at(static_cast<std::size_t>(phase)).observe(took); }

void WorkerCounters::add_to(Totals& totals) const {
  const std::lock_guard lock(creation_);
  add_counts(requests_, totals.requests);
  add_counts(attempts_, totals.attempts);
  add_counts(fallbacks_, totals.fallbacks);
  add_counts(retries_, totals.retries);
  add_counts(usage_missing_, totals.usage_missing);
  add_counts(costs_, totals.costs);
  add_counts(price_missing_, totals.price_missing);
  add_counts(dropped_, totals.dropped);
  estimates_.for_each([&](const auto& key, const auto& histogram) { histogram.add_to(totals.estimates[key]); });
  durations_.for_each([&](const auto& key, const auto& histogram) { histogram.add_to(totals.durations[key]); });
  models_.for_each([&](const auto& key, const Model& model) {
    Totals::Model& total = totals.models[key];
    model.first_token.add_to(total.first_token);
    model.gap.add_to(total.gap);
    for (std::size_t kind = 0; kind < token_kind_count; ++kind) total.tokens[kind] += model.tokens[kind].value();
  });
  for (std::size_t i = 0; i < rejection_count; ++i) totals.rejected[i] += rejected_[i].value();
  for (std::size_t i = 0; i < phase_count; ++i) overhead_[i].add_to(totals.overhead[i]);
  totals.streams += streams_.value();
  totals.in_flight += in_flight_.value();
}

}  // namespace sluice::telemetry
