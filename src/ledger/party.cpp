#include "ledger/party.hpp"

#include <algorithm>
#include <functional>

namespace sluice::ledger {

Party::Party(std::span<Account* const> accounts) {
  if (accounts.size() > few_.size()) more_.resize(accounts.size());
  const std::span<Member> all = more_.empty() ? std::span<Member>(few_) : std::span<Member>(more_);
  const auto is_before = [](const Member& member, const Account* account) {
    return std::less<>()(static_cast<const Account*>(member.account), account);
  };
  for (Account* const account : accounts) {
    if (account == nullptr) continue;
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto place = std::lower_bound(all.begin(), end, account, is_before);
    if (place != end && place->account == account) continue;
    std::move_backward(place, end, end + 1);
    place->account = account;
    ++count_;
  }
  if (!more_.empty()) more_.resize(count_);
}

}  // namespace sluice::ledger
