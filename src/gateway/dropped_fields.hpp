#pragma once

#include <string>

#include <sluice/chat/codec.hpp>
#include <sluice/telemetry/metrics.hpp>

// What could not be said, told to callers and counted.
namespace sluice {

// Appends names to a header field's value; only what is harmless there. A list that becomes too long says that there
// are more.
void append_dropped(std::string& list, const chat::Dropped& names);

// Counts them, with the names in labels that are known: callers can make up any.
void count_dropped(const chat::Dropped& names, Label provider, WorkerMetrics& metrics, Metrics& labels);

}  // namespace sluice
