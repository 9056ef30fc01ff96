#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/credential/grant.hpp>
#include <sluice/credential/service_account.hpp>

namespace sluice::credential {

// Keys of AWS that are simply there.
struct StaticKeys {
  AwsKeys keys;
};

// The server beside a container that gives out keys of the container's role.
struct ContainerKeys {
  std::string target;    // path and query
  Secret authorization;  // the field's value; empty: none
};

// The metadata server of an EC2 instance, version 2: a session, the name of the role, its keys.
struct InstanceKeys {};

// A token for a Google service account's signed statement (RFC 7523).
struct ServiceAccountToken {
  ServiceAccount account;
  std::string scope;
  std::string url;  // of the token server
};

// A token for a client's id and secret (RFC 6749 §4.4), as Entra takes them: in the form.
struct ClientToken {
  std::string client_id;
  Secret client_secret;
  std::string scope;
  std::string url;  // of the token server
};

// Where a grant comes from.
using Source = std::variant<StaticKeys, ContainerKeys, InstanceKeys, ServiceAccountToken, ClientToken>;

// A request to the source's server, without what every request has (host, user-agent, content-length).
struct Ask {
  std::string_view method;
  std::string target;
  Secret lines;  // fields, CRLF included
  Secret body;   // a form, if there is one
};

// The way to one grant: asks one after the other, what each is answered, and the grant. Pure; used once.
class Enquiry {
 public:
  using Step = std::variant<Ask, Granted>;
  virtual ~Enquiry() = default;
  virtual Result<Step> begin(UtcTime now) = 0;
  // What the answer to the last ask leads to. Errors are for operators; they hold nothing secret.
  virtual Result<Step> answered(int status, std::string_view body, UtcTime now) = 0;
};

// The source is borrowed.
std::unique_ptr<Enquiry> enquire(const Source& source);

}  // namespace sluice::credential
