#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <sluice/base/clock.hpp>

#include "app/admin_route.hpp"
#include "app/key_desk.hpp"
#include "app/key_words.hpp"

namespace sluice::app {

// The routes of the operators' plane about keys made at run time, teams and the audit trail. They wait for the disk: on
// the page server's thread, which has no other work than pages. `principals` tells who is in the configuration in
// force. Desk and clock outlive the routes.
std::vector<AdminRoute> key_routes(KeyDesk& desk, const Clock& clock,
                                   std::function<std::shared_ptr<const Principals>()> principals);

}  // namespace sluice::app
