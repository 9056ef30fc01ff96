#include <utility>

#include <sluice/base/percent.hpp>
#include <sluice/credential/source.hpp>

#include "credential/answers.hpp"
#include "credential/trouble.hpp"

namespace sluice::credential {
namespace {

using Step = Enquiry::Step;

constexpr std::string_view form_lines =
    "content-type: application/x-www-form-urlencoded\r\naccept: application/json\r\n";
constexpr std::string_view role_folder = "/latest/meta-data/iam/security-credentials/";

Result<Step> step_of(Result<Granted> granted) {
  if (!granted) return std::move(granted).error();
  return Step(*std::move(granted));
}

// Appends "&name=value" to a form.
void append_pair(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form.append(name).append("=");
  append_percent_encoded(form, value);
}

// Path and query of an absolute URL.
std::string target_of(std::string_view url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string_view::npos ? host : url.find('/', host + 3);
  return path == std::string_view::npos ? "/" : std::string(url.substr(path));
}

class NoEnquiry final : public Enquiry {
 public:
  explicit NoEnquiry(const StaticKeys& source) : source_(source) {}
  Result<Step> begin(UtcTime) override { return Step(Granted{{{}, source_.keys}, std::nullopt}); }
  Result<Step> answered(int, std::string_view, UtcTime) override { return trouble("nothing was asked"); }

 private:
  const StaticKeys& source_;
};

class ContainerEnquiry final : public Enquiry {
 public:
  explicit ContainerEnquiry(const ContainerKeys& source) : source_(source) {}

  Result<Step> begin(UtcTime) override {
    std::string lines = "accept: application/json\r\n";
    if (!source_.authorization.empty()) {
      lines.append("authorization: ").append(source_.authorization.reveal()).append("\r\n");
    }
    return Step(Ask{"GET", source_.target, Secret(std::move(lines)), {}});
  }
  Result<Step> answered(int status, std::string_view body, UtcTime now) override {
    return step_of(read_keys_answer(status, body, now));
  }

 private:
  const ContainerKeys& source_;
};

class InstanceEnquiry final : public Enquiry {
 public:
  Result<Step> begin(UtcTime) override {
    std::string lines = "x-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
    return Step(Ask{"PUT", "/latest/api/token", Secret(std::move(lines)), {}});
  }

  Result<Step> answered(int status, std::string_view body, UtcTime now) override {
    switch (asked_) {
      case Asked::session:
        if (status != 200 || !is_sendable(body) || body.size() > 1024) {
          return trouble("the metadata server gave no session, but answered " + std::to_string(status));
        }
        session_ = Secret("x-aws-ec2-metadata-token: " + std::string(body) + "\r\n");
        asked_ = Asked::role;
        return Step(Ask{"GET", std::string(role_folder), session_, {}});
      case Asked::role:
        if (status == 404) return trouble("this machine has no role");
        if (status != 200) return trouble("the metadata server answered " + std::to_string(status));
        asked_ = Asked::keys;
        return ask_for_keys(body.substr(0, body.find('\n')));
      case Asked::keys:
        break;
    }
    return step_of(read_keys_answer(status, body, now));
  }

 private:
  enum class Asked : std::uint8_t { session, role, keys };

  Result<Step> ask_for_keys(std::string_view role) const {
    if (!is_sendable(role) || role.size() > 128) return trouble("the metadata server named no role");
    std::string target(role_folder);
    append_percent_encoded(target, role);
    return Step(Ask{"GET", std::move(target), session_, {}});
  }

  Asked asked_ = Asked::session;
  Secret session_;
};

class AssertionEnquiry final : public Enquiry {
 public:
  explicit AssertionEnquiry(const ServiceAccountToken& source) : source_(source) {}

  Result<Step> begin(UtcTime now) override {
    const Result<Secret> assertion = sign_assertion(source_.account, source_.scope, source_.url, now);
    if (!assertion) return assertion.error();
    std::string form;
    append_pair(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    append_pair(form, "assertion", assertion->reveal());
    return Step(Ask{"POST", target_of(source_.url), Secret(std::string(form_lines)), Secret(std::move(form))});
  }
  Result<Step> answered(int status, std::string_view body, UtcTime) override {
    return step_of(read_token_answer(status, body));
  }

 private:
  const ServiceAccountToken& source_;
};

class ClientEnquiry final : public Enquiry {
 public:
  explicit ClientEnquiry(const ClientToken& source) : source_(source) {}

  Result<Step> begin(UtcTime) override {
    std::string form;
    append_pair(form, "grant_type", "client_credentials");
    append_pair(form, "client_id", source_.client_id);
    append_pair(form, "client_secret", source_.client_secret.reveal());
    append_pair(form, "scope", source_.scope);
    return Step(Ask{"POST", target_of(source_.url), Secret(std::string(form_lines)), Secret(std::move(form))});
  }
  Result<Step> answered(int status, std::string_view body, UtcTime) override {
    return step_of(read_token_answer(status, body));
  }

 private:
  const ClientToken& source_;
};

}  // namespace

std::unique_ptr<Enquiry> enquire(const Source& source) {
  if (const auto* keys = std::get_if<StaticKeys>(&source)) return std::make_unique<NoEnquiry>(*keys);
  if (const auto* container = std::get_if<ContainerKeys>(&source))
    return std::make_unique<ContainerEnquiry>(*container);
  if (const auto* account = std::get_if<ServiceAccountToken>(&source))
    return std::make_unique<AssertionEnquiry>(*account);
  if (const auto* client = std::get_if<ClientToken>(&source)) return std::make_unique<ClientEnquiry>(*client);
  return std::make_unique<InstanceEnquiry>();
}

}  // namespace sluice::credential
