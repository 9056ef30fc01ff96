#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sluice/gateway/bill.hpp>

namespace sluice {

// Prices that had to be looked up, by provider and name: callers choose the names, so that only so many are kept.
// Thread-safe; a lock is held for a look-up in a table.
class TariffMemory {
 public:
  using LookUp = std::function<std::optional<Tariff>()>;

  // The price of that name, or null where nobody knows one. Asks `look_up` the first time. What is returned lives as
  // long as this, or as `room` where there is no place left.
  const Tariff* find(std::string_view provider, std::string_view name, const LookUp& look_up,
                     std::optional<Tariff>& room) {
    thread_local std::string key;  // keeps its memory: a price that is known costs no allocation
    key.assign(provider).append(1, '\n').append(name);
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = known_.find(key); known != known_.end()) return address_of(known->second);
    }
    std::optional<Tariff> found = look_up();
    const std::lock_guard lock(mutex_);
    if (known_.size() < most) return address_of(known_.try_emplace(key, std::move(found)).first->second);
    room = std::move(found);
    return address_of(room);
  }

 private:
  static constexpr std::size_t most = 1024;

  static const Tariff* address_of(const std::optional<Tariff>& tariff) { return tariff ? &*tariff : nullptr; }

  std::mutex mutex_;
  std::unordered_map<std::string, std::optional<Tariff>> known_;  // never erased from: what it holds stays where it is
};

}  // namespace sluice
