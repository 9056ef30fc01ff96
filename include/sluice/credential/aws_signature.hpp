#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/base/result.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/credential/aws.hpp>

namespace sluice::credential {

// The first link of the chain of keys that signatures are made with: enough to make and to check them, while the secret
// access key itself cannot be had from it.
Hmac signing_root(const Secret& secret_access_key);

// What a request's head says of its signature (Signature Version 4, in header fields). Owns what it needs: the request
// may move or go.
class AwsSignature {
 public:
  // Whether an authorization field has such a signature.
  static bool is_in(std::string_view authorization);

  // `request` has all the fields that came, authorization among them; its payload is not looked at. An Error, in words
  // for the caller, when it was not signed as we demand, whoever's key it was: dated within 15 minutes of `now`, in one
  // spelling only, `host` and all of `x-amz-…` signed, without a session token.
  static Result<AwsSignature> read(const AwsRequest& request, UtcTime now);

  const std::string& access_key_id() const { return access_key_id_; }
  // The SHA-256 of the body, where the head says it; it is signed then.
  const std::optional<Digest>& payload() const { return payload_; }
  // Whether that key signed this head with a body of that SHA-256. As long for a wrong key as for the right one.
  bool is_by(const Hmac& root, const Digest& payload) const;

 private:
  std::string access_key_id_;
  AwsScope scope_;
  std::string time_;
  std::string canonical_;  // of the head
  Digest signature_{};
  std::optional<Digest> payload_;
};

}  // namespace sluice::credential
