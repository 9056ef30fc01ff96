#pragma once

#include <cstdint>
#include <string>

#include <sluice/base/result.hpp>

namespace sluice::net {

enum class Pem : std::uint8_t { certificate, key, authorities };

// Whether TLS could use this file, looked at alone, so that each of several bad files can be told of at its own
// place. The error's message is the reason only: no path, nothing of the content.
Result<> check_pem(Pem purpose, const std::string& path);

}  // namespace sluice::net
