#include "config/provider_terms.hpp"

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

}  // namespace

const Names& term_keys() {
  static const Names all{"residency", "retention", "breaker"};
  return all;
}

void read_terms(const Value& value, Provider& provider) {
  read_word(value["residency"], provider.residency);
  read_word(value["retention"], provider.retention);
  read_breaker(value["breaker"], provider.breaker);
}

}  // namespace sluice::config
