#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <openssl/evp.h>
#include <nlohmann/json.hpp>
#include <sluice/credential/jwks.hpp>

#include "credential/freeing.hpp"

namespace sluice::credential {

using PublicKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// What a JWK can check: the algorithm its sort is for, and the key.
struct ReadKey {
  TokenAlgorithm algorithm = TokenAlgorithm::rs256;
  PublicKey key;
};

// Nothing for a key of another sort or purpose, one that is too weak, or broken.
std::optional<ReadKey> read_public_key(const nlohmann::json& jwk);

// Whether the key made the signature, in the form that tokens have it (RFC 7518 §3.4 for ES256: both numbers, 32 bytes
// each). Safe from any thread.
bool is_signed_by(EVP_PKEY& key, TokenAlgorithm algorithm, std::string_view message, std::string_view signature);

}  // namespace sluice::credential
