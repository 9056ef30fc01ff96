#pragma once

#include "config/reader.hpp"

namespace sluice::config {

// The keys of the interface that this version does not read yet, by section ("models.*.retry"), so that all of them
// are refused in the same words. A key leaves the table when it is read.
const Names& planned_keys(std::string_view section);

}  // namespace sluice::config
