#include "app/config_json.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sluice/base/utc_text.hpp>
#include <sluice/config/load.hpp>

namespace sluice::app::config_json_test {
namespace {

using nlohmann::json;

const UtcTime noon = *parse_utc("2026-11-28T12:00:00Z");
const Origin origin{"/etc/sluice/sluice.yaml", "5feceb66"};

// Every variable is set, each to something of its own that must not be seen.
config::Surroundings canaries() {
  return {[](const std::string& name) { return "canary-value-of-" + name; }, nullptr};
}

config::Config load(const std::string& text) {
  config::Loaded loaded = config::load(text, canaries());
  for (const config::Complaint& complaint : loaded.complaints) EXPECT_TRUE(complaint.warning) << complaint.text("f");
  return std::move(loaded.config);
}

std::string reference_file() {
  std::ifstream stream(SLUICE_CONFIG_FOLDER "/sluice.yaml");
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  // What stands there as a remark because it is not the default.
  const std::string remark = "  # token: ${SLUICE_ADMIN_TOKEN}";
  EXPECT_NE(text.find(remark), std::string::npos);
  text.replace(text.find(remark), remark.size(), "  token: ${SLUICE_ADMIN_TOKEN}");
  return text;
}

json page_of(const config::Config& config) { return json::parse(config_json(config, origin, noon)); }

TEST(ConfigJson, tells_where_the_configuration_came_from) {
  const json page = page_of({});
  EXPECT_EQ(page["file"], "/etc/sluice/sluice.yaml");
  EXPECT_EQ(page["sha256"], "5feceb66");
  EXPECT_EQ(page["loaded_at"], "2026-11-28T12:00:00Z");
  const json embedded = json::parse(config_json({}, {}, noon));
  EXPECT_TRUE(embedded["file"].is_null());
  EXPECT_TRUE(embedded["sha256"].is_null());
}

TEST(ConfigJson, has_no_secret_of_the_reference_file) {
  const std::string text = config_json(load(reference_file()), origin, noon);
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  const json config = json::parse(text)["config"];
  EXPECT_EQ(config["admin"]["token"], true);
  EXPECT_EQ(config["keys"][0]["secret"], true);
  EXPECT_EQ(config["providers"][0]["api_keys"], 1);
  EXPECT_EQ(config["providers"][2]["api_keys"], 2);
  std::map<std::string, json> credentials;
  for (const json& provider : config["providers"]) credentials[provider["name"]] = provider["credential"];
  EXPECT_EQ(credentials["bedrock"], "keys");
  EXPECT_EQ(credentials["azure"], "client");
  EXPECT_TRUE(credentials["openai"].is_null());
  ASSERT_FALSE(config["admin"]["operators"].empty());
  for (const json& one : config["admin"]["operators"]) EXPECT_EQ(one["token"], true) << one;
}

TEST(ConfigJson, has_every_section_of_the_reference_file) {
  const json config = page_of(load(reference_file()))["config"];
  std::vector<std::string> sections;
  for (const auto& [name, section] : config.items()) {
    sections.push_back(name);
    EXPECT_FALSE(section.is_null()) << name;
  }
  // In the order of the alphabet, as this parser keeps them.
  EXPECT_EQ(sections, (std::vector<std::string>{"admin", "alerts", "auth", "jwt", "keys", "ledger", "log", "models",
                                                "organisation", "prices", "providers", "routes", "server", "storage",
                                                "tags", "teams", "unknown_price"}));
}

TEST(ConfigJson, tells_what_is_in_force_in_the_files_own_words) {
  const json config = page_of(load(reference_file()))["config"];
  EXPECT_EQ(config["server"]["listen"], "127.0.0.1:8080");
  EXPECT_EQ(config["server"]["workers"], "auto");
  EXPECT_EQ(config["server"]["timeouts"]["header_ms"], 10'000);
  EXPECT_EQ(config["storage"], "sqlite:///var/lib/sluice/sluice.db");
  EXPECT_EQ(config["models"][0]["targets"][1]["concurrent"], json::parse(R"({"limit":8,"queue":100,"wait_ms":5000})"));
  EXPECT_EQ(config["models"][0]["limits"], json::parse(R"({"rpm":6000})"));
  const json& support = config["teams"][0];
  EXPECT_EQ(support["limits"], json::parse(R"({"rpm":600,"tpm":200000,"concurrent":50,"fair_share":true})"));
  EXPECT_EQ(support["budget"][0]["usd"], "500.00");
  EXPECT_EQ(support["budget"][0]["zone"], "Europe/Berlin");
  EXPECT_EQ(support["budget"][0]["alerts"], json::parse("[80,100]"));
  EXPECT_EQ(support["budget"][0]["raise"][0], json::parse(R"({"usd":"50.00","until":"2026-12-01T00:00:00Z"})"));
  EXPECT_EQ(support["on_exhausted"], "refuse");
  const json& key = config["keys"][0];
  EXPECT_EQ(key["cidrs"], json::parse(R"(["10.0.0.0/8","2001:db8::/32"])"));
  EXPECT_EQ(key["expires"], "2027-01-01T00:00:00Z");
  EXPECT_EQ(config["routes"][1]["when"]["time"]["from"], "08:00");
  EXPECT_EQ(config["routes"][1]["when"]["time"]["zone_minutes"], 60);
  EXPECT_EQ(config["routes"][1]["when"]["share"]["permille"], 125);
  EXPECT_EQ(config["prices"][0]["price"]["above"][0]["output"], "8.00");
  EXPECT_EQ(config["unknown_price"], "allow-and-flag");
  EXPECT_EQ(config["jwt"]["jwks"], "https://idp.example");
  EXPECT_EQ(config["jwt"]["claims"], json::parse(R"({"team":"groups","tags":{"user":"sub"}})"));
}

// Values that no reader of the file takes for secrets, and that may be some all the same.
TEST(ConfigJson, shows_of_addresses_and_headers_only_what_cannot_be_a_secret) {
  const std::string text =
      config_json(load("providers: {p: {kind: openai-compatible, base_url: \"https://${HOST}.example:8443/${PATH}/v1\","
                       " health_check: {path: \"/${PATH}\"}}}\n"
                       "models: {m: {targets: [{provider: p}]}}\n"
                       "routes: [{name: r, when: {headers: {x-inner: \"${HEADER}*\"}}, use: m}]\n"),
                  origin, noon);
  const json config = json::parse(text)["config"];
  EXPECT_EQ(config["providers"][0]["base_url"], "https://canary-value-of-host.example:8443");
  EXPECT_EQ(config["providers"][0]["health_check"], json::parse(R"({"every_ms":10000})"));
  EXPECT_EQ(config["routes"][0]["when"]["headers"], json::parse(R"(["x-inner"])"));
  EXPECT_EQ(text.find("canary-value-of-PATH"), std::string::npos) << text;
  EXPECT_EQ(text.find("canary-value-of-HEADER"), std::string::npos) << text;
}

TEST(ConfigJson, tells_of_credentials_no_more_than_their_sort) {
  const std::string canary = "canary";
  const Secret secret(canary);
  credential::ServiceAccountToken account;
  account.account.private_key = secret;
  account.scope = account.url = canary;
  credential::AwsKeys aws;
  aws.access_key_id = canary;
  aws.secret_access_key = aws.session_token = secret;
  const std::pair<credential::Source, const char*> sources[] = {
      {credential::StaticKeys{aws}, "keys"},
      {credential::ContainerKeys{"/" + canary, secret}, "container"},
      {credential::InstanceKeys{}, "instance"},
      {account, "service_account"},
      {credential::ClientToken{canary, secret, canary, canary}, "client"}};
  config::Config config;
  for (const auto& [source, name] : sources) {
    config::Provider& provider = config.providers.emplace_back();
    provider.credential = config::Credential{source, "https://h/" + canary, false, {}};
    provider.api_key = secret;
    provider.more_keys = {secret, secret};
    provider.ca_file = canary;
    provider.manners.headers = {{"x-fixed", canary}};
  }
  config.server.tls = config::TlsFiles{canary, canary};
  config.admin.token = secret;
  const std::string text = config_json(config, origin, noon);
  EXPECT_EQ(text.find(canary), std::string::npos) << text;
  const json providers = json::parse(text)["config"]["providers"];
  for (std::size_t i = 0; i < providers.size(); ++i) {
    EXPECT_EQ(providers[i]["credential"], sources[i].second);
    EXPECT_EQ(providers[i]["api_keys"], 3);
  }
}

}  // namespace
}  // namespace sluice::app::config_json_test
