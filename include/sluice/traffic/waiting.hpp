#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace sluice::traffic {

// Who goes first, and who is sent away first, when there is more to do than can be done.
enum class Priority : std::uint8_t { low, normal, high };

// Places of requests that wait until a deployment may take one more. Thread-safe; a lock is held for arithmetic only.
class WaitingRoom {
 public:
  // A place; giving it up leaves the queue.
  class Place {
   public:
    Place(Place&& other) noexcept;
    Place& operator=(Place&&) = delete;
    ~Place();
    // Whether nobody waits who goes first: the highest priority, and among equals who came first.
    bool is_next() const;

   private:
    friend class WaitingRoom;
    Place(WaitingRoom& room, Priority priority, std::uint64_t number)
        : room_(&room), priority_(priority), number_(number) {}
    WaitingRoom* room_;
    Priority priority_;
    std::uint64_t number_;
  };

  WaitingRoom();
  ~WaitingRoom();
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  // Nothing if there is no place for this priority: of `capacity` places, low may take the first half, normal four
  // fifths (both rounded up), high all.
  std::optional<Place> enter(Priority priority, std::size_t capacity);
  std::size_t waiting() const;

 private:
  struct Queues;
  std::unique_ptr<Queues> queues_;
};

}  // namespace sluice::traffic
