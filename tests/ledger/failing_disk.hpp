#pragma once

#include <atomic>
#include <cstdint>
#include <string>

struct sqlite3_vfs;

namespace sluice::ledger {

// A file system for SQLite that fails when it is told to; otherwise the usual one, except that it waits for no disk.
// For one test at a time; databases on it must be closed before it goes.
class FailingDisk {
 public:
  enum class Trouble : std::uint8_t { io, full };
  FailingDisk();
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  const char* name() const { return name_.c_str(); }
  // The operations from the nth on, counted from this call, fail: so many of them, or all until lift().
  void fail_from(std::int64_t nth, std::int64_t how_many, Trouble trouble = Trouble::io);
  void fail_all(Trouble trouble) { fail_from(1, forever, trouble); }
  void lift() { to_ = 0; }
  // Whether any did since they were told to.
  bool has_failed() const { return failed_.load(); }

  static constexpr std::int64_t forever = INT64_MAX / 4;
  // The result of the next operation: SQLITE_OK, or how it fails.
  int next(int io_code);

 private:
  const std::string name_;
  sqlite3_vfs* vfs_;
  std::atomic<std::int64_t> from_ = forever;
  std::atomic<std::int64_t> to_ = forever;
  std::atomic<std::int64_t> count_ = 0;
  std::atomic<Trouble> trouble_ = Trouble::io;
  std::atomic<bool> failed_ = false;
};

}  // namespace sluice::ledger
