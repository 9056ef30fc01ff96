#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/credential/jwks.hpp>

namespace sluice::credential {

// What a token must say to let its bearer in, and what of it is of interest.
struct TokenRules {
  struct TagClaim {
    std::string tag;
    std::string claim;
  };
  std::string issuer;          // `iss` is this
  std::string audience;        // `aud` is this, or has it among others
  std::string team;            // the claim that names teams; empty: none does
  std::vector<TagClaim> tags;  // claims whose values become tags
};

// What a token says that was found to be good.
struct Claims {
  std::string subject;                                    // 1 to 256 bytes without control characters
  UtcTime good_until{};                                   // from then on it is not
  std::vector<std::string> teams;                         // the values of TokenRules::team, in their order
  std::vector<std::pair<std::string, std::string>> tags;  // those of TokenRules::tags that it has
};

// The token says that it is signed with a key that is not among those known; all else about it is right. Nobody knows
// whether the signature is.
struct UnknownKey {};

// Whether somebody shows a token rather than a key: three parts of base64url with dots between them. A look only.
bool is_like_token(std::string_view shown);

// A JSON web token as RFC 7515, RFC 7519 and RFC 8725 have it, in its compact form, of at most 8 KiB; clocks may differ
// by a minute. Refuses whatever could be read in two ways: members that are there twice, base64url with padding or
// spare bits, parameters that have to be understood (`crit`), and tokens that say by `typ` that they are something
// else. An Error is `invalid_api_key`, in words for the caller, which tell nothing of the token.
Result<std::variant<Claims, UnknownKey>> check_token(std::string_view token, const KeySet& keys,
                                                     const TokenRules& rules, UtcTime now);

}  // namespace sluice::credential
