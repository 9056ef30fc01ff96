#include <sluice/traffic/waiting.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <list>
#include <utility>
#include <vector>

#include "traffic/seed.hpp"

namespace sluice::traffic {
namespace {

TEST(WaitingRoom, lets_those_who_came_first_go_first) {
  WaitingRoom room;
  auto first = room.enter(Priority::normal, 10);
  auto second = room.enter(Priority::normal, 10);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->is_next());
  EXPECT_FALSE(second->is_next());
  first.reset();
  EXPECT_TRUE(second->is_next());
}

TEST(WaitingRoom, lets_the_highest_priority_go_first) {
  WaitingRoom room;
  auto low = room.enter(Priority::low, 10);
  auto normal = room.enter(Priority::normal, 10);
  auto high = room.enter(Priority::high, 10);
  ASSERT_TRUE(low && normal && high);
  EXPECT_TRUE(high->is_next());
  EXPECT_FALSE(normal->is_next());
  high.reset();
  EXPECT_TRUE(normal->is_next());
  EXPECT_FALSE(low->is_next());
  normal.reset();
  EXPECT_TRUE(low->is_next());
}

TEST(WaitingRoom, forgets_those_who_leave_out_of_turn) {
  WaitingRoom room;
  auto first = room.enter(Priority::normal, 10);
  auto second = room.enter(Priority::normal, 10);
  auto third = room.enter(Priority::normal, 10);
  second.reset();
  EXPECT_EQ(room.waiting(), 2u);
  first.reset();
  EXPECT_TRUE(third->is_next());
}

TEST(WaitingRoom, holds_places_back_for_those_who_go_first) {
  struct Case {
    std::size_t capacity;
    std::size_t low;
    std::size_t normal;
    std::size_t high;
  };
  for (const auto& [capacity, low, normal, high] :
       {Case{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 1, 2, 2}, {4, 2, 4, 4}, {5, 3, 4, 5}, {10, 5, 8, 10}, {100, 50, 80, 100}}) {
    WaitingRoom room;
    std::list<WaitingRoom::Place> places;
    const auto fill = [&](Priority priority) {
      while (auto place = room.enter(priority, capacity)) places.push_back(std::move(*place));
      return places.size();
    };
    EXPECT_EQ(fill(Priority::low), low) << capacity;
    EXPECT_EQ(fill(Priority::normal), normal) << capacity;
    EXPECT_EQ(fill(Priority::high), high) << capacity;
    places.clear();
    EXPECT_EQ(room.waiting(), 0u);
  }
}

TEST(WaitingRoom, moves_a_place_without_losing_it) {
  WaitingRoom room;
  auto place = room.enter(Priority::normal, 1);
  ASSERT_TRUE(place);
  WaitingRoom::Place moved(std::move(*place));
  place.reset();
  EXPECT_EQ(room.waiting(), 1u);
  EXPECT_TRUE(moved.is_next());
}

// Somebody who waits, in books of the test's own.
struct Waiting {
  Priority priority;
  WaitingRoom::Place place;
};

TEST(WaitingRoom, always_knows_exactly_one_who_is_next) {
  std::mt19937_64 random = seeded();
  WaitingRoom room;
  std::list<Waiting> waiting;  // in the order they came
  for (int i = 0; i < steps; ++i) {
    const auto priority = static_cast<Priority>(random() % 3);
    if (random() % 2 == 0) {
      const std::size_t places = priority == Priority::low ? 4 : priority == Priority::normal ? 6 : 7;
      auto place = room.enter(priority, 7);
      ASSERT_EQ(place.has_value(), waiting.size() < places);
      if (place) waiting.push_back({priority, std::move(*place)});
    } else if (!waiting.empty()) {
      waiting.erase(std::next(waiting.begin(), static_cast<std::ptrdiff_t>(random() % waiting.size())));
    }
    ASSERT_EQ(room.waiting(), waiting.size());
    const auto next = std::max_element(waiting.begin(), waiting.end(), [](const Waiting& one, const Waiting& other) {
      return one.priority < other.priority;
    });
    for (auto one = waiting.begin(); one != waiting.end(); ++one) ASSERT_EQ(one->place.is_next(), one == next);
  }
}

}  // namespace
}  // namespace sluice::traffic
