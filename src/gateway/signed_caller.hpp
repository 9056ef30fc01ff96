#pragma once

#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/credential/aws_signature.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/http/message.hpp>

namespace sluice {

// The caller of a request that was signed in AWS's way, between its head and its body: the signature covers both, so
// that nothing is sure before the body is there, unless the head has the body's hash.
class SignedCaller {
 public:
  // An Error is the caller's: the signature is not as it must be, is wrong as far as the head tells, or the body is too
  // large to be taken from somebody who is not known yet. It is the same whether a key has that name or not. The
  // world must outlive the result.
  static Result<SignedCaller> read(const Snapshot& world, const http::RequestView& request, UtcTime now);

  // The key that signed the head that was read and this body. An Error is the caller's.
  Result<const Key*> confirm(std::string_view body) const;

 private:
  SignedCaller(credential::AwsSignature signature, Snapshot::Signer signer)
      : signature_(std::move(signature)), signer_(signer) {}

  credential::AwsSignature signature_;
  Snapshot::Signer signer_;
};

}  // namespace sluice
