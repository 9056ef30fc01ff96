#pragma once

#include <cstdint>

#include <sluice/base/error.hpp>

namespace sluice::traffic {

// What an error says of those who took part in the attempt: that one works, that one does not, or nothing. Who is ill
// is suspect_of()'s word; whoever has answered at all is well, as far as the provider goes.
struct Evidence {
  enum class Of : std::uint8_t { nothing, well, ill };
  Of provider = Of::nothing;
  Of deployment = Of::nothing;
  Of key = Of::nothing;
};
Evidence evidence_of(const Error& error);

}  // namespace sluice::traffic
