#include <sluice/traffic/health.hpp>

#include <utility>

namespace sluice::traffic {

Pass& Pass::operator=(Pass&& other) noexcept {
  if (this == &other) return *this;
  if (lane_ != nullptr) lane_->give_up(probe_);
  lane_ = std::exchange(other.lane_, nullptr);
  probe_ = other.probe_;
  return *this;
}

Pass::~Pass() {
  if (lane_ != nullptr) lane_->give_up(probe_);
}

void Pass::answers(TimePoint now) {
  if (lane_ != nullptr && std::exchange(probe_, false)) lane_->recover(now);
}

void Pass::succeeded(std::optional<Duration> first_token, TimePoint now) {
  if (Lane* lane = std::exchange(lane_, nullptr)) lane->succeed(probe_, first_token, now);
}

void Pass::failed(const Error& error, TimePoint now) {
  if (Lane* lane = std::exchange(lane_, nullptr)) lane->fail(probe_, error, now);
}

void Pass::cached(std::uint64_t tokens, std::uint64_t prompt) {
  if (lane_ != nullptr) lane_->note_cached(tokens, prompt);
}

}  // namespace sluice::traffic
