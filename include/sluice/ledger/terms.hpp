#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/money.hpp>

// What somebody may use and spend, as an operator writes it.
namespace sluice::ledger {

// Who can be held to limits and budgets.
enum class Level : std::uint8_t { organisation, team, key, model, tag };
std::string_view to_string(Level level);

// So many in such a time (GCRA); a burst may be as large as the amount.
struct Limit {
  enum class What : std::uint8_t { requests, input_tokens, output_tokens, tokens };
  enum class Per : std::uint8_t { second, minute, hour, day };
  What what = What::requests;
  Per per = Per::minute;
  std::uint64_t amount = 0;  // more than 0
  bool operator==(const Limit&) const = default;

  // As it is written in a configuration: "rpm", "tpm", "input_tpm", "output_tpd".
  std::string name() const;
};
// One of each kind that can be written, with an amount of 0.
std::vector<Limit> limit_kinds();

// So much money in a window.
struct Budget {
  enum class Window : std::uint8_t { hour, day, week, month, total };
  // More, until then.
  struct Raise {
    NanoUsd amount = 0;
    UtcTime until{};
    bool operator==(const Raise&) const = default;
  };
  NanoUsd amount = 0;
  Window window = Window::month;
  // The last so many hours, instead of the calendar's, in sixty parts; a month is 30 days, and `total` never rolls.
  bool rolling = false;
  std::string zone;  // whose calendar ("Europe/Berlin"); empty: UTC. Weeks begin on Monday.
  std::vector<Raise> raises;
  // In percent of the amount with the raises in force, rising: told once in each window.
  std::vector<std::uint8_t> alerts;
  bool operator==(const Budget&) const = default;
};
std::string_view to_string(Budget::Window window);

struct Terms {
  std::vector<Limit> limits;
  std::uint32_t concurrent = 0;  // requests at a time; 0: no limit
  std::vector<Budget> budgets;
  // Of a team: while a limit or the places are nearly used up, each of its keys that asks gets an equal part of them.
  bool fair_share = false;
  bool operator==(const Terms&) const = default;
  bool empty() const { return limits.empty() && concurrent == 0 && budgets.empty(); }
};

// A window of time: from, and up to but without.
struct Span {
  UtcTime from{};
  UtcTime to{};
  bool operator==(const Span&) const = default;
};

// A calendar's windows, in a named time zone. Immutable; thread-safe. They leave no instant out and have none twice: a
// window ends at the first instant of the next local hour, day, week or month. A midnight that a zone skips is the
// instant behind it; of one that comes twice the first counts. An hour that comes twice is two windows. `total` reaches
// from the epoch to the far end. Behind 2037, where the system's tables end, no zone has a summer time any more.
class Calendar {
 public:
  // Nothing when the system knows no such zone. Empty: UTC.
  static std::optional<Calendar> in(const std::string& zone);
  Span window(Budget::Window window, UtcTime now) const;

 private:
  struct Zone;
  explicit Calendar(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {}
  std::shared_ptr<const Zone> zone_;
};

}  // namespace sluice::ledger
