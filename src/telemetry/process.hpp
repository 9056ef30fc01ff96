#pragma once

#include <optional>
#include <string_view>

namespace sluice::telemetry {

// What the kernel says about this process (proc(5)); what it does not say is absent.
struct ProcessFacts {
  std::optional<double> cpu_seconds;  // user and system together
  std::optional<double> resident_bytes;
  std::optional<double> open_descriptors;
  std::optional<double> most_descriptors;  // the soft limit
  std::optional<double> start_time;        // seconds since 1970
};

// Reads /proc; takes as long as there are open descriptors to count.
ProcessFacts read_process_facts();

// The numbers of /proc/self/stat and the boot time of /proc/stat, as text.
ProcessFacts facts_from(std::string_view process_stat, std::string_view system_stat, double ticks_per_second,
                        double page_bytes);

}  // namespace sluice::telemetry
