#include <sluice/ledger/usage_report.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "ledger/record_codec.hpp"
#include "ledger/usage_groups.hpp"
#include "ledger/usage_reader.hpp"

namespace sluice::ledger {
namespace {

constexpr std::size_t most_groups = 100'000;

class ReadHistory final : public UsageHistory {
 public:
  explicit ReadHistory(UsageReader reader) : reader_(std::move(reader)) {}
  Result<NanoUsd> spent(Level level, std::string_view name, Span span) override;
  void nothing_is_recorded(bool so) override {
    keeps_ = so;
    kept_.clear();
  }

 private:
  Result<NanoUsd> spent_by_then(Level level, std::string_view kept, Span span);
  Result<NanoUsd> spent_by_tag(std::string_view name, Span span);

  UsageReader reader_;
  bool keeps_ = false;
  std::map<std::tuple<Level, UtcTime, UtcTime>, UsageReader::Sums> kept_;  // by level and span
};

// What a level is called as a member of records.
std::string UsageRecord::*member_of(Level level) {
  switch (level) {
    case Level::organisation:
      return &UsageRecord::organisation;
    case Level::team:
      return &UsageRecord::team;
    case Level::model:
      return &UsageRecord::model;
    case Level::key:
    case Level::tag:
      break;
  }
  return &UsageRecord::key;
}

Result<NanoUsd> ReadHistory::spent(Level level, std::string_view name, Span span) {
  if (level == Level::tag) return spent_by_tag(name, span);
  const std::string_view kept = cut_to(most_name_bytes, name);
  if (keeps_) return spent_by_then(level, kept, span);
  const auto member = member_of(level);
  return reader_.sum(span, std::string(to_string(level)), kept,
                     [&](const UsageRecord& record) { return record.*member == kept; });
}

Result<NanoUsd> ReadHistory::spent_by_then(Level level, std::string_view kept, Span span) {
  const std::tuple asked(level, span.from, span.to);
  auto found = kept_.find(asked);
  if (found == kept_.end()) {
    auto sums = reader_.sums(span, std::string(to_string(level)), member_of(level));
    if (!sums) return std::move(sums.error());
    found = kept_.emplace(asked, *std::move(sums)).first;
  }
  const auto sum = found->second.find(kept);
  return sum == found->second.end() ? NanoUsd{0} : sum->second;
}

Result<NanoUsd> ReadHistory::spent_by_tag(std::string_view name, Span span) {
  const std::size_t equals = std::min(name.find('='), name.size());
  const std::string_view tag = cut_to(most_tag_name_bytes, name.substr(0, equals));
  const std::string_view value = cut_to(most_tag_value_bytes, equals < name.size() ? name.substr(equals + 1) : "");
  NanoUsd sum = 0;
  const auto add = [&](const UsageRecord& record) {
    for (const auto& [key, held] : record.tags) {
      if (key != tag || held != value) continue;
      if (__builtin_add_overflow(sum, record.cost, &sum)) sum = std::numeric_limits<NanoUsd>::max();
      break;
    }
    return true;
  };
  if (auto read = reader_.each(span, add); !read) return std::move(read.error());
  return sum;
}

Error not_a_query(std::string message) {
  return {Fault::bad_request, Blame::client, "invalid_usage_query", std::move(message)};
}

}  // namespace

bool is_usage_dimension(std::string_view name) { return usage_dimension(name).has_value(); }

Result<UsageReport> read_usage(const std::string& path, const UsageQuery& query) {
  std::vector<UsageDimension> by;
  for (const std::string& name : query.by) {
    auto dimension = usage_dimension(name);
    if (!dimension) return not_a_query("There is no dimension \"" + name + "\" of usage.");
    by.push_back(*std::move(dimension));
  }
  UsageGroups groups(std::move(by), query.price);
  const Span span{query.since.value_or(UtcTime::min()), query.until.value_or(UtcTime::max())};
  std::optional<std::string_view> team;
  if (query.team) team = cut_to(most_name_bytes, *query.team);
  const auto add = [&](const UsageRecord& record) {
    if (team && record.team != *team) return true;
    groups.add(record);
    return groups.size() <= most_groups;
  };
  if (auto read = each_usage_record(path, span, add); !read) return std::move(read.error());
  if (groups.size() > most_groups)
    return not_a_query("That makes too many groups: ask for fewer dimensions, or a shorter time.");
  return groups.report();
}

Result<> each_usage_record(const std::string& path, Span span, const std::function<bool(const UsageRecord&)>& take) {
  auto reader = UsageReader::open(path);
  if (!reader) return std::move(reader.error());
  return reader->each(span, take);
}

Result<std::unique_ptr<UsageHistory>> UsageHistory::open(const std::string& path) {
  auto reader = UsageReader::open(path);
  if (!reader) return std::move(reader.error());
  return std::unique_ptr<UsageHistory>(std::make_unique<ReadHistory>(*std::move(reader)));
}

}  // namespace sluice::ledger
