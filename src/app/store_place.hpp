#pragma once

#include <string>

#include <sluice/config/load.hpp>

namespace sluice::app {

// Where the databases are. Those beside the usage store have its name with something behind it.
struct StorePlace {
  std::string file;  // of the usage store; empty: nowhere, all is kept in memory
  std::string why;   // with an empty file: why not in one

  // The keys' and the audit trail's database.
  std::string keys() const { return file.empty() ? "" : file + "-keys"; }
};

// `written` is the configuration's Storage::database; empty: it says nothing. Then it is sluice.db in $STATE_DIRECTORY,
// else in $XDG_STATE_HOME/sluice, else in ~/.local/state/sluice: the first of these that is set, made with mode 0700 if
// it is not there. If nothing can be written there, there is no file.
StorePlace store_place(const std::string& written, const config::Surroundings& surroundings);

}  // namespace sluice::app
