#include "telemetry/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <sluice/base/text.hpp>

namespace sluice::telemetry {
namespace {

std::string contents_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The number in the blank-separated field at `index`, counted from 0.
std::optional<double> field(std::string_view text, int index) {
  for (; index > 0; --index) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    text.remove_prefix(blank + 1);
  }
  const auto number = parse_decimal(text.substr(0, text.find_first_of(" \n")));
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
}

std::optional<double> count_descriptors() {
  std::error_code error;
  double count = -1;  // the one that reads the folder
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    ++count;
  }
  if (error || count < 0) return std::nullopt;
  return count;
}

}  // namespace

ProcessFacts facts_from(std::string_view process_stat, std::string_view system_stat, double ticks_per_second,
                        double page_bytes) {
  ProcessFacts facts;
  // The program's name, in brackets, may hold blanks and brackets itself. After it come fields 3 and on (proc(5)).
  const auto bracket = process_stat.rfind(") ");
  if (bracket == std::string_view::npos) return facts;
  const std::string_view fields = process_stat.substr(bracket + 2);
  const auto user = field(fields, 14 - 3);
  const auto system = field(fields, 15 - 3);
  const auto started = field(fields, 22 - 3);
  const auto pages = field(fields, 24 - 3);
  if (user && system) facts.cpu_seconds = (*user + *system) / ticks_per_second;
  if (pages) facts.resident_bytes = *pages * page_bytes;

  const auto boot = system_stat.find("\nbtime ");
  if (started && boot != std::string_view::npos) {
    const auto booted = field(system_stat.substr(boot + 1), 1);
    if (booted) facts.start_time = *booted + *started / ticks_per_second;
  }
  return facts;
}

ProcessFacts read_process_facts() {
  const std::string process_stat = contents_of("/proc/self/stat");
  const std::string system_stat = contents_of("/proc/stat");
  ProcessFacts facts = facts_from(process_stat, system_stat, static_cast<double>(::sysconf(_SC_CLK_TCK)),
                                  static_cast<double>(::sysconf(_SC_PAGESIZE)));
  facts.open_descriptors = count_descriptors();
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.most_descriptors = static_cast<double>(limit.rlim_cur);
  return facts;
}

}  // namespace sluice::telemetry
