#include "config/instants.hpp"

#include <sluice/base/utc_text.hpp>

namespace sluice::config {

std::optional<UtcTime> read_instant(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto instant = parse_utc(*text);
  if (!instant)
    value.wrong("found " + in_quotes(value.raw()), "write a date with a time and its zone, like 2026-12-01T00:00:00Z");
  return instant;
}

}  // namespace sluice::config
