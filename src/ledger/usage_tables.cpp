#include "ledger/usage_tables.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <sluice/base/text.hpp>

#include "ledger/record_codec.hpp"

namespace sluice::ledger {
namespace {

constexpr int schema_version = 1;
// A larger database is not read from one end to the other before the daemon serves: damage shows when it is met.
constexpr std::int64_t most_checked_bytes = 64 * 1024 * 1024;

// `unread` keeps what this version cannot read: records, and ends of batches by the batch's id.
constexpr std::int64_t nobodys_origin = -1;
constexpr std::string_view schema =
    "CREATE TABLE IF NOT EXISTS batch(id INTEGER PRIMARY KEY, records BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS unread(origin INTEGER, number INTEGER, record BLOB, PRIMARY KEY(origin, number));"
    "PRAGMA user_version=1;";

// Columns for whoever asks with SQL; `record` is all of it.
std::string month_schema(const std::string& table) {
  return "CREATE TABLE IF NOT EXISTS " + table +
         "(origin INTEGER, number INTEGER, at INTEGER NOT NULL, request_id TEXT NOT NULL, key TEXT NOT NULL,"
         " team TEXT NOT NULL, organisation TEXT NOT NULL, route TEXT NOT NULL, model TEXT NOT NULL,"
         " provider TEXT NOT NULL, status INTEGER NOT NULL, error TEXT NOT NULL, cost INTEGER NOT NULL,"
         " record BLOB NOT NULL, PRIMARY KEY(origin, number)) WITHOUT ROWID;"
         "CREATE INDEX IF NOT EXISTS " +
         table + "_at ON " + table + "(at);";
}

// SQLite's integers have a sign.
std::int64_t as_column(std::uint64_t number) { return static_cast<std::int64_t>(number); }

std::string stamp_of(UtcTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

bool rename_if_free(const std::string& from, const std::string& to) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0;
}

}  // namespace

void append_kept(std::string& batch, const KeptRecord& kept) {
  std::array<char, 3 * most_varint_bytes> head;
  char* end = put_varint(head.data(), kept.origin);
  end = put_varint(end, kept.number);
  end = put_varint(end, kept.bytes.size());
  batch.append(head.data(), end);
  batch.append(kept.bytes);
}

bool take_kept(std::string_view& batch, KeptRecord& kept) {
  std::uint64_t size = 0;
  if (!take_varint(batch, kept.origin) || !take_varint(batch, kept.number) || !take_varint(batch, size) ||
      size > batch.size())
    return false;
  kept.bytes = batch.substr(0, size);
  batch.remove_prefix(size);
  return true;
}

std::string month_table(UtcTime at) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "request_%04d_%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()));
  return text.data();
}

std::optional<UtcTime> end_of_month_table(std::string_view name) {
  constexpr std::string_view prefix = "request_";
  if (name.size() != prefix.size() + 7 || !name.starts_with(prefix) || name[prefix.size() + 4] != '_')
    return std::nullopt;
  const auto year = parse_decimal(name.substr(prefix.size(), 4));
  const auto month = parse_decimal(name.substr(prefix.size() + 5));
  if (!year || !month || *month < 1 || *month > 12) return std::nullopt;
  const std::chrono::year_month this_one(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)));
  return std::chrono::sys_days((this_one + std::chrono::months(1)) / std::chrono::day(1));
}

std::int64_t nanoseconds_of(UtcTime at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

Result<UsageTables> UsageTables::open(const Place& place) {
  Database::Options options;
  options.vfs = place.vfs;
  auto database = Database::open(place.path, options);
  if (!database) return std::move(database.error());
  struct stat about {};
  const bool small = ::stat(place.path.c_str(), &about) != 0 || about.st_size <= most_checked_bytes;
  if (small) {
    if (auto good = database->check(); !good) return std::move(good.error());
  }
  UsageTables tables(*std::move(database));
  if (auto prepared = tables.prepare(); !prepared) return std::move(prepared.error());
  return tables;
}

Result<> UsageTables::make_schema() {
  std::int64_t made_by = 0;
  {
    auto version = database_->prepare("PRAGMA user_version");
    if (!version) return std::move(version.error());
    if (auto row = version->step(); !row) return std::move(row.error());
    made_by = version->number(0);
  }
  if (made_by > schema_version)
    return store_error(StoreTrouble::other, database_->path(), "was made by a newer version");
  if (made_by == schema_version) return {};
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return std::move(transaction.error());
  if (auto made = database_->exec(std::string(schema)); !made) return made;
  return transaction->commit();
}

Result<> UsageTables::prepare() {
  if (auto made = make_schema(); !made) return made;
  const auto keep = [this](std::optional<Statement>& place, std::string_view sql) -> Result<> {
    auto statement = database_->prepare(sql);
    if (!statement) return std::move(statement.error());
    place.emplace(*std::move(statement));
    return {};
  };
  if (auto kept = keep(write_, "INSERT INTO batch(records) VALUES(?)"); !kept) return kept;
  if (auto kept = keep(oldest_, "SELECT id, records FROM batch ORDER BY id LIMIT ?"); !kept) return kept;
  if (auto kept = keep(erase_, "DELETE FROM batch WHERE id=?"); !kept) return kept;
  auto count = database_->prepare("SELECT count(*) FROM batch");
  if (!count) return std::move(count.error());
  if (auto row = count->step(); !row) return std::move(row.error());
  batches_ = static_cast<std::uint64_t>(count->number(0));
  return {};
}

Result<> UsageTables::write(std::string_view batch) {
  // One statement is a transaction of its own.
  if (auto done = write_->bind_blob(1, batch).run(); !done) return done;
  ++batches_;
  return {};
}

Result<Statement*> UsageTables::insert_of(const std::string& table) {
  const auto known = inserts_.find(table);
  if (known != inserts_.end()) return &known->second;
  if (auto made = database_->exec(month_schema(table)); !made) return std::move(made.error());
  auto insert = database_->prepare("INSERT OR IGNORE INTO " + table + " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!insert) return std::move(insert.error());
  return &inserts_.emplace(table, *std::move(insert)).first->second;
}

Result<> UsageTables::keep_unread(std::int64_t origin, std::int64_t number, std::string_view bytes) {
  auto unread = database_->prepare("INSERT OR IGNORE INTO unread VALUES(?,?,?)");
  if (!unread) return std::move(unread.error());
  return unread->bind(1, origin).bind(2, number).bind_blob(3, bytes).run();
}

Result<> UsageTables::insert(const KeptRecord& kept) {
  UsageRecord record;
  if (!read_record(kept.bytes, record)) return keep_unread(as_column(kept.origin), as_column(kept.number), kept.bytes);
  auto insert = insert_of(month_table(record.at));
  if (!insert) return std::move(insert.error());
  Statement& row = **insert;
  row.bind(1, as_column(kept.origin)).bind(2, as_column(kept.number)).bind(3, nanoseconds_of(record.at));
  row.bind(4, record.request_id).bind(5, record.key).bind(6, record.team).bind(7, record.organisation);
  row.bind(8, record.route).bind(9, record.model).bind(10, record.provider).bind(11, std::int64_t{record.status});
  return row.bind(12, record.error).bind(13, record.cost).bind_blob(14, kept.bytes).run();
}

Result<> UsageTables::insert_all(std::int64_t id, std::string_view batch) {
  KeptRecord kept;
  for (std::string_view rest = batch; take_kept(rest, kept); batch = rest)
    if (auto inserted = insert(kept); !inserted) return inserted;
  return batch.empty() ? Result<>() : keep_unread(nobodys_origin, id, batch);
}

Result<std::vector<std::int64_t>> UsageTables::insert_oldest(int most_batches) {
  std::vector<std::int64_t> ids;
  oldest_->bind(1, std::int64_t{most_batches});
  for (;;) {
    auto row = oldest_->step();
    if (!row) return std::move(row.error());
    if (!*row) return ids;
    ids.push_back(oldest_->number(0));
    if (auto inserted = insert_all(ids.back(), oldest_->blob(1)); !inserted) {
      oldest_->reset();
      return std::move(inserted.error());
    }
  }
}

Result<std::uint64_t> UsageTables::unpack(int most_batches) {
  const auto fail = [this](Error& error) {
    inserts_.clear();  // their tables may be gone with the transaction
    return std::move(error);
  };
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  auto ids = insert_oldest(most_batches);
  if (!ids) return fail(ids.error());
  for (const std::int64_t id : *ids)
    if (auto erased = erase_->bind(1, id).run(); !erased) return fail(erased.error());
  if (auto done = transaction->commit(); !done) return fail(done.error());
  batches_ -= ids->size();
  return ids->size();
}

Result<> UsageTables::drop_before(UtcTime at) {
  std::vector<std::string> old;
  auto names = database_->prepare("SELECT name FROM sqlite_schema WHERE type='table' AND name LIKE 'request%'");
  if (!names) return std::move(names.error());
  for (;;) {
    auto row = names->step();
    if (!row) return std::move(row.error());
    if (!*row) break;
    const std::optional<UtcTime> end = end_of_month_table(names->text(0));
    if (end && *end <= at) old.emplace_back(names->text(0));
  }
  for (const std::string& table : old) {
    inserts_.erase(table);
    if (auto dropped = database_->exec("DROP TABLE " + table); !dropped) return dropped;
  }
  return {};
}

Result<std::string> set_aside(const std::string& path, UtcTime now) {
  const std::string base = path + ".corrupt-" + stamp_of(now);
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    const std::string aside = attempt == 0 ? base : base + "-" + std::to_string(attempt);
    if (rename_if_free(path, aside)) {
      // Its journal belongs to it. There may be none.
      rename_if_free(path + "-wal", aside + "-wal");
      rename_if_free(path + "-journal", aside + "-journal");
      ::unlink((path + "-shm").c_str());
      return aside;
    }
    if (errno != EEXIST) break;
  }
  return store_error(errno, path, "is damaged, and cannot be renamed out of the way");
}

}  // namespace sluice::ledger
