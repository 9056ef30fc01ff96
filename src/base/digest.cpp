// The low-level SHA-256 calls are deprecated in OpenSSL 3, but the EVP ones allocate a context per message.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <sluice/base/digest.hpp>

#include <algorithm>
#include <climits>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace sluice {

// The hash's state after the inner and the outer padded key.
struct Hmac::State {
  SHA256_CTX inner;
  SHA256_CTX outer;
  ~State() { OPENSSL_cleanse(this, sizeof *this); }
};

namespace {

constexpr std::size_t block_bytes = 64;  // of SHA-256

SHA256_CTX begin_with(const std::array<std::uint8_t, block_bytes>& key, std::uint8_t pad) {
  std::array<std::uint8_t, block_bytes> padded;
  std::transform(key.begin(), key.end(), padded.begin(),
                 [pad](std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ pad); });
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, padded.data(), padded.size());
  OPENSSL_cleanse(padded.data(), padded.size());
  return context;
}

}  // namespace

Hmac::Hmac(std::span<const std::uint8_t> key) {
  std::array<std::uint8_t, block_bytes> block{};
  if (key.size() > block_bytes) {
    SHA256(key.data(), key.size(), block.data());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  auto state = std::make_unique<State>();
  state->inner = begin_with(block, 0x36);
  state->outer = begin_with(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
  state_ = std::move(state);
}

Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

Digest Hmac::operator()(std::string_view message) const {
  Digest digest;
  SHA256_CTX context = state_->inner;
  SHA256_Update(&context, message.data(), message.size());
  SHA256_Final(digest.data(), &context);
  context = state_->outer;
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

Digest sha256(std::string_view message) { return sha256(std::span<const std::string_view>(&message, 1)); }

Digest sha256(std::span<const std::string_view> pieces) {
  Digest digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const std::string_view piece : pieces) SHA256_Update(&context, piece.data(), piece.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

bool equal_in_constant_time(const Digest& left, const Digest& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void fill_with_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const std::size_t part = std::min<std::size_t>(out.size(), INT_MAX);
    if (RAND_bytes(out.data(), static_cast<int>(part)) != 1) throw std::runtime_error("no source of randomness");
    out = out.subspan(part);
  }
}

void wipe(std::span<std::uint8_t> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

}  // namespace sluice
