#include <utility>

#include "config/sections.hpp"

namespace sluice::config {
namespace {

constexpr std::string_view database_scheme = "sqlite://";
constexpr std::uint64_t longest_retention = 36'500;  // days

}  // namespace

void read_storage(const Value& value, std::string& database) {
  std::string text;
  read_text(value, text);
  if (text.empty()) return;
  if (text == "memory") {
    database = in_memory;
    return;
  }
  std::string path = text.starts_with(database_scheme) ? text.substr(database_scheme.size()) : std::string();
  // Nothing of a URL's query or escapes is meant: the rest is the path, letter by letter.
  if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != std::string::npos)
    return value.wrong("found " + in_quotes(value.raw()), "write sqlite:///ABSOLUTE/PATH, or memory");
  database = std::move(path);
}

void read_ledger(const Value& value, Storage& storage) {
  const Section section(value, {"on_full", "retention_days"});
  if (value.written() && value.empty()) value.wrong("has no value", "write on_full or retention_days");
  std::string on_full = "refuse";
  read_choice(section["on_full"], {"refuse", "drop-and-count"}, on_full);
  if (on_full != "refuse") storage.on_full = ledger::Recorder::OnFull::drop_and_count;
  std::uint64_t days = storage.retention_days;
  read_number(section["retention_days"], 1, longest_retention, days);
  storage.retention_days = static_cast<std::uint32_t>(days);
}

}  // namespace sluice::config
