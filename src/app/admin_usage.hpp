#pragma once

#include <string>
#include <vector>

#include <sluice/base/clock.hpp>

#include "app/admin_route.hpp"

namespace sluice::app {

// The route of the operators' plane about what was spent, read out of the usage database `file`: no routes when it is
// empty. It reads the disk for as long as there are records, aside from other pages. The clock outlives it.
std::vector<AdminRoute> usage_routes(const std::string& file, const Clock& clock);

}  // namespace sluice::app
