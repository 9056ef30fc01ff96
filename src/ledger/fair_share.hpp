#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/terms.hpp>

#include "ledger/gcra.hpp"
#include "ledger/wide.hpp"

// How the keys of a team share limits that are nearly used up. While there is enough, anybody may take it; of the last
// tenth, and of what is paid off meanwhile, each key that asked lately gets an equal part, and what one does not want
// the others get. So a key that wants little is let in whatever the others ask for.
namespace sluice::ledger {

// What one key has taken of each of its team's limits. Not thread-safe: the key's account guards it.
class FairShare {
 public:
  // How long it takes until the key, one of so many, may take so much of a limit that is scarce; zero: it may now. One
  // that owes nothing may, however much it asks for.
  Duration could(const Limit& limit, const Gcra& whole, std::uint64_t units, std::uint32_t sharers,
                 TimePoint now) const;
  void take(const Limit& limit, const Gcra& whole, std::uint64_t units, std::uint32_t sharers, TimePoint now);
  // More or less than was taken, of all limits on that.
  void take_late(Limit::What what, std::uint64_t units);
  void give_back(Limit::What what, std::uint64_t units);

 private:
  friend class Sharers;
  static constexpr std::size_t pers = 4;
  static constexpr std::size_t kinds = 4 * pers;  // of limits
  // A debt as a Gcra has it, paid off at the rate of a share.
  struct Part {
    Wide debt = 0;
    TimePoint at = TimePoint::min();
  };
  static std::size_t kind_of(const Limit& limit);
  static Wide debt_at(const Part& part, const Gcra& whole, std::uint32_t sharers, TimePoint now);

  std::array<Part, kinds> parts_{};
  std::int64_t asked_in_ = -1;  // the turn in which it was last counted among a team's
};

// Who of a team has asked lately: for ten to twenty seconds afterwards a key counts. The team's account guards it.
class Sharers {
 public:
  // A key asks, whether it is let in or not; how many do.
  std::uint32_t ask(FairShare& key, TimePoint now);

 private:
  std::int64_t turn_ = -1;
  std::uint32_t in_turn_ = 0;
  std::uint32_t in_the_one_before_ = 0;
};

}  // namespace sluice::ledger
