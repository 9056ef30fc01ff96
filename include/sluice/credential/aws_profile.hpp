#pragma once

#include <string>
#include <string_view>

#include <sluice/base/result.hpp>
#include <sluice/credential/aws.hpp>

namespace sluice::credential {

struct AwsProfile {
  AwsKeys keys;
  std::string region;  // empty: it names none
};

// The profile of that name in the shared files of AWS's own tools. Either text may be empty; what both have, the
// credentials file decides. An Error, without anything of a secret, when there is no such profile (not_found) or it
// gets its keys in a way that needs more than the files (a role to assume, single sign-on, a process).
Result<AwsProfile> read_aws_profile(std::string_view credentials_file, std::string_view config_file,
                                    std::string_view name);

}  // namespace sluice::credential
