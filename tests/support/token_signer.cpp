#include "support/token_signer.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace sluice::test {
namespace {

std::string bytes_of(const BIGNUM* number, int size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size);
  return bytes;
}

// Both numbers of a signature behind each other, in the place of the library's form.
std::string both_numbers(std::string_view der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size()));
  std::string bytes = bytes_of(ECDSA_SIG_get0_r(pair), 32) + bytes_of(ECDSA_SIG_get0_s(pair), 32);
  ECDSA_SIG_free(pair);
  return bytes;
}

}  // namespace

std::string base64url(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned waiting = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    waiting = (waiting << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    for (bits += 8; bits >= 6; bits -= 6) text += digits[waiting >> (bits - 6) & 63];
  }
  if (bits > 0) text += digits[waiting << (6 - bits) & 63];
  return text;
}

TokenSigner::TokenSigner(std::string algorithm, std::string kid, EVP_PKEY* key)
    : algorithm_(std::move(algorithm)), kid_(std::move(kid)), key_(key, EVP_PKEY_free) {
  if (key_ == nullptr) throw std::runtime_error("no key could be made");
}

TokenSigner TokenSigner::rs256(std::string kid, unsigned bits) {
  return TokenSigner("RS256", std::move(kid), EVP_RSA_gen(bits));
}
TokenSigner TokenSigner::es256(std::string kid, const char* curve) {
  return TokenSigner("ES256", std::move(kid), EVP_EC_gen(curve));
}
TokenSigner TokenSigner::eddsa(std::string kid) {
  return TokenSigner("EdDSA", std::move(kid), EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

std::string TokenSigner::parameter(const char* name) const {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key_.get(), name, &number);
  const int size = algorithm_ == "ES256" ? (EVP_PKEY_get_bits(key_.get()) + 7) / 8 : BN_num_bytes(number);
  std::string text = base64url(bytes_of(number, size));
  BN_free(number);
  return text;
}

nlohmann::json TokenSigner::jwk() const {
  nlohmann::json jwk{{"kid", kid_}};
  if (algorithm_ == "RS256") {
    jwk["kty"] = "RSA";
    jwk["n"] = parameter(OSSL_PKEY_PARAM_RSA_N);
    jwk["e"] = parameter(OSSL_PKEY_PARAM_RSA_E);
  } else if (algorithm_ == "ES256") {
    jwk["kty"] = "EC";
    jwk["crv"] = EVP_PKEY_get_bits(key_.get()) == 256 ? "P-256" : "P-384";
    jwk["x"] = parameter(OSSL_PKEY_PARAM_EC_PUB_X);
    jwk["y"] = parameter(OSSL_PKEY_PARAM_EC_PUB_Y);
  } else {
    std::string bytes(32, '\0');
    std::size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size);
    jwk["kty"] = "OKP";
    jwk["crv"] = "Ed25519";
    jwk["x"] = base64url(bytes);
  }
  return jwk;
}

nlohmann::json TokenSigner::header() const { return {{"alg", algorithm_}, {"kid", kid_}}; }

std::string TokenSigner::signature(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::string out(2048, '\0');
  std::size_t size = out.size();
  EVP_DigestSignInit(context.get(), nullptr, algorithm_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key_.get());
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, message.size()) != 1) {
    throw std::runtime_error("nothing could be signed");
  }
  out.resize(size);
  return algorithm_ == "ES256" ? both_numbers(out) : out;
}

std::string TokenSigner::token_of(std::string_view header, std::string_view claims) const {
  const std::string message = base64url(header) + "." + base64url(claims);
  return message + "." + base64url(signature(message));
}

const TokenSigner& rsa_signer() {
  static const TokenSigner key = TokenSigner::rs256();
  return key;
}

const TokenSigner& ec_signer() {
  static const TokenSigner key = TokenSigner::es256();
  return key;
}

const TokenSigner& eddsa_signer() {
  static const TokenSigner key = TokenSigner::eddsa();
  return key;
}

std::string key_set(const std::vector<nlohmann::json>& jwks) { return nlohmann::json{{"keys", jwks}}.dump(); }

}  // namespace sluice::test
