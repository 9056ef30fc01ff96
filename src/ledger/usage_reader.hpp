#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/ledger/record.hpp>
#include <sluice/ledger/terms.hpp>

#include "ledger/slots.hpp"
#include "ledger/sqlite.hpp"

namespace sluice::ledger {

// The database of usage records, as it is read: rows and batches alike, in one snapshot, each record once.
class UsageReader {
 public:
  using Take = std::function<bool(const UsageRecord&)>;  // false: no more

  static Result<UsageReader> open(const std::string& path);
  Result<> each(Span span, const Take& take);
  // The sum of costs: of rows by SQL, where such a column has such a value; of records in batches where `counts` says
  // so.
  Result<NanoUsd> sum(Span span, const std::string& column, std::string_view value,
                      const std::function<bool(const UsageRecord&)>& counts);
  // The same for each value that the member of records has, which a column of that name has too.
  using Sums = std::map<std::string, NanoUsd, std::less<>>;
  Result<Sums> sums(Span span, const std::string& column, std::string UsageRecord::*member);

 private:
  explicit UsageReader(Database database) : database_(std::move(database)) {}
  Result<> begin(Span span);
  Result<bool> each_row(const std::string& table, Span span, const Take& take);
  Result<> each_in_batches(Span span, const Take& take);
  Result<bool> take_batch(std::string_view batch, Span span, const Take& take);
  // Whether a record of a batch is none that was there before: in a row, or in another batch.
  Result<bool> is_first(const KeptRecord& kept, const UsageRecord& record);

  Database database_;
  std::vector<std::string> tables_;  // of the snapshot, all; and those that the span touches
  std::vector<std::string> touched_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
  std::map<std::string, Statement> known_;  // by table: whether a row is there
};

}  // namespace sluice::ledger
