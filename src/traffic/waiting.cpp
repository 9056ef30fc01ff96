#include <sluice/traffic/waiting.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

namespace sluice::traffic {
namespace {

// Both shares are rounded up.
std::size_t places_for(Priority priority, std::size_t capacity) {
  switch (priority) {
    case Priority::low:
      return capacity - capacity / 2;
    case Priority::normal:
      return capacity - capacity / 5;
    case Priority::high:
      break;
  }
  return capacity;
}

}  // namespace

// Numbers rise, so each queue is sorted by itself.
struct WaitingRoom::Queues {
  using Queue = std::vector<std::uint64_t>;
  Queue& of(Priority priority) { return queues[static_cast<std::size_t>(priority)]; }
  std::size_t waiting() const { return queues[0].size() + queues[1].size() + queues[2].size(); }
  bool is_next(Priority priority, std::uint64_t number) const {
    for (std::size_t above = queues.size(); above-- > static_cast<std::size_t>(priority) + 1;) {
      if (!queues[above].empty()) return false;
    }
    return queues[static_cast<std::size_t>(priority)].front() == number;
  }

  mutable std::mutex mutex;
  std::array<Queue, 3> queues;
  std::uint64_t last = 0;
};

WaitingRoom::WaitingRoom() : queues_(std::make_unique<Queues>()) {}
WaitingRoom::~WaitingRoom() = default;

std::optional<WaitingRoom::Place> WaitingRoom::enter(Priority priority, std::size_t capacity) {
  const std::lock_guard lock(queues_->mutex);
  if (queues_->waiting() >= places_for(priority, capacity)) return std::nullopt;
  const std::uint64_t number = ++queues_->last;
  queues_->of(priority).push_back(number);
  return Place(*this, priority, number);
}

std::size_t WaitingRoom::waiting() const {
  const std::lock_guard lock(queues_->mutex);
  return queues_->waiting();
}

WaitingRoom::Place::Place(Place&& other) noexcept
    : room_(other.room_), priority_(other.priority_), number_(other.number_) {
  other.room_ = nullptr;
}

WaitingRoom::Place::~Place() {
  if (room_ == nullptr) return;
  const std::lock_guard lock(room_->queues_->mutex);
  auto& queue = room_->queues_->of(priority_);
  const auto found = std::lower_bound(queue.begin(), queue.end(), number_);
  if (found != queue.end()) queue.erase(found);
}

bool WaitingRoom::Place::is_next() const {
  if (room_ == nullptr) return false;
  const std::lock_guard lock(room_->queues_->mutex);
  return room_->queues_->is_next(priority_, number_);
}

}  // namespace sluice::traffic
