#pragma once

#include <optional>
#include <span>
#include <vector>

#include <sluice/config/config.hpp>

// What can be said of routes without any request: which of them decide, and which models they lead to.
namespace sluice::config {

// Whether everything that `narrow` matches is matched by `wide`. Where that cannot be said for sure: no.
bool covers(const Route::When& wide, const Route::When& narrow, const Config& config);

// What both match, or somewhat more; nothing when no request is matched by both.
std::optional<Route::When> joint(const Route::When& one, const Route::When& other);

// A model that a route's `require` has to hold for.
struct Reached {
  const Model* model = nullptr;
  const Route* through = nullptr;  // the later route that names it, whose `require` holds as well; null: none
};
// All that a route can lead to. Names it mentions have to be there.
std::vector<Reached> reach_of(std::size_t route, const Config& config);

}  // namespace sluice::config
