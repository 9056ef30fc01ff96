#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include <sluice/config/load.hpp>

namespace sluice::app {

// Walks the audit trail of the store that the configuration names. Returns the process's exit code: 0 when it is whole,
// 65 when it is not, after the first broken record was named; the others as of `sluice keys`.
int verify_audit(const std::optional<std::string>& config_file, const config::Surroundings& surroundings,
                 std::ostream& out, std::ostream& err);

}  // namespace sluice::app
