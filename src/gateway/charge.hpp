#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>
#include <sluice/chat/conversation.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/chat/features.hpp>
#include <sluice/config/token_family.hpp>
#include <sluice/gateway/bill.hpp>

// What requests may and do cost, as pure functions.
namespace sluice {

// How large a request with such features is to models of a family. `known_output`: the longest answer the model can
// give, if that is known.
Size size_of(const chat::Features& features, chat::Task task, std::uint64_t body_bytes,
             std::optional<std::uint64_t> known_output, const config::TokenFamily& family);
// The same without having read the body: for books that hold nobody to anything.
Size rough_size_of(std::uint64_t body_bytes);

// What is paid for: what the provider billed, where it says so.
ledger::Counts counts_of(const chat::Usage& usage);

// What is charged for an answer, and where its counts come from: the provider's word, else what went by.
struct Charge {
  ledger::Counts counts;
  ledger::CountSource source = ledger::CountSource::estimated;
  // Tokens that the model read and wrote, which is what limits are about; mostly the sums of the counts.
  std::uint64_t input = 0;
  std::uint64_t output = 0;
};
// Counts that are all zero are none: no answer is free by accident.
// `begun`: the provider had begun to answer well, or nobody waited for that. What was refused or never answered costs
// nothing.
Charge charge_of(const Bill& bill, const std::optional<chat::Usage>& usage, bool begun, bool complete);

// The price of that under the bill's tariff; 0 where none is known. `begun` as above.
ledger::NanoUsd cost_of(const Bill& bill, const Charge& charge, bool begun);

// What a caller is told who may not: 429 with the level in the way, and when it is worth trying again.
Error refusal_of(const ledger::Refusal& refusal);

// Counts tokens of a stream whose provider has not told yet how many there are: one for each event with content, more
// for those that are longer than the shortest by several words.
class StreamCount {
 public:
  void note(std::size_t event_bytes);
  std::uint64_t tokens() const { return tokens_; }

 private:
  std::size_t shortest_ = SIZE_MAX;
  std::uint64_t tokens_ = 0;
};

}  // namespace sluice
