#pragma once

#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/base/secret.hpp>

namespace sluice::credential {

// The key file of a Google service account.
struct ServiceAccount {
  std::string email;
  std::string key_id;   // may be empty
  std::string project;  // may be empty
  std::string token_url;
  Secret private_key;  // PEM
};

// Reads a key file and checks that its key can sign. An Error says what is wrong, and nothing of what is secret.
Result<ServiceAccount> read_service_account(std::string_view json);

// A signed statement (RFC 7523, RS256) that the account asks for a token with that scope; good for an hour.
// `audience` is the URL it is sent to.
Result<Secret> sign_assertion(const ServiceAccount& account, std::string_view scope, std::string_view audience,
                              UtcTime now);

}  // namespace sluice::credential
