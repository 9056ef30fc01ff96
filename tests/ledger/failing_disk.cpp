#include "ledger/failing_disk.hpp"

#include <sqlite3.h>

#include <new>

namespace sluice::ledger {
namespace {

// What SQLite has of a file: its methods in front, the usual file behind.
struct DiskFile {
  sqlite3_file methods;
  FailingDisk* disk;
  sqlite3_file* usual() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

DiskFile& of(sqlite3_file* file) { return *reinterpret_cast<DiskFile*>(file); }
sqlite3_file* usual(sqlite3_file* file) { return of(file).usual(); }
const sqlite3_io_methods& usual_methods(sqlite3_file* file) { return *usual(file)->pMethods; }

int close_file(sqlite3_file* file) { return usual_methods(file).xClose(usual(file)); }
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  if (const int failed = of(file).disk->next(SQLITE_IOERR_READ); failed != SQLITE_OK) return failed;
  return usual_methods(file).xRead(usual(file), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (const int failed = of(file).disk->next(SQLITE_IOERR_WRITE); failed != SQLITE_OK) return failed;
  return usual_methods(file).xWrite(usual(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (const int failed = of(file).disk->next(SQLITE_IOERR_TRUNCATE); failed != SQLITE_OK) return failed;
  return usual_methods(file).xTruncate(usual(file), size);
}
int sync_file(sqlite3_file* file, int) { return of(file).disk->next(SQLITE_IOERR_FSYNC); }
int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  if (const int failed = of(file).disk->next(SQLITE_IOERR_FSTAT); failed != SQLITE_OK) return failed;
  return usual_methods(file).xFileSize(usual(file), size);
}
int lock_file(sqlite3_file* file, int lock) { return usual_methods(file).xLock(usual(file), lock); }
int unlock_file(sqlite3_file* file, int lock) { return usual_methods(file).xUnlock(usual(file), lock); }
int is_reserved(sqlite3_file* file, int* out) { return usual_methods(file).xCheckReservedLock(usual(file), out); }
int control_file(sqlite3_file* file, int what, void* with) {
  return usual_methods(file).xFileControl(usual(file), what, with);
}
int sector_size(sqlite3_file* file) { return usual_methods(file).xSectorSize(usual(file)); }
int characteristics(sqlite3_file* file) { return usual_methods(file).xDeviceCharacteristics(usual(file)); }
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  if (const int failed = of(file).disk->next(SQLITE_IOERR_SHMMAP); failed != SQLITE_OK) return failed;
  return usual_methods(file).xShmMap(usual(file), page, size, extend, at);
}
int lock_shared(sqlite3_file* file, int from, int count, int how) {
  return usual_methods(file).xShmLock(usual(file), from, count, how);
}
void barrier(sqlite3_file* file) { usual_methods(file).xShmBarrier(usual(file)); }
int unmap_shared(sqlite3_file* file, int remove) { return usual_methods(file).xShmUnmap(usual(file), remove); }

constexpr sqlite3_io_methods failing_methods = {
    2,           close_file,  read_file,    write_file,   truncate_file, sync_file,       size_of_file,
    lock_file,   unlock_file, is_reserved,  control_file, sector_size,   characteristics, map_shared,
    lock_shared, barrier,     unmap_shared, nullptr,      nullptr};

sqlite3_vfs* usual_system() { return sqlite3_vfs_find(nullptr); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* disk = static_cast<FailingDisk*>(vfs->pAppData);
  file->pMethods = nullptr;
  if (const int failed = disk->next(SQLITE_CANTOPEN); failed != SQLITE_OK) return failed;
  of(file).disk = disk;
  const int code = usual_system()->xOpen(usual_system(), name, usual(file), flags, out);
  if (code == SQLITE_OK) file->pMethods = &failing_methods;
  return code;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  auto* disk = static_cast<FailingDisk*>(vfs->pAppData);
  if (const int failed = disk->next(SQLITE_IOERR_DELETE); failed != SQLITE_OK) return failed;
  return usual_system()->xDelete(usual_system(), name, sync);
}

}  // namespace

FailingDisk::FailingDisk() : name_("failing"), vfs_(new sqlite3_vfs(*usual_system())) {
  vfs_->zName = name_.c_str();
  vfs_->pNext = nullptr;
  vfs_->pAppData = this;
  vfs_->szOsFile = static_cast<int>(sizeof(DiskFile)) + usual_system()->szOsFile;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  sqlite3_vfs_register(vfs_, 0);
}

FailingDisk::~FailingDisk() {
  sqlite3_vfs_unregister(vfs_);
  delete vfs_;
}

void FailingDisk::fail_from(std::int64_t nth, std::int64_t how_many, Trouble trouble) {
  from_ = to_ = forever;
  count_ = 0;
  failed_ = false;
  trouble_ = trouble;
  to_ = nth + how_many;
  from_ = nth;
}

int FailingDisk::next(int io_code) {
  const std::int64_t number = ++count_;
  if (number < from_ || number >= to_) return SQLITE_OK;
  failed_ = true;
  return trouble_ == Trouble::full ? SQLITE_FULL : io_code;
}

}  // namespace sluice::ledger
