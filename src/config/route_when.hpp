#pragma once

#include "config/lists.hpp"

namespace sluice::config {

// What routes may name: all there is in the file.
struct RouteNames {
  Register providers;
  Register models;  // without patterns
  Register teams;
  Register keys;
  Names residencies;  // of the providers
  Names retentions;
};

// Which requests a route is for.
Route::When read_when(const Value& value, const RouteNames& names);

// The part of it that looks at the clock.
void read_hours(const Value& value, std::optional<Route::When::Hours>& out);

}  // namespace sluice::config
