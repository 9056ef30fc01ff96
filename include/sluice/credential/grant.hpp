#pragma once

#include <optional>

#include <sluice/base/clock.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/credential/aws.hpp>

namespace sluice::credential {

// What proves to a provider who we are: a token to show, or keys to sign with. One of the two is empty.
struct Grant {
  Secret token;
  AwsKeys keys;
};

// A grant, and for how long it is good from the moment it was given.
struct Granted {
  Grant grant;
  std::optional<Duration> lifetime;  // nothing: for ever
};

}  // namespace sluice::credential
