#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <sluice/base/clock.hpp>

namespace sluice::credential {

// When the keys of an identity provider are fetched, and for how long those fetched last are in force. Pure: whoever
// fetches says what happened and when. One thread.
class JwksSchedule {
 public:
  // `spread` in [0, 1) moves the times, so that many who began together do not ask together.
  explicit JwksSchedule(double spread) : spread_(spread) {}

  // When the next fetch is due. At once at first; after five minutes, or what the answer said (one minute to one hour);
  // after failures a pause that doubles from a second to a minute.
  TimePoint due() const { return due_; }
  // A token names a key that is not known: due at once, but no sooner than ten seconds after the last fetch began.
  void wanted(TimePoint now);
  void began(TimePoint now) { began_ = now; }
  void fetched(TimePoint now, std::optional<std::chrono::seconds> max_age);
  void failed(TimePoint now);

  std::optional<TimePoint> last_fetched() const { return fetched_; }

 private:
  Duration spread_out(Duration pause) const;

  const double spread_;
  TimePoint due_ = TimePoint::min();
  std::optional<TimePoint> began_;
  std::optional<TimePoint> fetched_;
  unsigned failures_ = 0;  // in a row
};

// For how long keys stay in force that cannot be fetched anew.
inline constexpr Duration keys_last = std::chrono::hours(24);

// The seconds of `max-age` in a cache-control field (RFC 9111 §5.2.2.1), 0 for no-store and no-cache; nothing when it
// does not say.
std::optional<std::chrono::seconds> max_age_in(std::string_view cache_control);

}  // namespace sluice::credential
