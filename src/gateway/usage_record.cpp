#include "gateway/usage_record.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/names.hpp"
#include "gateway/routing.hpp"

namespace sluice {
namespace {

std::uint64_t microseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint64_t>(std::max<decltype(count)>(count, 0));
}

void add(ledger::Counts& sum, const ledger::Counts& one) {
  for (const auto count : {&ledger::Counts::input, &ledger::Counts::cache_read, &ledger::Counts::cache_write,
                           &ledger::Counts::cache_write_1h, &ledger::Counts::output, &ledger::Counts::reasoning,
                           &ledger::Counts::audio_input, &ledger::Counts::audio_output, &ledger::Counts::images}) {
    sum.*count += one.*count;
  }
}

void name_caller(const Exchange& exchange, ledger::UsageRecord& record) {
  const Key* const caller = exchange.caller;
  record.key.assign(caller != nullptr ? std::string_view(caller->name) : std::string_view());
  const bool has_team = caller != nullptr && caller->team != nullptr;
  record.team.assign(has_team ? std::string_view(caller->team->name) : std::string_view());
  record.organisation.assign(exchange.world->organisation().name);
}

// The caller's own header wins over what its body says.
void note_tags(const Exchange& exchange, ledger::UsageRecord& record) {
  record.tags.clear();
  if (!exchange.scratch.routing->inquiry) return;
  exchange.scratch.routing->inquiry->each_tag([&record](std::string_view name, std::string_view value) {
    record.tags.emplace_back(std::string(name), std::string(value));
  });
}

}  // namespace

const ledger::UsageRecord& begin_record(Exchange& exchange, UtcTime now) {
  ledger::UsageRecord& record = exchange.scratch.record;
  record.request_id.assign(exchange.scratch.id);
  record.at = now;
  name_caller(exchange, record);
  note_tags(exchange, record);
  record.route.assign(exchange.route != nullptr ? std::string_view(exchange.route->rule.name) : std::string_view());
  record.model_asked.assign(exchange.scratch.asked);
  record.model.assign(exchange.model != nullptr ? std::string_view(exchange.model->name) : std::string_view());
  record.provider.clear();
  record.endpoint.assign(exchange.endpoint.name);
  record.stream = exchange.outline.stream;
  record.crashed = false;
  record.status = 0;
  record.error.clear();
  record.counts = {};
  record.cost = 0;
  record.source = ledger::CountSource::estimated;
  record.price_version.clear();
  record.first_token_us = 0;
  record.took_us = 0;
  for (ledger::AttemptRecord& attempt : record.attempts) exchange.scratch.spare_attempts.push_back(std::move(attempt));
  record.attempts.clear();
  return record;
}

void note_attempt(Exchange& exchange, const ledger::Counts& counts, ledger::CountSource source, ledger::NanoUsd cost,
                  std::string_view outcome, Duration took) {
  Scratch& scratch = exchange.scratch;
  if (scratch.spare_attempts.empty()) scratch.spare_attempts.emplace_back();
  ledger::AttemptRecord& attempt = scratch.record.attempts.emplace_back(std::move(scratch.spare_attempts.back()));
  scratch.spare_attempts.pop_back();
  attempt.provider.assign(exchange.target->provider->name);
  attempt.model.assign(name_at(*exchange.target, *exchange.serving, scratch.asked));
  attempt.key = static_cast<std::uint32_t>(exchange.key - exchange.target->provider->keys.data());
  attempt.outcome.assign(outcome);
  attempt.status = exchange.upstream_status;
  attempt.counts = counts;
  attempt.cost = cost;
  attempt.source = source;
  const Tariff* const tariff = exchange.bill.tariff;
  attempt.saved = tariff != nullptr ? ledger::saving_of(tariff->price, counts) : 0;
  attempt.price.assign(tariff != nullptr ? std::string_view(tariff->version) : std::string_view());
  attempt.began_us = microseconds(exchange.attempt_began - exchange.began);
  attempt.took_us = microseconds(took);
}

const ledger::UsageRecord& finish_record(Exchange& exchange, UtcTime arrived, TimePoint now) {
  ledger::UsageRecord& record = exchange.scratch.record;
  // A request that was refused at the door was never begun.
  if (exchange.bill.entry == nullptr) begin_record(exchange, arrived);
  record.route.assign(exchange.route != nullptr ? std::string_view(exchange.route->rule.name) : std::string_view());
  const Model* const model = exchange.serving != nullptr ? exchange.serving : exchange.model;
  record.model.assign(model != nullptr ? std::string_view(model->name) : std::string_view());
  record.provider.assign(exchange.target != nullptr ? std::string_view(exchange.target->provider->name)
                                                    : std::string_view());
  record.stream = exchange.streaming || exchange.outline.stream;
  record.status = exchange.status;
  record.error.assign(exchange.code_text);
  for (const ledger::AttemptRecord& attempt : record.attempts) {
    add(record.counts, attempt.counts);
    record.cost += attempt.cost;
    record.source = attempt.source;
    record.price_version.assign(attempt.price);
  }
  if (exchange.first_event) record.first_token_us = microseconds(*exchange.first_event - exchange.began);
  record.took_us = microseconds(now - exchange.began);
  return record;
}

}  // namespace sluice
