#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sluice/base/result.hpp>

struct sqlite3;
struct sqlite3_stmt;

// SQLite as values and Results. The only place that knows its C interface. Nothing here throws for trouble of the disk.
// A Database and its Statements belong to one thread at a time.
namespace sluice::ledger {

// What kind of trouble a store is in, as far as somebody can act on it.
enum class StoreTrouble : std::uint8_t {
  full,      // no room: passes by itself when there is some again
  busy,      // another process holds it
  io,        // the disk, or the file system, failed
  corrupt,   // not a database, or a damaged one
  readonly,  // it may not be written, or not be opened at all
  other,
};
std::string_view to_string(StoreTrouble trouble);

// What one of this file's Errors was about. They blame the gateway, are worth a retry, and their message begins with
// the file's path: for logs and operators, not for callers.
StoreTrouble trouble_of(const Error& error);
Error store_error(StoreTrouble trouble, const std::string& path, std::string_view words);
// The same, for a failed system call.
Error store_error(int error_number, const std::string& path, std::string_view doing);

// A prepared statement. Positions of parameters begin at 1, those of columns at 0, as in SQLite. Must not outlive its
// Database.
class Statement {
 public:
  // Values are copied. A failed bind is told by the next step().
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::string_view text);
  Statement& bind(int at, const char* text) { return bind(at, std::string_view(text)); }
  Statement& bind_blob(int at, std::string_view bytes);
  Statement& bind_null(int at);

  // To the next row; false: there is none, and the statement is ready to be bound and run again.
  Result<bool> step();
  // To its end, for statements without rows or whose rows do not matter.
  Result<> run();
  // Ready to be bound and run again, before its last row was there.
  void reset();

  // Of the row that step() went to. Views hold until the next call that is not a read.
  bool is_null(int column) const;
  std::int64_t number(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3_stmt* statement, const std::string* path) : statement_(statement), path_(path) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  const std::string* path_;
  int bound_ = 0;  // the first failed bind's code
};

class Database {
 public:
  struct Options {
    enum class Access : std::uint8_t { write, read };
    enum class Journal : std::uint8_t { wal, rollback };
    Access access = Access::write;
    Journal journal = Journal::wal;                // only where access is write: the file remembers it
    std::chrono::milliseconds patience{2'000};     // how long a statement waits for another process
    std::int64_t journal_limit = 4 * 1024 * 1024;  // in bytes; what a journal is cut down to when it is done with
    const char* vfs = nullptr;                     // another SQLite file system, by name; for tests
  };

  // With `write` access the file is made if it is not there, with mode 0600 whatever the umask is; of one that is
  // there, access by others is taken away. A commit is on the disk when it returns (synchronous=FULL). Path ":memory:"
  // has no file.
  static Result<Database> open(const std::string& path, const Options& options);

  // One or several statements without parameters; rows are ignored.
  Result<> exec(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // Rows the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes() const;
  std::int64_t last_row() const;
  // Reads the whole file; trouble `corrupt` when something in it does not fit.
  Result<> check();
  const std::string& path() const { return *path_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  Database(sqlite3* handle, std::unique_ptr<const std::string> path) : path_(std::move(path)), handle_(handle) {}
  std::unique_ptr<const std::string> path_;  // at one address, because statements point at it
  std::unique_ptr<sqlite3, Close> handle_;
};

// All or nothing: rolled back unless it was committed. Takes the right to write at its beginning, so that it cannot
// fail half-way for want of it.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  // When it fails, nothing was written, and it is rolled back.
  Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: done, or moved away
};

}  // namespace sluice::ledger
