#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sluice/base/clock.hpp>
#include "net/asio.hpp"

namespace sluice::net {

using Addresses = std::vector<asio::ip::address>;

// What names stood for when last asked. Knows no network and no clock. An answer is good for its time to live, at
// most 30 s and at least 1 s; after that it is still given for five minutes while it is asked for anew, and
// when asking fails. A name that does not exist is remembered for 1 s.
class DnsCache {
 public:
  static constexpr Duration longest = std::chrono::seconds(30);
  static constexpr Duration shortest = std::chrono::seconds(1);
  static constexpr Duration stale = std::chrono::minutes(5);
  static constexpr Duration negative = std::chrono::seconds(1);
  static constexpr std::size_t most_names = 1024;

  enum class Freshness : std::uint8_t {
    fresh,    // use it
    stale,    // use it, and ask again
    missing,  // ask, and wait
    failed,   // asked a moment ago in vain
  };
  struct Answer {
    Freshness freshness;
    const Addresses* addresses;  // null when missing or failed; valid until the next change
  };
  Answer find(std::string_view name, TimePoint now) const;

  void learned(std::string_view name, Addresses addresses, Duration time_to_live, TimePoint now);
  void failed(std::string_view name, TimePoint now);

 private:
  struct Entry {
    Addresses addresses;
    TimePoint fresh_until{};
    TimePoint stale_until{};
    TimePoint failed_until{};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  Entry& entry(std::string_view name, TimePoint now);

  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

}  // namespace sluice::net
