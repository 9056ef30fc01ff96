#pragma once

#include <sluice/gateway/exchange.hpp>
#include <sluice/ledger/record.hpp>

// The usage record of an exchange, written into memory of its worker that is used again.
namespace sluice {

// What is known when a request is let in: what a crash would leave of it. The place is the exchange's scratch.
const ledger::UsageRecord& begin_record(Exchange& exchange, UtcTime now);

// Appends the attempt that has just ended.
void note_attempt(Exchange& exchange, const ledger::Counts& counts, ledger::CountSource source, ledger::NanoUsd cost,
                  std::string_view outcome, Duration took);

// The whole record, when the exchange is over. `cut`: the answer broke off after its head was sent.
const ledger::UsageRecord& finish_record(Exchange& exchange, UtcTime arrived, TimePoint now);

}  // namespace sluice
