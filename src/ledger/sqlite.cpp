#include "ledger/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace sluice::ledger {
namespace {

constexpr std::array<std::string_view, 6> trouble_codes = {"store_full",    "store_busy",     "store_io",
                                                           "store_corrupt", "store_readonly", "store_failed"};

StoreTrouble trouble_of_result(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return StoreTrouble::full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return StoreTrouble::busy;
    case SQLITE_IOERR:
      return StoreTrouble::io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StoreTrouble::corrupt;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return StoreTrouble::readonly;
    default:
      return StoreTrouble::other;
  }
}

StoreTrouble trouble_of_errno(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return StoreTrouble::full;
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
      return StoreTrouble::busy;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
      return StoreTrouble::readonly;
    default:
      return StoreTrouble::io;
  }
}

// What SQLite says of a failure. A handle's own words belong to its last call; `code` decides whose they are.
Error sqlite_error(sqlite3* handle, int code, const std::string& path) {
  const bool same = handle != nullptr && sqlite3_extended_errcode(handle) == code;
  return store_error(trouble_of_result(code), path, same ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

// A file of that name that nobody else may read. One that is there is never opened: closing it again would give up
// the locks other connections of this process hold on it (POSIX).
Result<> keep_to_owner(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) {
    ::close(made);
    return {};
  }
  if (errno != EEXIST) return store_error(errno, path, "cannot be made");
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return store_error(errno, path, "cannot be looked at");
  if (!S_ISREG(about.st_mode)) return store_error(StoreTrouble::readonly, path, "is not a file");
  if ((about.st_mode & 077) != 0 && ::chmod(path.c_str(), 0600) != 0)
    return store_error(errno, path, "is open to others, and its mode cannot be changed");
  return {};
}

std::string settings_of(const Database::Options& options) {
  std::string sql = "PRAGMA trusted_schema=OFF;";
  if (options.access == Database::Options::Access::read) return sql + "PRAGMA query_only=ON;";
  sql +=
      options.journal == Database::Options::Journal::wal ? "PRAGMA journal_mode=WAL;" : "PRAGMA journal_mode=DELETE;";
  return sql + "PRAGMA synchronous=FULL;PRAGMA journal_size_limit=" + std::to_string(options.journal_limit) + ";";
}

}  // namespace

std::string_view to_string(StoreTrouble trouble) { return trouble_codes[static_cast<std::size_t>(trouble)]; }

StoreTrouble trouble_of(const Error& error) {
  for (std::size_t at = 0; at < trouble_codes.size(); ++at)
    if (trouble_codes[at] == error.code()) return static_cast<StoreTrouble>(at);
  return StoreTrouble::other;
}

Error store_error(StoreTrouble trouble, const std::string& path, std::string_view words) {
  std::string message = path;
  message += ": ";
  message += words;
  return Error(Fault::unavailable, Blame::gateway, to_string(trouble), std::move(message)).worth_retrying();
}

Error store_error(int error_number, const std::string& path, std::string_view doing) {
  std::string words(doing);
  words += ": ";
  words += std::generic_category().message(error_number);
  return store_error(trouble_of_errno(error_number), path, words);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(int at, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), at, value);
  if (code != SQLITE_OK && bound_ == 0) bound_ = code;
  return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), at, text.data() != nullptr ? text.data() : "", text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK && bound_ == 0) bound_ = code;
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes) {
  const int code = sqlite3_bind_blob64(statement_.get(), at, bytes.data() != nullptr ? bytes.data() : "", bytes.size(),
                                       SQLITE_TRANSIENT);
  if (code != SQLITE_OK && bound_ == 0) bound_ = code;
  return *this;
}

Statement& Statement::bind_null(int at) {
  const int code = sqlite3_bind_null(statement_.get(), at);
  if (code != SQLITE_OK && bound_ == 0) bound_ = code;
  return *this;
}

Result<bool> Statement::step() {
  if (bound_ != 0) {
    const int code = std::exchange(bound_, 0);
    reset();
    return sqlite_error(nullptr, code, *path_);
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    Error error = sqlite_error(sqlite3_db_handle(statement_.get()), code, *path_);
    reset();
    return error;
  }
  reset();
  return false;
}

Result<> Statement::run() {
  for (;;) {
    Result<bool> row = step();
    if (!row) return std::move(row.error());
    if (!*row) return {};
  }
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<Database> Database::open(const std::string& path, const Options& options) {
  const bool writes = options.access == Options::Access::write;
  if (writes && path != ":memory:") {
    if (auto kept = keep_to_owner(path); !kept) return std::move(kept.error());
  }
  const int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, options.vfs);
  Database database(handle, std::make_unique<const std::string>(path));
  if (code != SQLITE_OK) return sqlite_error(handle, code, path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(options.patience.count()));
  // Only who writes tidies the journal up.
  if (!writes) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // SQLite quietly opens what it may not write for reading.
  if (writes && sqlite3_db_readonly(handle, "main") != 0)
    return store_error(StoreTrouble::readonly, path, "may not be written");
  if (auto set = database.exec(settings_of(options)); !set) return std::move(set.error());
  return database;
}

Result<> Database::exec(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_.get(), code, *path_);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_.get(), code, *path_);
  return Statement(statement, path_.get());
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }

Result<> Database::check() {
  auto statement = prepare("PRAGMA quick_check(1)");
  if (!statement) return std::move(statement.error());
  auto row = statement->step();
  if (!row) return std::move(row.error());
  if (*row && statement->text(0) == "ok") return {};
  return store_error(StoreTrouble::corrupt, *path_, *row ? statement->text(0) : "cannot be checked");
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.exec("BEGIN IMMEDIATE"); !begun) return std::move(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  // Fails where SQLite rolled back by itself already, which is as well.
  if (database_ != nullptr) (void)database_->exec("ROLLBACK");
}

Result<> Transaction::commit() {
  Result<> done = database_->exec("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace sluice::ledger
