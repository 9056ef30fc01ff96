#include <sluice/credential/service_account.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <nlohmann/json.hpp>

#include "credential/freeing.hpp"
#include "credential/members.hpp"
#include "credential/trouble.hpp"

namespace sluice::credential {
namespace {

constexpr std::chrono::seconds good_for = std::chrono::hours(1);  // the longest that is accepted
constexpr int least_bits = 2048;

using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// Keys with a passphrase are refused, instead of asking for it at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

// Null when this is no RSA key that may sign.
Key key_of(std::string_view pem) {
  const std::unique_ptr<BIO, Free<BIO_free>> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  const bool usable =
      key != nullptr && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key.get()) >= least_bits;
  return usable ? std::move(key) : nullptr;
}

// RFC 7515 §2: the alphabet of RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the function writes a zero behind its text
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  text.resize(text.find_last_not_of('=') + 1);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// RSASSA-PKCS1-v1_5 with SHA-256; empty when the library refuses.
std::string signature_of(EVP_PKEY* key, std::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t length = 0;
  std::string out;
  bool good = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &length, bytes, message.size()) == 1;
  if (good) {
    out.resize(length);
    good = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, bytes,
                          message.size()) == 1;
    out.resize(length);
  }
  ERR_clear_error();
  return good ? out : std::string();
}

}  // namespace

Result<ServiceAccount> read_service_account(std::string_view json) {
  const std::optional<nlohmann::json> file = read_object(json);
  if (!file) return trouble("this is no JSON object");
  const std::string type = text_member(*file, "type");
  if (type != "service_account") {
    const bool tellable = !type.empty() && type.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    return trouble("this is no key file of a service account" + (tellable ? ", its type is " + type : std::string()));
  }
  ServiceAccount account;
  account.email = text_member(*file, "client_email");
  account.key_id = text_member(*file, "private_key_id");
  account.project = text_member(*file, "project_id");
  account.token_url = text_member(*file, "token_uri");
  account.private_key = Secret(text_member(*file, "private_key"));
  if (account.email.empty()) return trouble("it has no client_email");
  if (key_of(account.private_key.reveal()) == nullptr) {
    return trouble("its private_key is no RSA key of 2048 bits or more in PEM, without a passphrase");
  }
  return account;
}

Result<Secret> sign_assertion(const ServiceAccount& account, std::string_view scope, std::string_view audience,
                              UtcTime now) {
  const Key key = key_of(account.private_key.reveal());
  if (key == nullptr) return trouble("the service account's key cannot be used");
  const auto issued = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  nlohmann::json header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!account.key_id.empty()) header["kid"] = account.key_id;
  const nlohmann::json claims{{"iss", account.email},
                              {"scope", scope},
                              {"aud", audience},
                              {"iat", issued.count()},
                              {"exp", (issued + good_for).count()}};
  std::string text = base64url(written(header)) + "." + base64url(written(claims));
  const std::string signature = signature_of(key.get(), text);
  if (signature.empty()) return trouble("the service account's key cannot sign");
  return Secret(text + "." + base64url(signature));
}

}  // namespace sluice::credential
