#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <sluice/ledger/book.hpp>

#include "ledger/party.hpp"

namespace sluice::ledger {

// What an open tab holds: a place with each of the party, tokens, and what its permits have set aside. One worker's.
class Held {
 public:
  // Lets the request in, or says why not.
  static std::optional<Refusal> open(std::span<Account* const> accounts, const Demand& demand, Now now,
                                     const Book::AlertSink& alerts, std::optional<Tab>& tab);
  // A thread keeps the memory of a few for its next ones.
  static void* operator new(std::size_t size);
  static void operator delete(void* memory, std::size_t size) noexcept;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held();

  std::optional<Refusal> reserve(NanoUsd bound, UtcTime now);
  // Sets `wanted` more aside, or else `least`; what it was, or nothing.
  std::optional<NanoUsd> extend(NanoUsd wanted, NanoUsd least);
  void owe(NanoUsd more) { owed_ = sum_of(owed_, more); }
  // Ends a permit: what was set aside for it, what it had metered, and what it did cost.
  void pay(NanoUsd reserved, NanoUsd metered, NanoUsd cost);

  NanoUsd spent() const { return sum_of(owed_, paid_); }
  void used(const Demand& used);
  Standings standings(TimePoint now);
  bool has_budget() const { return has_budget_; }

 private:
  Held(std::span<Account* const> accounts, const Demand& demand, const Book::AlertSink& alerts)
      : party_(accounts), demand_(demand), beyond_budget_(demand.beyond_budget), alerts_(alerts) {}
  std::optional<Block> enter(Now now);
  bool spares(const Account& account) const { return beyond_budget_ && account.is_callers(); }
  void tell(Account& account);

  void find_sharers();

  Party party_;
  // Null, both of them, where nothing is shared fairly.
  Account* team_ = nullptr;
  Account* key_ = nullptr;
  Demand demand_;  // what is counted as used: what was held, until used() says what it was
  const bool beyond_budget_;
  const Book::AlertSink& alerts_;
  NanoUsd owed_ = 0;
  NanoUsd paid_ = 0;
  bool entered_ = false;
  bool has_budget_ = false;
};

}  // namespace sluice::ledger
