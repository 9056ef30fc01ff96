#include "net/dns_cache.hpp"

#include <algorithm>
#include <utility>

namespace sluice::net {

DnsCache::Answer DnsCache::find(std::string_view name, TimePoint now) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {Freshness::missing, nullptr};
  const Entry& entry = found->second;
  if (now < entry.fresh_until) return {Freshness::fresh, &entry.addresses};
  if (!entry.addresses.empty() && now < entry.stale_until) return {Freshness::stale, &entry.addresses};
  return {now < entry.failed_until ? Freshness::failed : Freshness::missing, nullptr};
}

DnsCache::Entry& DnsCache::entry(std::string_view name, TimePoint now) {
  if (entries_.size() >= most_names) {
    std::erase_if(entries_, [now](const auto& item) {
      return now >= item.second.stale_until && now >= item.second.failed_until;
    });
    if (entries_.size() >= most_names) entries_.clear();
  }
  const auto found = entries_.find(name);
  return found != entries_.end() ? found->second : entries_[std::string(name)];
}

void DnsCache::learned(std::string_view name, Addresses addresses, Duration time_to_live, TimePoint now) {
  Entry& known = entry(name, now);
  known.addresses = std::move(addresses);
  known.fresh_until = now + std::clamp(time_to_live, shortest, longest);
  known.stale_until = known.fresh_until + stale;
  known.failed_until = {};
}

void DnsCache::failed(std::string_view name, TimePoint now) {
  Entry& known = entry(name, now);
  known.failed_until = now + negative;
  // While the old answer may still be given, the next attempt waits a moment too.
  if (now < known.stale_until) known.fresh_until = now + negative;
}

}  // namespace sluice::net
