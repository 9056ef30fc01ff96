#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <unordered_map>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/base/result.hpp>
#include <sluice/credential/jwt.hpp>
#include <sluice/gateway/issued_keys.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/gateway/token_keys.hpp>

namespace sluice {

// One worker's way from tokens to callers. A token that was found to be good is remembered until it expires, since
// checking a signature takes as long as all else that is done for a request. One thread.
class TokenCallers {
 public:
  explicit TokenCallers(const Clock& clock) : clock_(clock) {}
  TokenCallers(const TokenCallers&) = delete;
  TokenCallers& operator=(const TokenCallers&) = delete;

  void use(std::shared_ptr<const TokenKeys> keys);
  // From now on tokens are found for another snapshot, or among other keys.
  void forget();

  // The bearer of a token, as a caller of that snapshot, which has to take tokens and to outlive the result; of the
  // snapshot and the keys in use. `issued` may be null. Errors are the caller's, or unavailable while nobody can say
  // whether the token is good.
  Result<std::shared_ptr<const Key>> find(const Snapshot& world, const IssuedKeys* issued, std::string_view token);

 private:
  struct Known {
    std::shared_ptr<const Key> key;
    UtcTime good_until;
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };
  using Memory = std::unordered_map<Digest, Known, DigestHash>;

  bool are_in_force(TimePoint now) const;
  Result<std::shared_ptr<const Key>> check(const Snapshot& world, const IssuedKeys* issued, std::string_view token,
                                           const Digest& digest);
  std::shared_ptr<const Key> remembered(const Digest& digest);
  void remember(const Digest& digest, Known known);

  const Clock& clock_;
  std::shared_ptr<const TokenKeys> keys_;
  // When the younger half is full, it takes the place of the older one: what nobody shows any more goes, at last.
  Memory younger_;
  Memory older_;
};

}  // namespace sluice
