#pragma once

#include <cstdint>

namespace sluice {

// How often this thread has asked operator new for memory; this test program replaces it to count.
std::uint64_t allocations_of_this_thread();

}  // namespace sluice
