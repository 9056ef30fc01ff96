#include "ledger/usage_groups.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <limits>

namespace sluice::ledger {
namespace {

constexpr std::string_view tag_prefix = "tag.";
constexpr std::array<std::pair<std::string_view, UsageDimension::What>, 8> dimension_names = {{
    {"organisation", UsageDimension::What::organisation},
    {"team", UsageDimension::What::team},
    {"key", UsageDimension::What::key},
    {"model", UsageDimension::What::model},
    {"provider", UsageDimension::What::provider},
    {"route", UsageDimension::What::route},
    {"day", UsageDimension::What::day},
    {"hour", UsageDimension::What::hour},
}};

// Below 32 each number has a bucket of its own.
std::uint16_t bucket_of(std::uint64_t number) {
  if (number < 32) return static_cast<std::uint16_t>(number);
  const auto power = static_cast<unsigned>(std::bit_width(number)) - 1;
  return static_cast<std::uint16_t>((power - 3) * 16 + ((number >> (power - 4)) & 15));
}

std::uint64_t middle_of(std::uint16_t bucket) {
  if (bucket < 32) return bucket;
  const unsigned power = bucket / 16U + 3;
  const std::uint64_t width = std::uint64_t{1} << (power - 4);
  return (std::uint64_t{16} + bucket % 16) * width + width / 2;
}

std::optional<std::string> if_set(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::string time_of(UtcTime at, bool with_hour) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const auto hour = static_cast<int>(std::chrono::floor<std::chrono::hours>(at - day).count());
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), with_hour ? "%04d-%02u-%02uT%02d" : "%04d-%02u-%02u",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                hour);
  return text.data();
}

std::optional<std::string> tag_of(const UsageRecord& record, std::string_view name) {
  for (const auto& [tag, value] : record.tags)
    if (tag == name) return value;
  return std::nullopt;
}

void add_cost(NanoUsd& sum, NanoUsd cost) {
  if (__builtin_add_overflow(sum, cost, &sum)) sum = std::numeric_limits<NanoUsd>::max();
}

void add_tokens(UsageRow& sums, const Counts& counts) {
  sums.input_tokens += counts.all_input();
  sums.output_tokens += counts.all_output();
  sums.cache_read_tokens += counts.cache_read;
  sums.cache_write_tokens += counts.cache_write;
  sums.reasoning_tokens += counts.reasoning;
}

}  // namespace

void Spread::add(std::uint64_t number) {
  const std::uint16_t at = bucket_of(number);
  ++count_;
  const auto place = std::lower_bound(buckets_.begin(), buckets_.end(), at,
                                      [](const Bucket& bucket, std::uint16_t wanted) { return bucket.at < wanted; });
  if (place != buckets_.end() && place->at == at) {
    ++place->count;
  } else {
    buckets_.insert(place, {at, 1});
  }
}

std::uint64_t Spread::percentile(unsigned percent) const {
  const std::uint64_t rank = (count_ * percent + 99) / 100;
  std::uint64_t passed = 0;
  for (const Bucket& bucket : buckets_) {
    passed += bucket.count;
    if (passed >= rank) return middle_of(bucket.at);
  }
  return 0;
}

std::optional<UsageDimension> usage_dimension(std::string_view name) {
  if (name.starts_with(tag_prefix) && name.size() > tag_prefix.size())
    return UsageDimension{UsageDimension::What::tag, std::string(name.substr(tag_prefix.size()))};
  for (const auto& [known, what] : dimension_names)
    if (known == name) return UsageDimension{what, {}};
  return std::nullopt;
}

UsageGroups::UsageGroups(std::vector<UsageDimension> by, Pricing price) : by_(std::move(by)), price_(std::move(price)) {
  for (const UsageDimension& dimension : by_)
    if (dimension.what == UsageDimension::What::provider) by_provider_ = true;
}

UsageGroups::Key UsageGroups::key_of(const UsageRecord& record, std::string_view provider) const {
  using What = UsageDimension::What;
  Key key;
  key.reserve(by_.size());
  for (const UsageDimension& dimension : by_) {
    switch (dimension.what) {
      case What::organisation:
        key.push_back(if_set(record.organisation));
        break;
      case What::team:
        key.push_back(if_set(record.team));
        break;
      case What::key:
        key.push_back(if_set(record.key));
        break;
      case What::model:
        key.push_back(if_set(record.model));
        break;
      case What::provider:
        key.push_back(if_set(provider));
        break;
      case What::route:
        key.push_back(if_set(record.route));
        break;
      case What::day:
      case What::hour:
        key.emplace_back(time_of(record.at, dimension.what == What::hour));
        break;
      case What::tag:
        key.push_back(tag_of(record, dimension.tag));
        break;
    }
  }
  return key;
}

void UsageGroups::add(const UsageRecord& record) {
  if (by_provider_ && !record.attempts.empty()) return add_by_attempts(record);
  Group& group = groups_[key_of(record, record.provider)];
  ++group.sums.requests;
  group.sums.attempts += record.attempts.size();
  if (record.status >= 400 || !record.error.empty()) ++group.sums.errors;
  add_tokens(group.sums, record.counts);
  NanoUsd of_no_attempt = record.cost;  // what was set aside when a process died
  for (const AttemptRecord& attempt : record.attempts) {
    add_savings(group.sums, attempt);
    of_no_attempt -= std::min(attempt.cost, of_no_attempt);
  }
  add_cost(group.sums.cost, record.cost);
  if (price_) add_cost(group.sums.repriced, of_no_attempt);
  group.took.add(record.took_us);
  if (record.first_token_us > 0) group.first_token.add(record.first_token_us);
}

void UsageGroups::add_savings(UsageRow& sums, const AttemptRecord& attempt) const {
  add_cost(sums.cache_savings, attempt.saved);
  if (!price_) return;
  // Nothing was used, or nobody knows what.
  const bool is_settled = attempt.counts == Counts{};
  const std::optional<NanoUsd> now = is_settled ? attempt.cost : price_(attempt);
  if (!now) ++sums.unpriced_attempts;
  add_cost(sums.repriced, now.value_or(attempt.cost));
}

void UsageGroups::add_by_attempts(const UsageRecord& record) {
  for (auto attempt = record.attempts.begin(); attempt != record.attempts.end(); ++attempt) {
    Group& group = groups_[key_of(record, attempt->provider)];
    const auto same = [&](const AttemptRecord& other) { return other.provider == attempt->provider; };
    ++group.sums.attempts;
    add_tokens(group.sums, attempt->counts);
    add_cost(group.sums.cost, attempt->cost);
    add_savings(group.sums, *attempt);
    group.took.add(attempt->took_us);
    if (std::any_of(attempt + 1, record.attempts.end(), same)) continue;
    // The last one there stands for the request.
    ++group.sums.requests;
    if (attempt->outcome != "ok") ++group.sums.errors;
    const bool answered = attempt + 1 == record.attempts.end();
    if (answered && record.first_token_us > 0) group.first_token.add(record.first_token_us);
  }
}

UsageReport UsageGroups::report() const {
  UsageReport report;
  report.is_repriced = static_cast<bool>(price_);
  report.rows.reserve(groups_.size());
  for (const auto& [key, group] : groups_) {
    UsageRow& row = report.rows.emplace_back(group.sums);
    row.group = key;
    row.took_us_p50 = group.took.percentile(50);
    row.took_us_p95 = group.took.percentile(95);
    row.first_token_us_p50 = group.first_token.percentile(50);
    row.first_token_us_p95 = group.first_token.percentile(95);
  }
  return report;
}

}  // namespace sluice::ledger
