#include "config/credential_section.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "config/cases.hpp"
#include "credential/rsa_keys.hpp"

namespace sluice::config {
namespace {

using testing::Case;

const std::string model = "models: {m: {targets: [{provider: p}]}}\n";

class CredentialSection : public testing::Complains {};
TEST_P(CredentialSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, CredentialSection,
    ::testing::Values(
        Case{"keys_of_another_kind",
             model + "providers: {p: {kind: vllm, profile: x, credentials: x, tenant_id: x}}\n",
             {"f:2:29: providers.p.profile: has no effect: kind vllm does not use it; remove it",
              "f:2:41: providers.p.credentials: has no effect: kind vllm does not use it; remove it",
              "f:2:57: providers.p.tenant_id: has no effect: kind vllm does not use it; remove it"}},
        Case{"places_of_another_kind",
             model + "providers: {p: {kind: vllm, project: x, location: x}}\n",
             {"f:2:29: providers.p.project: has no effect: kind vllm has no projects; remove it",
              "f:2:41: providers.p.location: has no effect: kind vllm has no locations; remove it"}},
        Case{"half_of_the_keys",
             model + "providers: {p: {kind: bedrock, region: r, access_key_id: A}}\n",
             {"f:2:13: providers.p.secret_access_key: is missing: access_key_id, secret_access_key belong together; "
              "write all of them"}},
        Case{
            "session_token_alone",
            model + "providers: {p: {kind: bedrock, region: r, session_token: \"${TEAM_KEY}\", profile: x}}\n",
            {"f:2:43: providers.p.session_token: is of no use without access_key_id and secret_access_key; write them, "
             "or remove it",
             "f:2:82: providers.p.profile: cannot use the profile \"x\" of AWS's shared files: there is no such "
             "profile; "
             "name a profile with aws_access_key_id and aws_secret_access_key, or write access_key_id"}},
        Case{"key_beside_keys",
             model + "providers: {p: {kind: bedrock, region: r, api_key: \"${TEAM_KEY}\", access_key_id: A, "
                     "secret_access_key: \"${OTHER_KEY}\"}}\n",
             {"f:2:67: providers.p.access_key_id: stands beside api_key, which says the same in another way; keep one "
              "of "
              "them"}},
        Case{"profile_beside_keys",
             model + "providers: {p: {kind: bedrock, region: r, access_key_id: A, secret_access_key: \"${OTHER_KEY}\", "
                     "profile: x}}\n",
             {"f:2:96: providers.p.profile: stands beside access_key_id, which says the same in another way; keep one "
              "of "
              "them"}},
        Case{"nothing_to_sign_for",
             model + "providers: {p: {kind: bedrock, base_url: \"http://h\", profile: x}}\n",
             {"f:2:13: providers.p.region: is missing: requests are signed for a region; write region: NAME"}},
        Case{"secret_in_the_file",
             model + "providers: {p: {kind: bedrock, region: r, access_key_id: A, secret_access_key: canary}}\n",
             {"warning f:2:80: providers.p.secret_access_key: the secret itself stands in the file; write ${NAME} for "
              "an "
              "environment variable, or file:/path"}},
        Case{"account_missing",
             model + "providers: {p: {kind: vertex, location: l, project: x}}\n",
             {"f:2:13: providers.p.credentials: is missing: the key file of a service account; write credentials: "
              "file:/path/to/the/key.json"}},
        Case{"account_that_is_none",
             model + "providers: {p: {kind: vertex, location: l, project: x, credentials: \"file:/secrets/lines\"}}\n",
             {"f:2:69: providers.p.credentials: cannot be used: this is no JSON object; name the key file of a service "
              "account, as the console makes it"}},
        Case{
            "account_that_is_not_there",
            model + "providers: {p: {kind: vertex, location: l, project: x, credentials: \"file:/nowhere\"}}\n",
            {"f:2:69: providers.p.credentials: cannot read the file \"/nowhere\"; check that it exists and that Sluice "
             "may read it"}},
        Case{"key_for_an_account",
             model + "providers: {p: {kind: vertex, location: l, project: x, api_key: \"${TEAM_KEY}\"}}\n",
             {"f:2:13: providers.p.credentials: is missing: the key file of a service account; write credentials: "
              "file:/path/to/the/key.json",
              "f:2:56: providers.p.api_key: has no effect: kind vertex uses credentials; remove it"}},
        Case{"location_missing",
             model + "providers: {p: {kind: vertex, project: x, credentials: \"${EMPTY}\"}}\n",
             {"f:2:13: providers.p.location: kind vertex needs a location; write location: NAME",
              "f:2:56: providers.p.credentials: the secret is empty; give it a value where the reference leads to"}},
        Case{"location_that_is_none",
             model + "providers: {p: {kind: vertex, location: \"a.b/\", project: \"..\", credentials: \"${EMPTY}\"}}\n",
             {"f:2:41: providers.p.location: no location; write its name, such as europe-west4, or global",
              "f:2:58: providers.p.project: no project; write its id, such as my-project",
              "f:2:77: providers.p.credentials: the secret is empty; give it a value where the reference leads to"}},
        Case{"location_beside_an_address",
             model + "providers: {p: {kind: vertex, base_url: \"http://h\", location: l, credentials: \"${EMPTY}\"}}\n",
             {"f:2:53: providers.p.location: has no effect beside base_url; remove it; base_url's path has to name it",
              "f:2:79: providers.p.credentials: the secret is empty; give it a value where the reference leads to"}},
        Case{"client_in_parts",
             model + "providers: {p: {kind: azure, base_url: \"https://h\", client_id: c}}\n",
             {"f:2:13: providers.p.tenant_id: is missing: tenant_id, client_id, client_secret belong together; write "
              "all "
              "of them",
              "f:2:13: providers.p.client_secret: is missing: tenant_id, client_id, client_secret belong together; "
              "write "
              "all of them"}},
        Case{"client_beside_a_key",
             model + "providers: {p: {kind: azure, base_url: \"https://h\", api_key: \"${TEAM_KEY}\", tenant_id: t, "
                     "client_id: c, client_secret: \"${OTHER_KEY}\"}}\n",
             {"f:2:91: providers.p.client_id: stands beside api_key, which says the same in another way; keep one of "
              "them"}},
        Case{"tenant_that_is_none",
             model + "providers: {p: {kind: azure, base_url: \"https://h\", tenant_id: \"../x\", client_id: c, "
                     "client_secret: \"${OTHER_KEY}\"}}\n",
             {"f:2:64: providers.p.tenant_id: no id or domain of a tenant; write it as the portal shows it"}},
        Case{"token_url_without_a_client",
             model + "providers: {p: {kind: azure, base_url: \"https://h\", token_url: \"https://x/\", scope: s}}\n",
             {"f:2:53: providers.p.token_url: is of no use without client_id and client_secret; write them, or remove "
              "it",
              "f:2:78: providers.p.scope: is of no use without client_id and client_secret; write them, or remove it"}},
        Case{"token_url_in_the_clear",
             model + "providers: {p: {kind: azure, base_url: \"https://h\", token_url: \"http://x/\", client_id: c, "
                     "client_secret: \"${OTHER_KEY}\"}}\n",
             {"f:2:64: providers.p.token_url: the credential would be sent over plain HTTP; write an https URL"}},
        Case{"built_in",
             model + "providers: {p: {kind: demo, profile: x, location: l}}\n",
             {"f:2:29: providers.p.profile: has no effect: kind demo is built in; remove it",
              "f:2:41: providers.p.location: has no effect: kind demo is built in; remove it"}}),
    testing::name_of);

using Texts = std::map<std::string, std::string>;

// The only provider of a configuration, in these surroundings; complaints are added to the text.
struct Read {
  explicit Read(const std::string& provider, const Texts& variables = {}, const Texts& files = {}) {
    const auto find = [](const Texts& all, const std::string& name) {
      const auto found = all.find(name);
      return found == all.end() ? std::nullopt : std::optional(found->second);
    };
    const Surroundings around{[=](const std::string& name) { return find(variables, name); },
                              [=](const std::string& path) { return find(files, path); }};
    const Loaded loaded = load("providers: {p: {" + provider + "}}\n" + model, around);
    for (const Complaint& complaint : loaded.complaints) complaints += testing::line_of(complaint) + "\n";
    if (!loaded.config.providers.empty()) it = loaded.config.providers[0];
  }
  // Keys and where they come from, in a word.
  std::string source() const {
    if (!it.credential) return it.api_key.empty() ? "none" : "key " + std::string(it.api_key.reveal());
    const Credential& credential = *it.credential;
    if (const auto* keys = std::get_if<credential::StaticKeys>(&credential.source)) {
      return keys->keys.access_key_id + " " + std::string(keys->keys.secret_access_key.reveal()) + " " +
             std::string(keys->keys.session_token.reveal());
    }
    if (const auto* container = std::get_if<credential::ContainerKeys>(&credential.source)) {
      return credential.url + " " + container->target + " " + std::string(container->authorization.reveal());
    }
    return std::holds_alternative<credential::InstanceKeys>(credential.source) ? "instance at " + credential.url
                                                                               : "token";
  }
  Provider it;
  std::string complaints;
};

const std::string aws = "kind: bedrock, region: eu-west-1";
const Texts shared{{"/home/me/.aws/credentials",
                    "[default]\naws_access_key_id=AD\naws_secret_access_key=sd\n[work]\naws_access_key_id=AW\n"
                    "aws_secret_access_key=sw\n"},
                   {"/home/me/.aws/config", "[profile role]\nrole_arn=x\n"}};

TEST(AwsCredential, is_written_in_the_file) {
  const Read read(aws + ", access_key_id: A, secret_access_key: \"${S}\", session_token: \"${T}\"",
                  {{"S", "s"}, {"T", "t"}, {"AWS_BEARER_TOKEN_BEDROCK", "b"}});
  EXPECT_EQ(read.complaints, "");
  EXPECT_EQ(read.source(), "A s t");
  EXPECT_EQ(read.it.credential->scope.region, "eu-west-1");
  EXPECT_EQ(read.it.credential->scope.service, "bedrock");
  EXPECT_EQ(read.it.base_url, "https://bedrock-runtime.eu-west-1.amazonaws.com");
}

TEST(AwsCredential, is_looked_for_in_the_order_of_awss_own_tools) {
  Texts variables{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}};
  EXPECT_EQ(Read(aws, variables).source(), "http://169.254.170.2 /v2/x ");
  variables["HOME"] = "/home/me";
  EXPECT_EQ(Read(aws, variables, shared).source(), "AD sd ");
  variables["AWS_PROFILE"] = "work";
  EXPECT_EQ(Read(aws, variables, shared).source(), "AW sw ");
  variables["AWS_ACCESS_KEY_ID"] = "AE";
  EXPECT_EQ(Read(aws, variables, shared).source(), "AW sw ") << "half of a pair is none";
  variables["AWS_SECRET_ACCESS_KEY"] = "se";
  EXPECT_EQ(Read(aws, variables, shared).source(), "AE se ");
  variables["AWS_BEARER_TOKEN_BEDROCK"] = "";
  EXPECT_EQ(Read(aws, variables, shared).source(), "AE se ");
  variables["AWS_BEARER_TOKEN_BEDROCK"] = "bearer";
  EXPECT_EQ(Read(aws, variables, shared).source(), "key bearer");
  EXPECT_EQ(Read(aws + ", profile: work", variables, shared).source(), "AW sw ");
  variables["K"] = "explicit";
  EXPECT_EQ(Read(aws + ", api_key: \"${K}\"", variables, shared).source(), "key explicit");
}

TEST(AwsCredential, is_the_machines_own_when_there_is_no_other) {
  EXPECT_EQ(Read(aws).source(), "instance at http://169.254.169.254");
  const Texts elsewhere{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1234"}};
  EXPECT_EQ(Read(aws, elsewhere).source(), "instance at http://127.0.0.1:1234");
  const Read without(aws, {{"AWS_EC2_METADATA_DISABLED", "true"}});
  EXPECT_NE(without.complaints.find("f:1:13: providers.p.profile: there are no credentials"), std::string::npos)
      << without.complaints;
}

TEST(AwsCredential, is_not_sent_to_an_address_of_ones_own_unless_a_region_is_written) {
  const Texts variables{{"AWS_ACCESS_KEY_ID", "AE"}, {"AWS_SECRET_ACCESS_KEY", "se"}};
  EXPECT_EQ(Read("kind: bedrock, base_url: \"http://127.0.0.1:1\"", variables).source(), "none");
  EXPECT_EQ(Read("kind: bedrock, region: r, base_url: \"http://127.0.0.1:1\"", variables).source(), "AE se ");
}

TEST(AwsCredential, of_a_container_is_asked_for_at_known_addresses_only) {
  const std::string full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const Texts token{{full, "http://169.254.170.23/v1/credentials"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t"}};
  EXPECT_EQ(Read(aws, token, {{"/t", "pod-token\n"}}).source(), "http://169.254.170.23 /v1/credentials pod-token");
  EXPECT_EQ(Read(aws, {{full, "https://keys.example/x?y=1"}}).source(), "https://keys.example /x?y=1 ");
  for (const char* bad : {"http://evil.example/x", "http://169.254.169.254/x", "nowhere", "http://", "/x"}) {
    EXPECT_NE(Read(aws, {{full, bad}}).complaints, "") << bad;
  }
  EXPECT_NE(Read(aws, token).complaints, "") << "the token's file is not there";
  const Texts split{{full, "http://127.0.0.1/x"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nb"}};
  EXPECT_NE(Read(aws, split).complaints, "");
}

TEST(AwsCredential, does_not_fall_through_to_another_identity) {
  const Texts role{{"HOME", "/home/me"}, {"AWS_PROFILE", "role"}};
  EXPECT_NE(Read(aws, role, shared).complaints.find("the profile gets its keys by role_arn"), std::string::npos);
  const Texts web{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}};
  EXPECT_NE(Read(aws, web).complaints.find("web identities are not supported"), std::string::npos);
  const Texts nobody{{"HOME", "/home/me"}, {"AWS_PROFILE", "nobody"}};
  EXPECT_NE(Read(aws, nobody, shared).complaints.find("there is no such profile"), std::string::npos);
}

class ServiceAccountCredential : public ::testing::Test {
 protected:
  std::string file(const std::string& token_url = "https://oauth2.googleapis.com/token") const {
    return nlohmann::json{{"type", "service_account"},
                          {"project_id", "from-the-file"},
                          {"client_email", "me@example"},
                          {"private_key", key_.pem()},
                          {"token_uri", token_url}}
        .dump();
  }
  static const credential::ServiceAccountToken& token_of(const Read& read) {
    return std::get<credential::ServiceAccountToken>(read.it.credential->source);
  }
  const credential::testing::RsaKey key_;
};

TEST_F(ServiceAccountCredential, is_a_file_that_may_name_the_project_too) {
  const Read read("kind: vertex, location: europe-west4, credentials: \"file:/sa.json\"", {}, {{"/sa.json", file()}});
  ASSERT_EQ(read.complaints, "");
  EXPECT_EQ(
      read.it.base_url,
      "https://europe-west4-aiplatform.googleapis.com/v1/projects/from-the-file/locations/europe-west4/publishers/"
      "google");
  EXPECT_EQ(token_of(read).account.email, "me@example");
  EXPECT_EQ(token_of(read).scope, "https://www.googleapis.com/auth/cloud-platform");
  EXPECT_EQ(token_of(read).url, "https://oauth2.googleapis.com/token");
  EXPECT_FALSE(read.it.credential->reached_like);
}

TEST_F(ServiceAccountCredential, goes_to_the_bare_host_for_the_global_location) {
  const Read read("kind: vertex, location: global, project: mine", {{"GOOGLE_APPLICATION_CREDENTIALS", "/sa.json"}},
                  {{"/sa.json", file()}});
  ASSERT_EQ(read.complaints, "");
  EXPECT_EQ(read.it.base_url, "https://aiplatform.googleapis.com/v1/projects/mine/locations/global/publishers/google");
}

TEST_F(ServiceAccountCredential, may_ask_another_token_server) {
  const Read read(
      "kind: vertex, location: l, credentials: \"${SA}\", token_url: \"http://127.0.0.1:1/token\", tls: {ca: /ca.pem}",
      {{"SA", file()}});
  ASSERT_EQ(read.complaints, "");
  EXPECT_EQ(token_of(read).url, "http://127.0.0.1:1/token");
  EXPECT_TRUE(read.it.credential->reached_like);
  const Read plain("kind: vertex, location: l, credentials: \"${SA}\"", {{"SA", file("http://evil.example/")}});
  EXPECT_NE(plain.complaints.find("its token_uri is no https URL"), std::string::npos);
}

TEST(ClientCredential, is_asked_of_the_tenants_server) {
  const Read read(
      "kind: azure, base_url: \"https://r.example/openai/v1\", tenant_id: t-1, client_id: c, client_secret: "
      "\"${S}\"",
      {{"S", "s~1"}});
  ASSERT_EQ(read.complaints, "");
  ASSERT_TRUE(read.it.credential);
  const auto& token = std::get<credential::ClientToken>(read.it.credential->source);
  EXPECT_EQ(read.it.credential->url, "https://login.microsoftonline.com/t-1/oauth2/v2.0/token");
  EXPECT_EQ(token.url, read.it.credential->url);
  EXPECT_EQ(token.client_id, "c");
  EXPECT_EQ(token.client_secret.reveal(), "s~1");
  EXPECT_EQ(token.scope, "https://cognitiveservices.azure.com/.default");
  EXPECT_TRUE(read.it.api_key.empty());
}

TEST(ClientCredential, may_be_of_another_cloud) {
  const Read read(
      "kind: azure, base_url: \"https://r.example\", token_url: \"https://login.example/x/token\", client_id: "
      "c, client_secret: \"${S}\", scope: \"https://other.example/.default\"",
      {{"S", "s"}});
  ASSERT_EQ(read.complaints, "");
  const auto& token = std::get<credential::ClientToken>(read.it.credential->source);
  EXPECT_EQ(token.url, "https://login.example/x/token");
  EXPECT_EQ(token.scope, "https://other.example/.default");
}

}  // namespace
}  // namespace sluice::config
