#include <sluice/credential/jwks_schedule.hpp>

#include <algorithm>
#include <cstdint>

#include <sluice/base/text.hpp>

namespace sluice::credential {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds usual_age = 5min;
constexpr std::chrono::seconds shortest_age = 1min;
constexpr std::chrono::seconds longest_age = 1h;
constexpr Duration between_wishes = 10s;
constexpr Duration first_retry = 1s;
constexpr Duration longest_retry = 1min;
constexpr unsigned most_doublings = 6;

}  // namespace

// Up to a tenth earlier.
Duration JwksSchedule::spread_out(Duration pause) const {
  return pause - std::chrono::duration_cast<Duration>(pause * (spread_ / 10));
}

void JwksSchedule::wanted(TimePoint now) {
  const TimePoint soonest = began_ ? std::max(now, *began_ + between_wishes) : now;
  due_ = std::min(due_, soonest);
}

void JwksSchedule::fetched(TimePoint now, std::optional<std::chrono::seconds> max_age) {
  fetched_ = now;
  failures_ = 0;
  due_ = now + spread_out(std::clamp(max_age.value_or(usual_age), shortest_age, longest_age));
}

void JwksSchedule::failed(TimePoint now) {
  const Duration pause = std::min(first_retry * (1u << std::min(failures_, most_doublings)), longest_retry);
  ++failures_;
  due_ = now + spread_out(pause);
}

std::optional<std::chrono::seconds> max_age_in(std::string_view cache_control) {
  std::optional<std::chrono::seconds> age;
  while (!cache_control.empty()) {
    const std::size_t comma = cache_control.find(',');
    const std::string_view item = trimmed(cache_control.substr(0, comma));
    cache_control = comma == std::string_view::npos ? std::string_view() : cache_control.substr(comma + 1);
    constexpr std::string_view name = "max-age=";
    if (equals_ignoring_case(item, "no-store") || equals_ignoring_case(item, "no-cache")) return 0s;
    if (!equals_ignoring_case(item.substr(0, name.size()), name)) continue;
    const auto count = parse_decimal(item.substr(name.size()));
    if (count) age = std::chrono::seconds(std::min<std::uint64_t>(*count, 1u << 30));
  }
  return age;
}

}  // namespace sluice::credential
