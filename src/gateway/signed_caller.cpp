#include "gateway/signed_caller.hpp"

#include <string>
#include <utility>
#include <vector>

#include <sluice/base/text.hpp>

namespace sluice {
namespace {

// Of a body that has to be read before anybody knows whose it is. Clients that send its hash have the usual limit.
constexpr std::uint64_t largest_unproven = 8 * 1024 * 1024;

Error wrong(std::string message) {
  return Error(Fault::unauthenticated, Blame::client, "invalid_api_key", std::move(message));
}

// One message for all reasons: which of them it is, only who has the secret may know.
Error mismatch() {
  return wrong(
      "The signature does not match. The access key id is a key's name and the secret access key its secret; what was "
      "signed must arrive unchanged, the host header too.");
}

bool is_moderate(const http::RequestView& request) {
  if (http::find(request.fields, "transfer-encoding")) return false;
  const auto length = http::find(request.fields, "content-length");
  return !length || parse_decimal(*length).value_or(largest_unproven + 1) <= largest_unproven;
}

}  // namespace

Result<SignedCaller> SignedCaller::read(const Snapshot& world, const http::RequestView& request, UtcTime now) {
  std::vector<credential::SignedField> fields;
  fields.reserve(request.fields.size());
  for (const http::Field& field : request.fields) fields.push_back({field.name, field.value});
  const credential::AwsRequest head{http::to_string(request.method), request.target, fields, {}};
  Result<credential::AwsSignature> signature = credential::AwsSignature::read(head, now);
  if (!signature) return std::move(signature).error();
  const Snapshot::Signer signer = world.find_signer(signature->access_key_id());
  if (signature->payload()) {
    if (!signature->is_by(*signer.root, *signature->payload())) return mismatch();
  } else if (!is_moderate(request)) {
    return Error(Fault::too_large, Blame::client, "request_too_large",
                 "A signed body of more than 8 MiB, or of a length that is not said, needs its hash in "
                 "x-amz-content-sha256.");
  }
  return SignedCaller(*std::move(signature), signer);
}

Result<const Key*> SignedCaller::confirm(std::string_view body) const {
  const Digest hash = sha256(body);
  if (signature_.payload()) {
    if (!equal_in_constant_time(*signature_.payload(), hash)) return wrong("The body is not the one that was signed.");
  } else if (!signature_.is_by(*signer_.root, hash)) {
    return mismatch();
  }
  // A stand-in's signature cannot be right, but would it be, nobody is nobody.
  if (signer_.key == nullptr) return mismatch();
  return signer_.key;
}

}  // namespace sluice
