#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/net/async.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/stop.hpp>

namespace sluice::net {

// Suspends until then, rounded up to the wheel's tick (10 ms). A requested stop ends it early with stop.error(). On the
// loop's thread.
Async<> pause(Loop& loop, TimePoint until, Stop& stop);

}  // namespace sluice::net
