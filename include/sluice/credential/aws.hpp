#pragma once

#include <span>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/base/secret.hpp>

namespace sluice::credential {

// Access keys as AWS hands them out. The token is empty for keys that do not expire.
struct AwsKeys {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
};

// What a signature is good for.
struct AwsScope {
  std::string region;
  std::string service;
};

// A field of a request that its signature covers.
struct SignedField {
  std::string_view name;
  std::string_view value;
};

// A request as it will be sent; everything is borrowed for the call.
struct AwsRequest {
  std::string_view method;
  std::string_view target;              // path and query, percent-encoded
  std::span<const SignedField> fields;  // `host` among them; without x-amz-date and x-amz-security-token
  Digest payload{};                     // SHA-256 of the body
};

// Signature Version 4: appends the field lines that make the request a signed one, CRLF included: x-amz-date,
// x-amz-security-token if the keys have a token, authorization. The path is encoded once more than it is sent, but
// for the service s3. Pure; `now` is the time the provider compares with its own clock.
void append_aws_signature(const AwsRequest& request, const AwsKeys& keys, const AwsScope& scope, UtcTime now,
                          std::string& lines);

}  // namespace sluice::credential
