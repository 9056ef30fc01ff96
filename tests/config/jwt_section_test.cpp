#include <gtest/gtest.h>

#include "config/cases.hpp"
#include "config/sections.hpp"
#include "support/token_signer.hpp"

namespace sluice::config::jwt_section_test {
namespace {

using testing::Case;
using testing::world;

// A whole section; what follows is further members.
std::string with(const std::string& more) {
  return world + "teams: {t: {}}\njwt: {jwks: \"https://idp.example/keys\", issuer: x, audience: y, " + more + "}\n";
}
std::string at(const std::string& url) { return world + "jwt: {jwks: \"" + url + "\", issuer: x, audience: y}\n"; }
const std::string no_url = "no absolute http or https URL; write https://HOST[:PORT]/PATH, without user or fragment";
const std::string in_between = "over plain HTTP somebody in between could put in keys of its own; write an https URL";

class JwtSection : public testing::Complains {};
TEST_P(JwtSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, JwtSection,
    ::testing::Values(
        Case{"right", with("claims: {team: groups, tags: {user: sub, \"cost centre\": cc}}"), {}},
        Case{"right_without_claims", at("https://idp.example:8443/a/b.json?x=1&y=2"), {}},
        Case{"no_value",
             world + "jwt:\n",
             {"f:3:1: jwt: has no value; write {jwks: URL, issuer: NAME, audience: NAME}"}},
        Case{"not_a_mapping",
             world + "jwt: yes\n",
             {"f:3:6: jwt: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"nothing_of_what_is_needed",
             world + "jwt: {claims: {}}\n",
             {"f:3:1: jwt.jwks: is missing; write jwks: https://HOST/PATH, or file:/path",
              "f:3:1: jwt.issuer: is missing; write what tokens have as iss",
              "f:3:1: jwt.audience: is missing; write what tokens have as aud"}},
        Case{"empty_names",
             world + "jwt: {jwks: \"https://i/k\", issuer: \"\", audience: }\n",
             {"f:3:36: jwt.issuer: is empty; write a value, or remove the key",
              "f:3:40: jwt.audience: has no value; write one, or remove the key"}},
        Case{"unknown_key",
             with("secret: x"),
             {"f:4:65: jwt.secret: unknown key \"secret\"; known here: jwks, issuer, "
              "audience, claims, allow_private, tls"}},
        Case{"unknown_claim",
             with("claims: {teams: groups}"),
             {"f:4:74: jwt.claims.teams: unknown key \"teams\"; did "
              "you mean \"team\"?"}},
        Case{
            "tag_that_is_none",
            with("claims: {tags: {\"a=b\": sub, c: }}"),
            {"f:4:81: jwt.claims.tags[\"a=b\"]: no usable word of a tag; 1 to 256 characters without commas and equals "
             "signs, and without spaces around them",
             "f:4:93: jwt.claims.tags.c: has no value; write one, or remove the key"}},
        Case{
            "team_without_teams",
            world + "jwt: {jwks: \"https://i/k\", issuer: x, audience: y, claims: {team: groups}}\n",
            {"warning f:3:67: jwt.claims.team: there are no teams, so no token will let anybody in; add some to teams, "
             "or remove it"}},
        Case{"no_url", at("idp.example/keys"), {"f:3:13: jwt.jwks: " + no_url}},
        Case{"url_of_another_sort", at("ftp://idp.example/keys"), {"f:3:13: jwt.jwks: " + no_url}},
        Case{"url_with_a_user", at("https://a:b@idp.example/keys"), {"f:3:13: jwt.jwks: " + no_url}},
        Case{"url_with_a_fragment", at("https://idp.example/keys#1"), {"f:3:13: jwt.jwks: " + no_url}},
        Case{"url_with_a_space_in_its_query", at("https://idp.example/keys?a b"), {"f:3:13: jwt.jwks: " + no_url}},
        Case{"plain_http", at("http://idp.example/keys"), {"f:3:13: jwt.jwks: " + in_between}},
        Case{"plain_http_to_a_private_address", at("http://10.0.0.7/keys"), {"f:3:13: jwt.jwks: " + in_between}},
        Case{"plain_http_to_this_machine", at("http://127.0.0.1:9000/keys"), {}},
        Case{"plain_http_to_this_machine_over_ipv6", at("http://[::1]:9000/keys"), {}},
        Case{"plain_http_to_localhost", at("http://localhost:9000/keys"), {}},
        Case{"plain_http_in_one_s_own_network",
             world + "jwt: {jwks: \"http://idp.lan/keys\", issuer: x, audience: y, allow_private: true}\n",
             {}},
        Case{"file_that_is_not_there",
             at("file:/nowhere"),
             {"f:3:13: jwt.jwks: cannot read the file \"/nowhere\"; check that it exists and that Sluice may read it"}},
        Case{"file_that_is_no_key_set",
             at("file:/secrets/key"),
             {"f:3:13: jwt.jwks: the key set is no JSON object; name a JWK set, such as {\"keys\": [{\"kty\": \"RSA\", "
              "…}]}"}},
        Case{"file_that_is_reached_in_no_way",
             world + "jwt: {jwks: \"file:/secrets/key\", issuer: x, audience: y, allow_private: true, tls: {ca: /c}}\n",
             {"f:3:13: jwt.jwks: the key set is no JSON object; name a JWK set, such as {\"keys\": [{\"kty\": \"RSA\", "
              "…}]}",
              "f:3:58: jwt.allow_private: has no effect: the keys are those of a file; remove it",
              "f:3:79: jwt.tls: has no effect: the keys are those of a file; remove it"}}),
    testing::name_of);

Config read(const std::string& text, const Surroundings& around = testing::surroundings()) {
  const Loaded loaded = load(text, around);
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config;
}

TEST(JwtSection, is_read) {
  const Config config = read(with("claims: {team: groups, tags: {user: sub}}"));
  ASSERT_TRUE(config.jwt);
  EXPECT_EQ(config.jwt->rules.issuer, "x");
  EXPECT_EQ(config.jwt->rules.audience, "y");
  EXPECT_EQ(config.jwt->rules.team, "groups");
  ASSERT_EQ(config.jwt->rules.tags.size(), 1u);
  EXPECT_EQ(config.jwt->rules.tags[0].tag, "user");
  EXPECT_EQ(config.jwt->rules.tags[0].claim, "sub");
  EXPECT_EQ(config.jwt->jwks.url, "https://idp.example/keys");
  EXPECT_FALSE(config.jwt->jwks.allow_private);
  EXPECT_EQ(config.jwt->keys, nullptr);
  EXPECT_FALSE(read(world).jwt);
}

TEST(JwtSection, this_machine_may_be_asked_at_this_machine) {
  EXPECT_TRUE(read(at("http://localhost:9000/keys")).jwt->jwks.allow_private);
}

TEST(JwtSection, keys_of_a_file_are_read_with_the_configuration) {
  Surroundings around = testing::surroundings();
  const std::string text = test::key_set({test::TokenSigner::eddsa().jwk()});
  around.file = [text](const std::string& path) { return path == "/keys.json" ? std::optional(text) : std::nullopt; };
  const Config config = read(at("file:/keys.json"), around);
  ASSERT_TRUE(config.jwt);
  ASSERT_NE(config.jwt->keys, nullptr);
  EXPECT_EQ(config.jwt->keys->size(), 1u);
  EXPECT_EQ(config.jwt->jwks.url, "");
}

TEST(PageUrl, keeps_its_path_and_query_as_they_are) {
  const auto target = [](const char* url) {
    const auto page = parse_page_url(url);
    return page ? page->target : "none";
  };
  EXPECT_EQ(target("https://h"), "/");
  EXPECT_EQ(target("https://h/"), "/");
  EXPECT_EQ(target("https://h:1/a/"), "/a/");
  EXPECT_EQ(target("https://h/a?b=c/d?e"), "/a?b=c/d?e");
  EXPECT_EQ(target("https://h?a"), "/?a");
  EXPECT_EQ(target("https://h/a#b"), "none");
  EXPECT_EQ(target("https://h/a?b\r\nc"), "none");
}

}  // namespace
}  // namespace sluice::config::jwt_section_test
