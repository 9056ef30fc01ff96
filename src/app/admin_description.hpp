#pragma once

#include <string>
#include <vector>

#include "app/admin_route.hpp"

namespace sluice::app {

// The routes as an OpenAPI 3.1 document: each with the permission it takes, what it is told and what it may answer.
std::string admin_description(const std::vector<AdminRoute>& routes);

}  // namespace sluice::app
