#include "ledger/usage_reader.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "ledger/record_codec.hpp"
#include "ledger/usage_tables.hpp"

namespace sluice::ledger {
namespace {

bool is_within(UtcTime at, Span span) { return at >= span.from && at < span.to; }

void add(NanoUsd cost, NanoUsd& sum) {
  if (__builtin_add_overflow(sum, cost, &sum)) sum = std::numeric_limits<NanoUsd>::max();
}

// One read transaction: ended whatever happens.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(database) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() { (void)database_.exec("ROLLBACK"); }

 private:
  Database& database_;
};

}  // namespace

Result<UsageReader> UsageReader::open(const std::string& path) {
  Database::Options options;
  options.access = Database::Options::Access::read;
  auto database = Database::open(path, options);
  if (!database) return std::move(database.error());
  return UsageReader(*std::move(database));
}

Result<> UsageReader::begin(Span span) {
  tables_.clear();
  touched_.clear();
  seen_.clear();
  known_.clear();  // before tables they look at may be gone
  if (auto begun = database_.exec("BEGIN"); !begun) return begun;
  auto names = database_.prepare("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name");
  if (!names) return std::move(names.error());
  for (;;) {
    auto row = names->step();
    if (!row) return std::move(row.error());
    if (!*row) break;
    const auto end = end_of_month_table(names->text(0));
    if (!end) continue;
    tables_.emplace_back(names->text(0));
    const UtcTime begin = *end - std::chrono::days(31);  // or a little later
    if (*end > span.from && begin < span.to) touched_.push_back(tables_.back());
  }
  return {};
}

Result<> UsageReader::each(Span span, const Take& take) {
  const Snapshot snapshot(database_);
  if (auto begun = begin(span); !begun) return begun;
  for (const std::string& table : touched_) {
    auto more = each_row(table, span, take);
    if (!more) return std::move(more.error());
    if (!*more) return {};
  }
  return each_in_batches(span, take);
}

Result<bool> UsageReader::each_row(const std::string& table, Span span, const Take& take) {
  auto rows = database_.prepare("SELECT record FROM " + table + " WHERE at>=? AND at<?");
  if (!rows) return std::move(rows.error());
  rows->bind(1, nanoseconds_of(span.from)).bind(2, nanoseconds_of(span.to));
  UsageRecord record;
  for (;;) {
    auto row = rows->step();
    if (!row) return std::move(row.error());
    if (!*row) return true;
    if (read_record(rows->blob(0), record) && !take(record)) return false;
  }
}

Result<> UsageReader::each_in_batches(Span span, const Take& take) {
  auto batches = database_.prepare("SELECT records FROM batch ORDER BY id");
  if (!batches) return std::move(batches.error());
  for (;;) {
    auto row = batches->step();
    if (!row) return std::move(row.error());
    if (!*row) return {};
    auto more = take_batch(batches->blob(0), span, take);
    if (!more) return std::move(more.error());
    if (!*more) return {};
  }
}

Result<bool> UsageReader::take_batch(std::string_view batch, Span span, const Take& take) {
  KeptRecord kept;
  UsageRecord record;
  while (take_kept(batch, kept)) {
    if (!read_record(kept.bytes, record) || !is_within(record.at, span)) continue;
    auto first = is_first(kept, record);
    if (!first) return std::move(first.error());
    if (*first && !take(record)) return false;
  }
  return true;
}

Result<bool> UsageReader::is_first(const KeptRecord& kept, const UsageRecord& record) {
  if (!seen_.emplace(kept.origin, kept.number).second) return false;
  const std::string table = month_table(record.at);
  if (!std::binary_search(tables_.begin(), tables_.end(), table)) return true;
  auto known = known_.find(table);
  if (known == known_.end()) {
    auto select = database_.prepare("SELECT 1 FROM " + table + " WHERE origin=? AND number=?");
    if (!select) return std::move(select.error());
    known = known_.emplace(table, *std::move(select)).first;
  }
  Statement& select = known->second;
  select.bind(1, static_cast<std::int64_t>(kept.origin)).bind(2, static_cast<std::int64_t>(kept.number));
  const Result<bool> there = select.step();
  select.reset();
  if (!there) return there;
  return !*there;
}

Result<NanoUsd> UsageReader::sum(Span span, const std::string& column, std::string_view value,
                                 const std::function<bool(const UsageRecord&)>& counts) {
  const Snapshot snapshot(database_);
  if (auto begun = begin(span); !begun) return std::move(begun.error());
  NanoUsd sum = 0;
  for (const std::string& table : touched_) {
    auto select = database_.prepare("SELECT sum(cost) FROM " + table + " WHERE at>=? AND at<? AND " + column + "=?");
    if (!select) return std::move(select.error());
    auto row = select->bind(1, nanoseconds_of(span.from)).bind(2, nanoseconds_of(span.to)).bind(3, value).step();
    if (!row) return std::move(row.error());
    add(select->number(0), sum);
  }
  const auto take = [&](const UsageRecord& record) {
    if (counts(record)) add(record.cost, sum);
    return true;
  };
  if (auto done = each_in_batches(span, take); !done) return std::move(done.error());
  return sum;
}

Result<UsageReader::Sums> UsageReader::sums(Span span, const std::string& column, std::string UsageRecord::*member) {
  const Snapshot snapshot(database_);
  if (auto begun = begin(span); !begun) return std::move(begun.error());
  Sums sums;
  for (const std::string& table : touched_) {
    auto rows =
        database_.prepare("SELECT " + column + ", sum(cost) FROM " + table + " WHERE at>=? AND at<? GROUP BY 1");
    if (!rows) return std::move(rows.error());
    rows->bind(1, nanoseconds_of(span.from)).bind(2, nanoseconds_of(span.to));
    for (;;) {
      auto row = rows->step();
      if (!row) return std::move(row.error());
      if (!*row) break;
      add(rows->number(1), sums[std::string(rows->text(0))]);
    }
  }
  const auto take = [&](const UsageRecord& record) {
    add(record.cost, sums[record.*member]);
    return true;
  };
  if (auto done = each_in_batches(span, take); !done) return std::move(done.error());
  return sums;
}

}  // namespace sluice::ledger
