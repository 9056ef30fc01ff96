#pragma once

#include <random>
#include <string>

#include <sluice/ledger/record.hpp>

namespace sluice::ledger {

// A record with something in each of its members, which the numbers tell apart.
inline UsageRecord a_record(int number, NanoUsd cost = 7) {
  UsageRecord record;
  record.request_id = "req_" + std::to_string(number);
  record.at = UtcTime(std::chrono::seconds(1'795'000'000 + number));  // in November 2026
  record.key = "key";
  record.team = "team";
  record.organisation = "organisation";
  record.tags = {{"project", "p" + std::to_string(number % 3)}, {"user", "u"}};
  record.route = "route";
  record.model_asked = "asked";
  record.model = "model";
  record.provider = "provider";
  record.endpoint = "/v1/chat/completions";
  record.stream = number % 2 == 0;
  record.status = 200;
  record.counts.input = 100;
  record.counts.cache_read = 20;
  record.counts.output = 30;
  record.counts.reasoning = 5;
  record.cost = cost;
  record.source = CountSource::reported;
  record.price_version = "2026-11-01";
  record.first_token_us = 150'000;
  record.took_us = 900'000;
  AttemptRecord attempt;
  attempt.provider = "provider";
  attempt.model = "model-of-theirs";
  attempt.outcome = "ok";
  attempt.status = 200;
  attempt.counts = record.counts;
  attempt.cost = cost;
  attempt.saved = 3;
  attempt.source = CountSource::reported;
  attempt.price = "2026-11-01";
  attempt.began_us = 40;
  attempt.took_us = 890'000;
  record.attempts = {attempt};
  return record;
}

}  // namespace sluice::ledger
