#pragma once

#include <sluice/config/config.hpp>

#include "config/reader.hpp"

// How a provider wants to be spoken to: what the catalogue says of a kind, and a configuration of one provider.
namespace sluice::config {

const Names& manner_keys();

// What is written replaces what was there; header fields are added to, or replace those of their name.
void read_manners(const Value& value, Manners& manners);

}  // namespace sluice::config
