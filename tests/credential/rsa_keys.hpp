#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

// Keys for one test, and the other side of a signed statement: reading and verifying it.
namespace sluice::credential::testing {

class RsaKey {
 public:
  explicit RsaKey(unsigned bits = 2048) : key_(EVP_RSA_gen(bits), EVP_PKEY_free) {}

  std::string pem() const { return written(nullptr); }
  std::string pem_with_passphrase() const { return written("canary"); }

  bool verifies(std::string_view message, std::string_view signature) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  }

 private:
  std::string written(const char* passphrase) const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    const int length = passphrase == nullptr ? 0 : static_cast<int>(std::string_view(passphrase).size());
    PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), passphrase == nullptr ? nullptr : EVP_aes_128_cbc(),
                                  passphrase, length, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

inline std::string from_base64url(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) {
      ADD_FAILURE() << "no base64url: " << text;
      return {};
    }
    group = (group << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFF);
  }
  return bytes;
}

// A JSON web signature taken apart.
struct Statement {
  explicit Statement(const std::string& text) {
    const std::size_t first = text.find('.');
    const std::size_t last = text.rfind('.');
    header = nlohmann::json::parse(from_base64url(text.substr(0, first)), nullptr, false);
    claims = nlohmann::json::parse(from_base64url(text.substr(first + 1, last - first - 1)), nullptr, false);
    message = text.substr(0, last);
    signature = from_base64url(text.substr(last + 1));
  }
  nlohmann::json header;
  nlohmann::json claims;
  std::string message;
  std::string signature;
};

}  // namespace sluice::credential::testing
