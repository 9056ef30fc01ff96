#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/config/token_family.hpp>

namespace sluice::config {

// The table as it was read. The families' patterns are pieces of the text.
struct TokenFamilies {
  std::vector<TokenFamily> families;  // never empty without a fault; the last one's pattern matches everything
  std::string fault;                  // what is wrong with the text; empty: nothing
};
TokenFamilies read_token_families(std::string_view text);

}  // namespace sluice::config
