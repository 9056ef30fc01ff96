#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>

#include "ledger/slots.hpp"
#include "ledger/sqlite.hpp"

// The database of usage records, as it is written. Each group commit is one row of `batch`; when there is time, batches
// become rows of the table of their month (`request_2026_11`, by UTC), which is dropped as a whole once it is too old.
namespace sluice::ledger {

// What a batch is made of: origin, number and record, one behind the other.
void append_kept(std::string& batch, const KeptRecord& kept);
// Takes one off the front; false: there is none.
bool take_kept(std::string_view& batch, KeptRecord& kept);

// "request_2026_11".
std::string month_table(UtcTime at);
// When the month after it begins; nothing when that is not the name of such a table.
std::optional<UtcTime> end_of_month_table(std::string_view name);
std::int64_t nanoseconds_of(UtcTime at);

// The one connection that writes. After a failure nothing of what failed was written; whoever calls tries again.
// Records that are written twice are there once.
class UsageTables {
 public:
  // Where it is, and on which SQLite file system (null: the usual one).
  struct Place {
    std::string path;
    const char* vfs = nullptr;
  };
  // Makes the database if there is none. Trouble `corrupt`: it is no database, or a damaged one.
  static Result<UsageTables> open(const Place& place);

  // On the disk when it returns.
  Result<> write(std::string_view batch);
  std::uint64_t batches() const { return batches_; }
  // Makes rows of the oldest batches, all of it or nothing. Returns how many batches are gone.
  Result<std::uint64_t> unpack(int most_batches);
  // Drops what is older than that, as far as whole months go.
  Result<> drop_before(UtcTime at);

 private:
  explicit UsageTables(Database database) : database_(std::make_unique<Database>(std::move(database))) {}
  Result<> make_schema();
  Result<> prepare();
  Result<Statement*> insert_of(const std::string& table);
  Result<> insert(const KeptRecord& kept);
  Result<> keep_unread(std::int64_t origin, std::int64_t number, std::string_view bytes);
  Result<> insert_all(std::int64_t id, std::string_view batch);
  Result<std::vector<std::int64_t>> insert_oldest(int most_batches);

  std::unique_ptr<Database> database_;  // in front of the statements: it outlives them
  std::optional<Statement> write_;
  std::optional<Statement> oldest_;
  std::optional<Statement> erase_;
  std::map<std::string, Statement> inserts_;  // by table
  std::uint64_t batches_ = 0;
};

// Renames a database that cannot be read, with its journal, out of the way: nothing is lost, nothing overwritten.
// Returns its new path.
Result<std::string> set_aside(const std::string& path, UtcTime now);

}  // namespace sluice::ledger
