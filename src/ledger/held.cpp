#include "ledger/held.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::ledger {
namespace {

// Memory of Helds that are gone, of one thread.
class Spare {
 public:
  ~Spare() {
    for (void* const memory : kept_) ::operator delete(memory);
  }
  void* take() {
    if (kept_.empty()) return nullptr;
    void* const memory = kept_.back();
    kept_.pop_back();
    return memory;
  }
  bool keep(void* memory) {
    constexpr std::size_t most = 256;
    if (kept_.capacity() == 0) kept_.reserve(most);
    if (kept_.size() == most) return false;
    kept_.push_back(memory);
    return true;
  }

 private:
  std::vector<void*> kept_;
};

Spare& spare_of_this_thread() {
  thread_local Spare spare;
  return spare;
}

}  // namespace

void* Held::operator new(std::size_t size) {
  void* const memory = spare_of_this_thread().take();
  return memory != nullptr ? memory : ::operator new(size);
}

void Held::operator delete(void* memory, std::size_t) noexcept {
  if (!spare_of_this_thread().keep(memory)) ::operator delete(memory);
}

std::optional<Refusal> Held::open(std::span<Account* const> accounts, const Demand& demand, Now now,
                                  const Book::AlertSink& alerts, std::optional<Tab>& tab) {
  // Before anybody is locked: nothing may fail once they let it in.
  std::unique_ptr<Held> fresh(new Held(accounts, demand, alerts));
  fresh->find_sharers();
  if (const std::optional<Block> block = fresh->enter(now)) return refusal_of(*block);
  tab.reset();
  tab.emplace(Tab(std::move(fresh)));
  return std::nullopt;
}

void Held::find_sharers() {
  for (const Party::Member& member : party_.members()) {
    if (member.account->level() == Level::team && member.account->is_shared()) team_ = member.account;
    if (member.account->level() == Level::key) key_ = member.account;
  }
  if (team_ != nullptr && key_ != nullptr) return key_->begin_sharing();
  team_ = key_ = nullptr;
}

std::optional<Block> Held::enter(Now now) {
  const Together together(party_.members());
  std::optional<Block> worst;
  for (const Party::Member& member : party_.members()) member.account->look(demand_, now, worst);
  if (team_ != nullptr) team_->look_at_share(*key_, demand_, now.steady, worst);
  if (worst) return worst;
  for (Party::Member& member : party_.members()) {
    member.entered = member.account->enter(demand_, now.steady);
    has_budget_ = has_budget_ || member.account->has_budget();
  }
  if (team_ != nullptr) team_->enter_share(*key_, demand_, now.steady);
  entered_ = true;
  return std::nullopt;
}

Held::~Held() {
  if (!entered_) return;
  for (const Party::Member& member : party_.members()) {
    const std::lock_guard lock(member.account->lock());
    member.account->leave();
  }
}

std::optional<Refusal> Held::reserve(NanoUsd bound, UtcTime now) {
  std::optional<Block> worst;
  {
    const Together together(party_.members());
    for (const Party::Member& member : party_.members()) {
      spares(*member.account) ? member.account->move_to(now) : member.account->look(bound, now, worst);
    }
    if (!worst) {
      for (const Party::Member& member : party_.members()) member.account->set_aside(bound);
    }
  }
  return worst ? std::optional(refusal_of(*worst)) : std::nullopt;
}

std::optional<NanoUsd> Held::extend(NanoUsd wanted, NanoUsd least) {
  const Together together(party_.members());
  const auto all_have = [&](NanoUsd more) {
    return std::ranges::all_of(party_.members(), [&](const Party::Member& member) {
      return spares(*member.account) || member.account->has(more);
    });
  };
  if (!all_have(wanted)) {
    if (!all_have(least)) return std::nullopt;
    wanted = least;
  }
  for (const Party::Member& member : party_.members()) member.account->set_aside(wanted);
  return wanted;
}

void Held::pay(NanoUsd reserved, NanoUsd metered, NanoUsd cost) {
  owed_ = rest_of(owed_, metered);
  paid_ = sum_of(paid_, cost);
  for (const Party::Member& member : party_.members()) {
    bool due = false;
    {
      const std::lock_guard lock(member.account->lock());
      due = member.account->settle(reserved, cost);
    }
    if (due) tell(*member.account);
  }
}

void Held::tell(Account& account) {
  while (true) {
    std::optional<Alert> alert;
    {
      const std::lock_guard lock(account.lock());
      alert = account.next_alert();
    }
    if (!alert) return;
    alert->standing.name = account.name();
    if (alerts_) alerts_(*alert);
  }
}

void Held::used(const Demand& used) {
  for (const Party::Member& member : party_.members()) {
    const std::lock_guard lock(member.account->lock());
    member.account->correct(member.entered, demand_, used);
    if (member.account == key_) key_->correct_share(demand_, used);
  }
  demand_ = used;
}

Standings Held::standings(TimePoint now) {
  Standings standings;
  for (const Party::Member& member : party_.members()) {
    const std::lock_guard lock(member.account->lock());
    member.account->add_standings(now, standings);
  }
  return standings;
}

}  // namespace sluice::ledger
