#pragma once

#include "config/catalogue.hpp"
#include "config/provider_address.hpp"
#include "config/reader.hpp"

namespace sluice::config {

// The keys of a provider that say how it learns who we are, beside api_key.
const Names& credential_keys();

// Reads them, or what the environment has in their place, into api_key's place. `provider` has its api_key, base_url
// and allow_private. A project that the credential names stands in for one that is not written.
void read_credential(const Value& value, const Kind& kind, Places& places, Provider& provider);

}  // namespace sluice::config
