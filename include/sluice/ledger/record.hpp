#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/money.hpp>
#include <sluice/ledger/price.hpp>

namespace sluice::ledger {

// Where token counts come from: the provider said so; we counted what went by; nothing was seen and we guessed.
enum class CountSource : std::uint8_t { reported, counted, estimated };

// One upstream request.
struct AttemptRecord {
  std::string provider;
  std::string model;        // as the provider knows it
  std::uint32_t key = 0;    // which of our keys there, from 0
  std::string outcome;      // the words of sluice_upstream_requests_total: "ok", "timeout", …
  std::int32_t status = 0;  // 0: no answer
  Counts counts;
  NanoUsd cost = 0;
  NanoUsd saved = 0;  // by the provider's cache: saving_of()
  CountSource source = CountSource::estimated;
  std::string price;           // under which it was priced: a version of the table, or "file"; empty: it has no price
  std::uint64_t began_us = 0;  // after the request
  std::uint64_t took_us = 0;
  bool operator==(const AttemptRecord&) const = default;
};

// One request of a caller: what contract and reports call the usage record. Written once, whatever happened.
struct UsageRecord {
  std::string request_id;  // ours, or the caller's if it is fit to be one
  UtcTime at{};            // when its head was there
  std::string key;
  std::string team;
  std::string organisation;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string route;
  std::string model_asked;
  std::string model;     // of this file, that answered; empty: none
  std::string provider;  // the last attempt's
  std::string endpoint;
  bool stream = false;
  bool crashed = false;  // the process died while it was under way: cost is what had been set aside
  std::int32_t status = 0;
  std::string error;  // the error object's code
  Counts counts;      // of all attempts
  NanoUsd cost = 0;   // of all attempts
  CountSource source = CountSource::estimated;
  std::string price_version;
  std::uint64_t first_token_us = 0;  // 0: there was none
  std::uint64_t took_us = 0;
  std::vector<AttemptRecord> attempts;
  bool operator==(const UsageRecord&) const = default;
};

}  // namespace sluice::ledger
