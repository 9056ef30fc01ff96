#pragma once

#include <string>

#include "config/catalogue.hpp"
#include "config/reader.hpp"

namespace sluice::config {

// What a kind's base_url may leave open. Empty where nothing, or nothing usable, is written.
struct Places {
  std::string region;
  std::string location;
  std::string project;
};
Places read_places(const Value& value, const Kind& kind);

// The kind's base_url with its places filled, or a complaint about the first that is missing. Nothing is done when the
// file has a base_url of its own.
void fill_address(const Value& value, const Kind& kind, const Places& places, Provider& provider);

// The paths of the other dialects: the base URL's own where the catalogue says ".". When the file has another base
// URL than the kind, they lie below what it puts in front of the kind's own path; one whose path does not end like the
// kind's is not known well enough.
void place_voices(const Kind& kind, Provider& provider);

void read_base_url(const Value& value, std::string& base_url);

}  // namespace sluice::config
