#include "credential/public_key.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "credential/base64url.hpp"
#include "credential/members.hpp"

namespace sluice::credential {
namespace {

using nlohmann::json;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using ParameterList = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;

constexpr int fewest_bits = 2048;
constexpr int most_bits = 8192;         // more would hold an event loop for too long
constexpr int most_exponent_bits = 64;  // the same
constexpr std::size_t coordinate = 32;  // bytes of one of P-256, and of a number of its signatures
constexpr std::size_t ed25519_bytes = 32;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

// The member's bytes; nothing when it is not there, or no base64url.
std::optional<std::string> bytes_in(const json& jwk, const char* name) {
  const std::string text = text_member(jwk, name);
  return text.empty() ? std::nullopt : from_base64url(text);
}

PublicKey made_of(const char* sort, const ParameterBuilder& builder) {
  const ParameterList parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, sort, nullptr));
  EVP_PKEY* made = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return PublicKey(made);
}

PublicKey rsa_of(const json& jwk) {
  const auto modulus = bytes_in(jwk, "n");
  const auto exponent = bytes_in(jwk, "e");
  if (!modulus || !exponent || modulus->size() > most_bits / 8 + 1) return nullptr;
  const Number n = number_of(*modulus);
  const Number e = number_of(*exponent);
  const bool is_strong = n != nullptr && e != nullptr && BN_num_bits(n.get()) >= fewest_bits &&
                         BN_num_bits(n.get()) <= most_bits && BN_is_odd(n.get()) && BN_is_odd(e.get()) &&
                         !BN_is_one(e.get()) && BN_num_bits(e.get()) <= most_exponent_bits;
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (!is_strong || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return made_of("RSA", builder);
}

PublicKey p256_of(const json& jwk) {
  const auto x = bytes_in(jwk, "x");
  const auto y = bytes_in(jwk, "y");
  if (text_member(jwk, "crv") != "P-256" || !x || !y || x->size() != coordinate || y->size() != coordinate) {
    return nullptr;
  }
  const std::string point = '\4' + *x + *y;  // uncompressed (SEC 1 §2.3.3)
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  PublicKey key = made_of("EC", builder);
  if (key == nullptr) return nullptr;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  const bool is_on_the_curve = context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
  return is_on_the_curve ? std::move(key) : nullptr;
}

PublicKey ed25519_of(const json& jwk) {
  const auto x = bytes_in(jwk, "x");
  if (text_member(jwk, "crv") != "Ed25519" || !x || x->size() != ed25519_bytes) return nullptr;
  return PublicKey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*x), x->size()));
}

// Whether its owner lets it be used for signatures of that algorithm (RFC 7517 §4.2 to §4.4).
bool is_for_signatures(const json& jwk, std::string_view algorithm) {
  const auto use = jwk.find("use");
  if (use != jwk.end() && *use != "sig") return false;
  const auto said = jwk.find("alg");
  if (said != jwk.end() && *said != std::string(algorithm)) return false;
  const auto purposes = jwk.find("key_ops");
  if (purposes == jwk.end()) return true;
  return purposes->is_array() && std::find(purposes->begin(), purposes->end(), "verify") != purposes->end();
}

struct Sort {
  std::string_view kty;
  std::string_view name;  // of the algorithm
  TokenAlgorithm algorithm;
  PublicKey (*read)(const json& jwk);
};
constexpr std::array<Sort, 3> sorts{{{"RSA", "RS256", TokenAlgorithm::rs256, rsa_of},
                                     {"EC", "ES256", TokenAlgorithm::es256, p256_of},
                                     {"OKP", "EdDSA", TokenAlgorithm::eddsa, ed25519_of}}};

// The form in which the library reads the signatures of elliptic curves. Empty: it is none.
std::string der_of(std::string_view signature) {
  if (signature.size() != 2 * coordinate) return {};
  Number r = number_of(signature.substr(0, coordinate));
  Number s = number_of(signature.substr(coordinate));
  const std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || pair == nullptr || BN_is_zero(r.get()) || BN_is_zero(s.get())) return {};
  // The pair's from here on: it refuses only what is not there.
  if (ECDSA_SIG_set0(pair.get(), r.release(), s.release()) != 1) return {};
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  return i2d_ECDSA_SIG(pair.get(), &out) == size ? der : std::string();
}

}  // namespace

std::optional<TokenAlgorithm> token_algorithm_named(std::string_view name) {
  const auto found = std::find_if(sorts.begin(), sorts.end(), [name](const Sort& sort) { return sort.name == name; });
  return found == sorts.end() ? std::nullopt : std::optional(found->algorithm);
}

std::optional<ReadKey> read_public_key(const nlohmann::json& jwk) {
  if (!jwk.is_object()) return std::nullopt;
  const std::string kty = text_member(jwk, "kty");
  const auto sort = std::find_if(sorts.begin(), sorts.end(), [&](const Sort& one) { return one.kty == kty; });
  if (sort == sorts.end() || !is_for_signatures(jwk, sort->name)) return std::nullopt;
  PublicKey key = sort->read(jwk);
  ERR_clear_error();
  if (key == nullptr) return std::nullopt;
  return ReadKey{sort->algorithm, std::move(key)};
}

bool is_signed_by(EVP_PKEY& key, TokenAlgorithm algorithm, std::string_view message, std::string_view signature) {
  std::string der;
  if (algorithm == TokenAlgorithm::es256) {
    der = der_of(signature);
    signature = der;
  }
  if (signature.empty()) return false;
  const std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const EVP_MD* const digest = algorithm == TokenAlgorithm::eddsa ? nullptr : EVP_sha256();
  const bool good =
      context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, &key) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace sluice::credential
