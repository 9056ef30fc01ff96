#pragma once

#include <sluice/gateway/snapshot.hpp>

#include "gateway/inquiry.hpp"

namespace sluice {

// What the rules say of a request.
struct Decision {
  const Rule* route = nullptr;  // the first that matches; null: none
  // One that matches further down and names the model, where the first does not and the name asked for is none. What it
  // requires holds as well.
  const Rule* naming = nullptr;
  const Model* model = nullptr;     // null: nobody knows it
  const Snapshot* world = nullptr;  // whose these are
};

// Whether a list has a name in it. An empty one demands nothing.
bool is_one_of(const std::vector<std::string>& names, std::string_view name);

// Whether all that a rule says about requests holds of this one.
bool matches(const Rule& route, const Inquiry& inquiry);

// Which model answers, and what its targets must be like. A pure function of its arguments.
Decision decide(const Snapshot& world, const Inquiry& inquiry);

}  // namespace sluice
