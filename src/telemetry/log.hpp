#pragma once

#include <memory>

#include <sluice/telemetry/log.hpp>

namespace sluice::telemetry {

// make_log() writes to stderr; this writes to any descriptor, which stays the caller's.
std::unique_ptr<Log> make_log_to(int descriptor, LogLevel level, LogFormat format);

}  // namespace sluice::telemetry
