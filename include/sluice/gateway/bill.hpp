#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/ledger/book.hpp>
#include <sluice/ledger/price.hpp>
#include <sluice/ledger/record.hpp>
#include <sluice/ledger/recorder.hpp>

namespace sluice {

// How large a request is, and its answer may be, in tokens. Estimates hold limits of tokens; bounds set money aside.
struct Size {
  std::uint64_t input = 0;                  // about
  std::uint64_t input_bound = 0;            // hardly ever more
  std::uint64_t output_bound = 0;           // all answers together; what is assumed where the caller set no limit
  std::uint64_t output_limit = UINT64_MAX;  // that no answer exceeds; the largest there is: nobody set any
  std::uint64_t images = 0;                 // made
  bool was_read = false;                    // not only its body's length counts
};

// What a target asks for an answer.
struct Tariff {
  ledger::Price price;
  std::string version;  // of the list it stands in; "file" for the operator's own
};

// One request's money: who answers for it, what is set aside, what it did cost. Opened by admit, written on by
// call_upstream, recorded by observe. Belongs to the exchange.
struct Bill {
  std::optional<ledger::Tab> tab;
  std::optional<ledger::Permit> permit;      // of the attempt under way; ends before the tab
  std::unique_ptr<ledger::Entry> entry;      // null: nobody keeps records
  std::optional<ledger::Standings> refused;  // of one who was not let in
  Size size;                                 // for the target that is being asked, once there is one

  // Of the attempt under way.
  const Tariff* tariff = nullptr;    // null: its price is not known
  std::optional<Tariff> looked_up;   // keeps a tariff that depends on the caller's name for the model
  std::uint64_t counted_output = 0;  // tokens that went by, by our own count
  // Of all attempts that have ended.
  ledger::NanoUsd cost = 0;
  std::uint64_t input_used = 0;
  std::uint64_t output_used = 0;
};

}  // namespace sluice
