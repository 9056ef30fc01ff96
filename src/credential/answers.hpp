#pragma once

#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/credential/grant.hpp>

namespace sluice::credential {

// A token server's answer (RFC 6749 §5).
Result<Granted> read_token_answer(int status, std::string_view body);

// The keys that servers for containers and instances give out, with their end.
Result<Granted> read_keys_answer(int status, std::string_view body, UtcTime now);

}  // namespace sluice::credential
