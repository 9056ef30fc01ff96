#pragma once

#include <iosfwd>
#include <string>

#include <sluice/config/load.hpp>

namespace sluice::app {

// `sluice check FILE`: everything that is wrong with a configuration, one problem per line on `out` as
// FILE:LINE:COL: path: error: what; remedy. Warnings are told but do not fail. Returns the exit code: 0, 78 (sysexits'
// EX_CONFIG) with at least one error, 66 (EX_NOINPUT) and a line on `err` when the file cannot be read.
int check(const std::string& file, const config::Surroundings& surroundings, std::ostream& out, std::ostream& err);
// The same with the process's environment and files.
int check(const std::string& file, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
