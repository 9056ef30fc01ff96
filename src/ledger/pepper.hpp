#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/result.hpp>

namespace sluice::ledger {

// The key under which proofs of secrets are kept, in a file beside the database: who has one of the two has nothing.
using Pepper = std::array<std::uint8_t, 32>;

Pepper make_pepper();
// One line: "1 HEX", where 1 is the form's version.
std::string pepper_text(const Pepper& pepper);
std::optional<Pepper> pepper_in(std::string_view text);

}  // namespace sluice::ledger
