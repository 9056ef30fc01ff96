#include <string>

#include "fuzz/input.hpp"
#include "ledger/record_codec.hpp"

namespace sluice::ledger {
namespace {

std::string written(const UsageRecord& record) {
  std::string place(most_head_bytes + most_attempt_bytes, '\0');
  place.resize(write_record(record, {place.data(), place.size()}));
  return place;
}

}  // namespace
}  // namespace sluice::ledger

// Any bytes may be read; what was read can be written, and is the same from then on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  ledger::UsageRecord record;
  if (!ledger::read_record({reinterpret_cast<const char*>(data), size}, record)) return 0;
  ledger::UsageRecord once;
  ledger::UsageRecord twice;
  fuzz::require(ledger::read_record(ledger::written(record), once));
  fuzz::require(ledger::read_record(ledger::written(once), twice));
  fuzz::require(once == twice);
  return 0;
}
