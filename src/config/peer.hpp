#pragma once

#include "config/reader.hpp"

namespace sluice::config {

// Reads whom the daemon asks or tells something: `url`, and `allow_private` and `tls.ca` beside it in `section`. Plain
// HTTP is for this machine, and for networks that allow_private says are one's own: `danger` tells what somebody in
// between could do.
void read_peer(const Value& url, const Section& section, std::string_view danger, Peer& peer);

}  // namespace sluice::config
