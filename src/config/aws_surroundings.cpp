#include "config/aws_surroundings.hpp"

#include <utility>

#include <sluice/credential/aws_profile.hpp>

#include "config/units.hpp"

namespace sluice::config {
namespace {

// Link-local addresses at which AWS serves nothing but credentials, and this machine itself: the only ones that may be
// asked over plain HTTP.
bool may_be_asked_plainly(const std::string& host) {
  return host == "169.254.170.2" || host == "169.254.170.23" || host == "fd00:ec2::23" || host == "127.0.0.1" ||
         host == "::1" || host == "localhost";
}

}  // namespace

std::string AwsSurroundings::variable(const std::string& name) const {
  return provider_.desk().surroundings.environment(name).value_or("");
}

bool AwsSurroundings::complain(std::string what, std::string remedy) const {
  provider_["profile"].wrong(std::move(what), std::move(remedy));
  return false;
}

std::string AwsSurroundings::shared_file(const std::string& variable_name, const std::string& usual) const {
  std::string path = variable(variable_name);
  const std::string home = variable("HOME");
  if (path.empty() && !home.empty()) path = home + usual;
  return path.empty() ? path : provider_.desk().surroundings.file(path).value_or("");
}

// A profile that nobody named may be missing.
bool AwsSurroundings::take_profile(const std::string& name, bool required, bool& found, Credential& credential) const {
  const Secret keys(shared_file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"));
  const Secret settings(shared_file("AWS_CONFIG_FILE", "/.aws/config"));
  auto profile = credential::read_aws_profile(keys.reveal(), settings.reveal(), name);
  if (profile) {
    found = true;
    credential.source = credential::StaticKeys{std::move(profile->keys)};
    return true;
  }
  if (!required && profile.error().fault() == Fault::not_found) return true;
  return complain("cannot use the profile " + in_quotes(name) + " of AWS's shared files: " + profile.error().message(),
                  "name a profile with aws_access_key_id and aws_secret_access_key, or write access_key_id");
}

bool AwsSurroundings::take_container(bool& found, Credential& credential) const {
  const std::string relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return true;
  found = true;
  const std::string whole = relative.empty() ? full : "http://169.254.170.2" + relative;
  const std::size_t host = whole.find("://");
  const std::size_t path = host == std::string::npos ? host : whole.find('/', host + 3);
  credential::ContainerKeys source;
  source.target = path == std::string::npos ? "/" : whole.substr(path);
  credential.url = whole.substr(0, path);
  const auto url = parse_url(credential.url);
  const bool usable = url && (url->tls || may_be_asked_plainly(url->host)) && is_credential(source.target);
  if (!usable) {
    return complain("AWS_CONTAINER_CREDENTIALS_FULL_URI or its relative form names no address that may be asked",
                    "unset it, or name https, this machine or one of AWS's own addresses");
  }
  std::string token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) token = provider_.desk().surroundings.file(file).value_or("");
  token.erase(token.find_last_not_of("\r\n") + 1);
  if (!token.empty() && !is_credential(token)) {
    return complain("the container's authorization token cannot be sent", "check AWS_CONTAINER_AUTHORIZATION_TOKEN");
  }
  if (token.empty() && !file.empty()) {
    return complain("cannot read the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names",
                    "check that it exists and that Sluice may read it");
  }
  source.authorization = Secret(std::move(token));
  credential.source = std::move(source);
  return true;
}

bool AwsSurroundings::take_instance(Credential& credential) const {
  if (variable("AWS_EC2_METADATA_DISABLED") == "true") {
    return complain("there are no credentials: neither written, nor in the environment, nor in AWS's shared files",
                    "write api_key, or access_key_id and secret_access_key, or profile");
  }
  credential.source = credential::InstanceKeys{};
  credential.url = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (credential.url.empty()) credential.url = "http://169.254.169.254";
  const auto url = parse_url(credential.url);
  if (url && url->path.empty()) return true;
  return complain("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL of a server", "unset it, or write http://HOST[:PORT]");
}

bool AwsSurroundings::find(Secret& bearer, Credential& credential) const {
  const Value written = provider_["profile"];
  bool found = false;
  if (written.written()) {
    std::string name;
    read_text(written, name);
    return !name.empty() && take_profile(name, true, found, credential);
  }
  std::string key = bearer_variable_.empty() ? std::string() : variable(bearer_variable_);
  if (!key.empty()) {
    if (!is_credential(key)) return complain(bearer_variable_ + " cannot be sent", "check for a line break or quotes");
    bearer = Secret(std::move(key));
    return true;
  }
  credential::AwsKeys keys;
  keys.access_key_id = variable("AWS_ACCESS_KEY_ID");
  keys.secret_access_key = Secret(variable("AWS_SECRET_ACCESS_KEY"));
  keys.session_token = Secret(variable("AWS_SESSION_TOKEN"));
  if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) {
    const bool usable = is_credential(keys.access_key_id) && is_credential(keys.secret_access_key.reveal()) &&
                        (keys.session_token.empty() || is_credential(keys.session_token.reveal()));
    if (!usable)
      return complain("AWS_ACCESS_KEY_ID and its companions cannot be sent", "check for line breaks or quotes");
    credential.source = credential::StaticKeys{std::move(keys)};
    return true;
  }
  const std::string name = variable("AWS_PROFILE");
  if (!take_profile(name.empty() ? "default" : name, !name.empty(), found, credential)) return false;
  if (found) return true;
  // Falling through to the machine's role would use another identity than was meant.
  if (!variable("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
    return complain("AWS_WEB_IDENTITY_TOKEN_FILE is set, and web identities are not supported",
                    "unset it, or write api_key, access_key_id or profile");
  }
  if (!take_container(found, credential)) return false;
  return found || take_instance(credential);
}

}  // namespace sluice::config
