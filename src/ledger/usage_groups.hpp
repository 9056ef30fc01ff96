#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/ledger/usage_report.hpp>

namespace sluice::ledger {

// How numbers are spread, in buckets that are a sixteenth of their power of two wide; only those that hold something
// take room.
class Spread {
 public:
  void add(std::uint64_t number);
  // So many percent of the numbers are at most this; 0 without numbers.
  std::uint64_t percentile(unsigned percent) const;

 private:
  struct Bucket {
    std::uint16_t at = 0;
    std::uint64_t count = 0;
  };
  std::vector<Bucket> buckets_;  // by rising place
  std::uint64_t count_ = 0;
};

// One of a query's dimensions.
struct UsageDimension {
  enum class What : std::uint8_t { organisation, team, key, model, provider, route, day, hour, tag };
  What what = What::key;
  std::string tag;
};
std::optional<UsageDimension> usage_dimension(std::string_view name);

// Records summed up by groups.
class UsageGroups {
 public:
  // `price` as in UsageQuery.
  using Pricing = std::function<std::optional<NanoUsd>(const AttemptRecord&)>;
  explicit UsageGroups(std::vector<UsageDimension> by, Pricing price = {});
  void add(const UsageRecord& record);
  std::size_t size() const { return groups_.size(); }
  UsageReport report() const;

 private:
  using Key = std::vector<std::optional<std::string>>;
  struct Group {
    UsageRow sums;
    Spread took;
    Spread first_token;
  };
  // With what stands for the provider, where that is a dimension.
  Key key_of(const UsageRecord& record, std::string_view provider) const;
  void add_by_attempts(const UsageRecord& record);
  // What the cache saved, and what it would cost now.
  void add_savings(UsageRow& sums, const AttemptRecord& attempt) const;

  const std::vector<UsageDimension> by_;
  const Pricing price_;
  bool by_provider_ = false;
  std::map<Key, Group> groups_;
};

}  // namespace sluice::ledger
