#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/credential/aws.hpp>

// The steps of Signature Version 4, one by one.
namespace sluice::credential {

// The path as the service sees it in a signature.
std::string canonical_path(std::string_view path, std::string_view service);
// Parameters sorted and in one spelling, whatever the request's own.
std::string canonical_query(std::string_view query);

// The canonical request, and the names of the fields it covers ("host;x-amz-date").
struct Canonical {
  std::string text;
  std::string signed_names;
};
Canonical canonical_request(const AwsRequest& request, std::string_view service);

// "20150830T123600Z"
std::string basic_time(UtcTime now);

std::string string_to_sign(std::string_view canonical, std::string_view time, const AwsScope& scope);

}  // namespace sluice::credential
