#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ledger/account.hpp"

namespace sluice::ledger {

// Those who answer for a request, each of them once, in the order in which they are locked. A few take no memory.
class Party {
 public:
  struct Member {
    Account* account = nullptr;
    std::uint32_t entered = 0;  // what Account::enter() said
  };
  // Nulls are nobody.
  explicit Party(std::span<Account* const> accounts);

  std::span<Member> members() { return more_.empty() ? std::span(few_.data(), count_) : std::span(more_); }

 private:
  std::array<Member, 8> few_{};
  std::vector<Member> more_;  // all of them, if there are more than a few
  std::size_t count_ = 0;
};

// All of them locked at once.
class Together {
 public:
  explicit Together(std::span<Party::Member> members) : members_(members) {
    for (const Party::Member& member : members_) member.account->lock().lock();
  }
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;
  ~Together() {
    for (const Party::Member& member : members_) member.account->lock().unlock();
  }

 private:
  const std::span<Party::Member> members_;
};

}  // namespace sluice::ledger
