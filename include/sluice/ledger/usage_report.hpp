#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/record.hpp>
#include <sluice/ledger/terms.hpp>

// What was spent, read from the database of a store by any process that may, also while a daemon writes it. Reading
// disturbs nobody; it waits for the disk, so it is not for event loops.
namespace sluice::ledger {

struct UsageQuery {
  // "organisation", "team", "key", "model", "provider", "route", "day", "hour" or "tag.NAME".
  std::vector<std::string> by;
  std::optional<UtcTime> since;          // nothing: from the first record
  std::optional<UtcTime> until;          // up to but without; nothing: to the last
  std::optional<std::string> team = {};  // only its records; nothing: everybody's
  // What an attempt costs under other prices; nothing where these do not say. Not set: nobody asks.
  std::function<std::optional<NanoUsd>(const AttemptRecord&)> price = {};
};
bool is_usage_dimension(std::string_view name);

struct UsageRow {
  // One for each of the query's dimensions; nothing where it is unset. Days are "2026-11-28", hours "2026-11-28T19"
  // (UTC).
  std::vector<std::optional<std::string>> group;
  std::uint64_t requests = 0;
  std::uint64_t attempts = 0;
  std::uint64_t errors = 0;         // answered with 400 or more, or ended with an error
  std::uint64_t input_tokens = 0;   // cached ones included
  std::uint64_t output_tokens = 0;  // reasoning included
  std::uint64_t cache_read_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
  NanoUsd cost = 0;
  NanoUsd cache_savings = 0;            // saving_of() all attempts, at the prices they were settled at
  NanoUsd repriced = 0;                 // with UsageQuery::price: what all of it costs by that
  std::uint64_t unpriced_attempts = 0;  // for which it has no price, which cost in `repriced` what they did
  // As half and as 95 of 100 requests did, or better; right to 3 %. First tokens of those that had one.
  std::uint64_t took_us_p50 = 0;
  std::uint64_t took_us_p95 = 0;
  std::uint64_t first_token_us_p50 = 0;
  std::uint64_t first_token_us_p95 = 0;
};

struct UsageReport {
  std::vector<UsageRow> rows;  // by their groups; without dimensions one, or none where there is no record
  bool is_repriced = false;    // UsageQuery::price was set
};

// Where providers are told apart each attempt counts for its own: its tokens, its cost and its time. A request is then
// counted once for each of its providers, as an error where its last attempt there did not end "ok"; one without
// attempts belongs to the provider it names, or to none. What it takes in memory depends on the groups, not on the
// records; too many groups are an Error.
Result<UsageReport> read_usage(const std::string& path, const UsageQuery& query);

// Every record of a span, once each, in no particular order, until `take` says false.
Result<> each_usage_record(const std::string& path, Span span, const std::function<bool(const UsageRecord&)>& take);

// What somebody had spent: the committed records of a span. A tag's name is "name=value". For one thread at a time.
class UsageHistory {
 public:
  static Result<std::unique_ptr<UsageHistory>> open(const std::string& path);
  virtual ~UsageHistory() = default;
  virtual Result<NanoUsd> spent(Level level, std::string_view name, Span span) = 0;
  // While nothing is recorded: what everybody of a level spent in a span is read at once when one of them is asked
  // about, and kept for the others, until it is told false. Tags are not.
  virtual void nothing_is_recorded(bool so) = 0;
};

}  // namespace sluice::ledger
