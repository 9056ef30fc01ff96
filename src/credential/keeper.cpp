#include <sluice/credential/keeper.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::credential {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration longest_renewal = seconds(30);
constexpr Duration first_pause = seconds(1);
constexpr Duration longest_pause = seconds(60);
constexpr Duration between_renewals = seconds(30);  // servers that give the same grant again are not asked at once
constexpr Duration earliest_lead = std::chrono::minutes(10);
constexpr Duration last_moment = seconds(30);  // a request takes a while, and clocks differ

Duration scaled(Duration duration, double by) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(duration) * by);
}

}  // namespace

Keeper::Keeper(double spread) : spread_(spread) {}

Keeper::Turn Keeper::take(TimePoint now) {
  const std::lock_guard lock(mutex_);
  Turn turn;
  if (grant_ != nullptr && now < good_until_) turn.grant = grant_;
  const bool wanted = turn.grant == nullptr || now >= renew_at_;
  if (!wanted) return turn;
  const bool under_way = claimed_until_ && now < *claimed_until_;
  if (under_way) return turn;
  if (now >= not_before_) {
    claimed_until_ = now + longest_renewal;
    turn.renew = true;
  } else if (turn.grant == nullptr && failure_) {
    turn.error = Error(*failure_).with_retry_after(std::chrono::ceil<milliseconds>(not_before_ - now));
  } else if (turn.grant == nullptr) {
    // The grant ended sooner than grants may be renewed.
    claimed_until_ = now + longest_renewal;
    turn.renew = true;
  }
  return turn;
}

void Keeper::granted(Granted granted, TimePoint now) {
  const std::lock_guard lock(mutex_);
  grant_ = std::make_shared<const Grant>(std::move(granted.grant));
  claimed_until_.reset();
  failure_.reset();
  failures_ = 0;
  not_before_ = now + between_renewals;
  good_until_ = renew_at_ = TimePoint::max();
  if (!granted.lifetime) return;
  const Duration lifetime = *granted.lifetime;
  // A fifth of the lifetime ahead, ten minutes at most, and up to half as much more.
  const Duration lead = scaled(std::min(lifetime / 5, earliest_lead), 1 + spread_ / 2);
  good_until_ = now + lifetime - std::min(last_moment, lifetime / 10);
  renew_at_ = now + lifetime - lead;
}

void Keeper::failed(const Error& error, TimePoint now) {
  const std::lock_guard lock(mutex_);
  claimed_until_.reset();
  failure_ = error;
  const Duration pause = std::min(first_pause * (1u << std::min(failures_, 6u)), longest_pause);
  ++failures_;
  not_before_ = now + pause;
}

void Keeper::abandoned() {
  const std::lock_guard lock(mutex_);
  claimed_until_.reset();
}

void Keeper::refused(const GrantPtr& grant, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const bool lasting = good_until_ == TimePoint::max();
  if (grant == nullptr || grant != grant_ || lasting || now < not_before_) return;
  renew_at_ = std::min(renew_at_, now);
}

}  // namespace sluice::credential
