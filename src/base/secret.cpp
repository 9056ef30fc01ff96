#include <sluice/base/secret.hpp>

#include <openssl/crypto.h>

namespace sluice {

void Secret::wipe() noexcept {
  // A short string lives inside the object and stays behind after a move, so the whole capacity goes.
  OPENSSL_cleanse(value_.data(), value_.capacity());
  value_.clear();
}

}  // namespace sluice
