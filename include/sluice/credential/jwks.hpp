#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/result.hpp>

namespace sluice::credential {

// With which tokens may be signed (RFC 7518 §3, RFC 8037): nothing whose secret we would have to share, and not
// "none".
enum class TokenAlgorithm : std::uint8_t { rs256, es256, eddsa };
std::optional<TokenAlgorithm> token_algorithm_named(std::string_view name);

inline constexpr std::size_t largest_key_set = 256u << 10;  // bytes of its text

// The public keys of an identity provider (JWK set, RFC 7517). Immutable; safe from any thread.
class KeySet {
 public:
  // Takes the keys that tokens can be checked with: RSA of 2048 to 8192 bits, P-256 and Ed25519, for signatures. All
  // others are passed over, as RFC 7517 §5 has it, and of two keys of one kid and sort the second. An Error says what
  // is wrong with the set as a whole: no JSON object, too large, more than 64 keys, or none that can be used.
  static Result<std::shared_ptr<const KeySet>> read(std::string_view json);

  KeySet();
  ~KeySet();
  KeySet(const KeySet&) = delete;
  KeySet& operator=(const KeySet&) = delete;

  std::size_t size() const;

  enum class Match : std::uint8_t {
    good,
    wrong,    // nobody here has signed this
    unknown,  // no key is called so, though there may be one by now
  };
  // Whether one of the keys made this signature. Without `kid` only one key may be of the algorithm's sort, since
  // nobody is to be asked which of many it was.
  Match check(TokenAlgorithm algorithm, const std::optional<std::string>& kid, std::string_view message,
              std::string_view signature) const;

 private:
  struct Key;
  std::vector<Key> keys_;
};

}  // namespace sluice::credential
