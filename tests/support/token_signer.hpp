#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

// An identity provider's side of tokens: keys made for one test, and what they sign.
namespace sluice::test {

std::string base64url(std::string_view bytes);

class TokenSigner {
 public:
  static TokenSigner rs256(std::string kid = "r", unsigned bits = 2048);
  static TokenSigner es256(std::string kid = "e", const char* curve = "P-256");
  static TokenSigner eddsa(std::string kid = "o");

  // The public key as it stands in a key set, and nothing but what a key must have beside its kid.
  nlohmann::json jwk() const;
  // {"alg", "kid"}
  nlohmann::json header() const;
  std::string signature(std::string_view message) const;
  // A token of these two parts, whatever they are.
  std::string token_of(std::string_view header, std::string_view claims) const;
  std::string token(const nlohmann::json& claims) const { return token_of(header().dump(), claims.dump()); }

 private:
  using Key = std::shared_ptr<EVP_PKEY>;
  TokenSigner(std::string algorithm, std::string kid, EVP_PKEY* key);
  std::string parameter(const char* name) const;

  std::string algorithm_;
  std::string kid_;
  Key key_;
};

// One of each, made once: one of RSA takes a while.
const TokenSigner& rsa_signer();    // its kid is "r"
const TokenSigner& ec_signer();     // "e"
const TokenSigner& eddsa_signer();  // "o"

std::string key_set(const std::vector<nlohmann::json>& jwks);

}  // namespace sluice::test
