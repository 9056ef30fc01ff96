#pragma once

#include <string>
#include <string_view>

#include <sluice/chat/codec.hpp>
#include <sluice/telemetry/metrics.hpp>

// What could not be said, told to callers and counted.
namespace sluice {

// Appends names to a header field's value; only what is harmless there. A list that becomes too long says that there
// are more.
void append_dropped(std::string& list, const chat::Dropped& names);

// The value of a metric's label for such a name: callers can make up any.
Label label_of_dropped(std::string_view name, Metrics& labels);

}  // namespace sluice
