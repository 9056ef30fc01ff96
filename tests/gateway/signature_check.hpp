#pragma once

#include <string>
#include <string_view>

#include "support/scripted_upstream.hpp"

namespace sluice::test {

// The receiving side of AWS's Signature Version 4, written from its documentation and with nothing of the gateway's:
// why the request's signature does not hold; empty if it does. For paths without a query.
std::string signature_trouble(const SeenRequest& request, std::string_view access_key_id, std::string_view secret,
                              std::string_view region, std::string_view service);

}  // namespace sluice::test
