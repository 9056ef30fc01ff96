#pragma once

#include <sluice/ledger/store.hpp>

namespace sluice::ledger {

// The same, on another SQLite file system (null: the usual one). For tests of disks that fail.
Result<OpenedStore> open_store(const StorePlace& place, const Clock& clock, const char* vfs);

}  // namespace sluice::ledger
