#include "config/provider_terms.hpp"

#include <algorithm>

#include "config/lists.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using std::chrono::milliseconds;

void read_breaker(const Value& value, Breaker& breaker) {
  const Section section(value, {"failures", "cooldown", "max"});
  std::uint64_t failures = breaker.failures;
  read_number(section["failures"], 1, 1'000'000, failures);
  breaker.failures = static_cast<std::uint32_t>(failures);
  read_duration(section["cooldown"], milliseconds(1), breaker.cooldown);
  read_duration(section["max"], milliseconds(1), breaker.max);
  if (breaker.max >= breaker.cooldown) return;
  const Value at = section["max"].written() ? section["max"] : section["cooldown"];
  at.wrong("max is " + write_duration(breaker.max) + ", less than the cooldown of " + write_duration(breaker.cooldown),
           "write a max that is no shorter than cooldown");
}

void read_health_check(const Value& value, std::optional<HealthCheck>& check) {
  if (!value.written()) return;
  const Section section(value, {"path", "every"});
  check.emplace();
  read_duration(section["every"], milliseconds(1'000), check->every);
  const Value path = section["path"];
  if (!path.written()) return;
  read_text(path, check->path);
  const auto is_plain = [](unsigned char letter) { return letter > ' ' && letter < 0x7f; };
  if (check->path.starts_with('/') && std::all_of(check->path.begin(), check->path.end(), is_plain)) return;
  path.wrong("is no path", "write one below base_url, such as /models");
}

}  // namespace

const Names& term_keys() {
  static const Names all{"residency", "retention", "breaker", "health_check"};
  return all;
}

void read_terms(const Value& value, Provider& provider) {
  read_word(value["residency"], provider.residency);
  read_word(value["retention"], provider.retention);
  read_breaker(value["breaker"], provider.breaker);
  read_health_check(value["health_check"], provider.health_check);
}

}  // namespace sluice::config
