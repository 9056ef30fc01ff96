#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/credential/aws.hpp>

// The steps of Signature Version 4, one by one.
namespace sluice::credential {

inline constexpr std::string_view aws_algorithm = "AWS4-HMAC-SHA256";

// The path as the service sees it in a signature.
std::string canonical_path(std::string_view path, std::string_view service);
// Parameters sorted and in one spelling, whatever the request's own.
std::string canonical_query(std::string_view query);

// The canonical request up to the line of the body's hash, and the names of the fields it covers ("host;x-amz-date").
struct Canonical {
  std::string text;
  std::string signed_names;
};
Canonical canonical_head(const AwsRequest& request, std::string_view service);

// "20150830T123600Z"
std::string basic_time(UtcTime now);
// The time written like that and not otherwise.
std::optional<UtcTime> read_basic_time(std::string_view text);

// The signature of a canonical head and its body's hash. `root` is signing_root()'s; `time` is a basic time.
Digest aws_signature(const Hmac& root, std::string_view canonical_head, const Digest& payload, std::string_view time,
                     const AwsScope& scope);

}  // namespace sluice::credential
