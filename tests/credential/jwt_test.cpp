#include <sluice/credential/jwt.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <span>

#include <sluice/base/digest.hpp>

#include "support/token_signer.hpp"

namespace sluice::credential::jwt_test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using sluice::test::base64url;
using sluice::test::ec_signer;
using sluice::test::eddsa_signer;
using sluice::test::key_set;
using sluice::test::rsa_signer;
using sluice::test::TokenSigner;

constexpr std::int64_t noon = 1'700'000'000;
const TokenRules rules{
    "https://idp.example", "sluice", "groups", {{"user", "sub"}, {"grade", "level"}, {"on", "active"}}};

const KeySet& keys() {
  static const auto read = *KeySet::read(key_set({rsa_signer().jwk(), ec_signer().jwk(), eddsa_signer().jwk()}));
  return *read;
}

json claims() { return {{"iss", "https://idp.example"}, {"aud", "sluice"}, {"sub", "alice"}, {"exp", noon + 600}}; }
json claims_with(const std::string& name, const json& value) {
  json all = claims();
  all[name] = value;
  return all;
}
json claims_without(const std::string& name) {
  json all = claims();
  all.erase(name);
  return all;
}
json header_with(const std::string& name, const json& value) {
  json header = eddsa_signer().header();
  header[name] = value;
  return header;
}
std::string under(const json& header) { return eddsa_signer().token_of(header.dump(), claims().dump()); }

// "good", "unknown", or why not.
std::string verdict(const std::string& token, std::int64_t now = noon) {
  const auto checked = check_token(token, keys(), rules, UtcTime(std::chrono::seconds(now)));
  if (checked) return std::holds_alternative<Claims>(*checked) ? "good" : "unknown";
  EXPECT_EQ(checked.error().code(), "invalid_api_key");
  EXPECT_EQ(checked.error().fault(), Fault::unauthenticated);
  return checked.error().message();
}

Claims said_by(const json& all) {
  const auto checked = check_token(eddsa_signer().token(all), keys(), rules, UtcTime(std::chrono::seconds(noon)));
  EXPECT_TRUE(checked) << checked.error().message();
  return checked ? std::get<Claims>(*checked) : Claims();
}

const std::string malformed = "The token is no JSON web token as this gateway takes it.";
const std::string wrong_signature = "The token's signature does not hold.";
const std::string wrong_algorithm = "The token is not signed with RS256, ES256 or EdDSA.";
const std::string wrong_issuer = "The token is of another issuer.";
const std::string wrong_audience = "The token is for another audience.";
const std::string endless = "The token does not say when it expires.";
const std::string expired = "The token has expired.";
const std::string too_early = "The token is not valid yet.";
const std::string nameless = "The token does not say who its bearer is, in 1 to 256 bytes of `sub`.";

TEST(Jwt, is_good_with_each_algorithm) {
  for (const TokenSigner* signer : {&rsa_signer(), &ec_signer(), &eddsa_signer()})
    EXPECT_EQ(verdict(signer->token(claims())), "good");
}

TEST(Jwt, tells_who_its_bearer_is_and_what_was_asked_for) {
  json all = claims();
  all["groups"] = {"nobody", 7, "support", nullptr, "finance"};
  all["level"] = 3;
  all["active"] = true;
  const Claims said = said_by(all);
  EXPECT_EQ(said.subject, "alice");
  EXPECT_EQ(said.teams, (std::vector<std::string>{"nobody", "support", "finance"}));
  const std::vector<std::pair<std::string, std::string>> tags{{"user", "alice"}, {"grade", "3"}, {"on", "true"}};
  EXPECT_EQ(said.tags, tags);
  EXPECT_EQ(said.good_until, UtcTime(std::chrono::seconds(noon + 660)));
}

TEST(Jwt, a_team_may_stand_alone_and_tags_may_be_missing) {
  const Claims said = said_by(claims_with("groups", "support"));
  EXPECT_EQ(said.teams, std::vector<std::string>{"support"});
  EXPECT_EQ(said.tags.size(), 1u);
  EXPECT_TRUE(said_by(claims()).teams.empty());
  EXPECT_TRUE(said_by(claims_with("groups", json{{"support", true}})).teams.empty());
  for (const json& value : {json(nullptr), json::array({"a"}), json("two\nlines"), json(std::string(257, 'x'))}) {
    EXPECT_EQ(said_by(claims_with("level", value)).tags.size(), 1u) << value.dump();
  }
}

TEST(Jwt, times_are_compared_with_a_minute_s_leeway) {
  EXPECT_EQ(verdict(eddsa_signer().token(claims()), noon + 600 + 59), "good");
  EXPECT_EQ(verdict(eddsa_signer().token(claims()), noon + 600 + 60), expired);
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("nbf", noon + 60))), "good");
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("nbf", noon + 61))), too_early);
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("exp", noon + 0.5))), "good");
}

TEST(Jwt, a_key_nobody_knows_may_exist_by_now_if_all_else_is_right) {
  const TokenSigner newer = TokenSigner::eddsa("newer");
  EXPECT_EQ(verdict(newer.token(claims())), "unknown");
  EXPECT_EQ(verdict(newer.token(claims_with("iss", "x"))), wrong_issuer);
  EXPECT_EQ(verdict(newer.token(claims_with("exp", 1))), expired);
  EXPECT_EQ(verdict(newer.token(claims_without("sub"))), nameless);
}

struct Attack {
  const char* name;
  std::function<std::string()> token;
  std::string refusal;
};

std::string hmac_signed(const std::string& secret) {
  const std::string message = base64url(R"({"alg":"HS256","kid":"r"})") + "." + base64url(claims().dump());
  const Hmac hmac(std::span(reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()));
  const Digest digest = hmac(message);
  return message + "." + base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string without_signature(const std::string& token) { return token.substr(0, token.rfind('.') + 1); }

std::string altered(std::string token, std::size_t part) {
  std::size_t at = 0;
  while (part-- > 0) at = token.find('.', at) + 1;
  token[at + 5] = token[at + 5] == 'A' ? 'B' : 'A';
  return token;
}

std::string with_claims_of(const json& theirs, const std::string& token) {
  const std::size_t first = token.find('.');
  return token.substr(0, first + 1) + base64url(theirs.dump()) + token.substr(token.rfind('.'));
}

std::string twice(std::string_view member) {
  std::string text = claims().dump();
  text.back() = ',';
  return eddsa_signer().token_of(eddsa_signer().header().dump(), text + std::string(member) + "}");
}

const Attack attacks[] = {
    {"alg_none", [] { return without_signature(under(header_with("alg", "none"))); }, wrong_algorithm},
    {"alg_none_in_capitals", [] { return without_signature(under(header_with("alg", "NONE"))); }, wrong_algorithm},
    {"alg_none_with_a_signature", [] { return under(header_with("alg", "none")); }, wrong_algorithm},
    {"no_alg",
     [] {
       return under({{"kid", "o"}});
     },
     malformed},
    {"alg_is_a_list", [] { return under(header_with("alg", json::array({"EdDSA"}))); }, malformed},
    {"the_public_key_as_a_secret", [] { return hmac_signed(rsa_signer().jwk().dump()); }, wrong_algorithm},
    {"the_modulus_as_a_secret", [] { return hmac_signed(rsa_signer().jwk()["n"]); }, wrong_algorithm},
    {"hs256_with_our_key_s_name", [] { return under(header_with("alg", "HS256")); }, wrong_algorithm},
    {"a_longer_hash", [] { return under(header_with("alg", "RS512")); }, wrong_algorithm},
    {"alg_of_another_key",
     [] {
       return under({{"alg", "RS256"}, {"kid", "o"}});
     },
     wrong_signature},
    {"kid_of_another_key", [] { return eddsa_signer().token_of(R"({"alg":"EdDSA","kid":"e"})", claims().dump()); },
     wrong_signature},
    {"kid_is_a_number", [] { return under(header_with("kid", 1)); }, malformed},
    {"kid_is_nothing", [] { return under(header_with("kid", nullptr)); }, malformed},
    {"a_key_of_its_own", [] { return TokenSigner::eddsa("o").token(claims()); }, wrong_signature},
    {"a_key_in_the_header",
     [] {
       const TokenSigner own = TokenSigner::eddsa("o");
       json header = own.header();
       header["jwk"] = own.jwk();
       return own.token_of(header.dump(), claims().dump());
     },
     wrong_signature},
    {"no_signature", [] { return without_signature(eddsa_signer().token(claims())); }, wrong_signature},
    {"altered_header", [] { return altered(eddsa_signer().token(claims()), 0); }, malformed},
    {"altered_signature", [] { return altered(eddsa_signer().token(claims()), 2); }, wrong_signature},
    {"claims_of_somebody_else",
     [] { return with_claims_of(claims_with("sub", "bob"), eddsa_signer().token(claims())); }, wrong_signature},
    {"truncated_signature",
     [] {
       const std::string token = rsa_signer().token(claims());
       const std::string message = token.substr(0, token.rfind('.'));
       return message + "." + base64url(rsa_signer().signature(message).substr(0, 255));
     },
     wrong_signature},
    {"zeros_for_a_signature",
     [] { return without_signature(ec_signer().token(claims())) + base64url(std::string(64, '\0')); }, wrong_signature},
    {"der_for_a_signature",
     [] {
       return without_signature(ec_signer().token(claims())) +
              base64url(std::string("\x30\x06\x02\x01\x01\x02\x01\x01", 8));
     },
     wrong_signature},
    {"a_fourth_part", [] { return eddsa_signer().token(claims()) + ".AA"; }, malformed},
    {"a_fifth_part", [] { return eddsa_signer().token(claims()) + ".AA.AA"; }, malformed},
    {"a_dot_at_the_end", [] { return eddsa_signer().token(claims()) + "."; }, malformed},
    {"padding", [] { return eddsa_signer().token(claims()) + "=="; }, malformed},
    {"a_space_at_the_end", [] { return eddsa_signer().token(claims()) + " "; }, malformed},
    {"bits_to_spare",
     [] {
       std::string token = eddsa_signer().token(claims());  // 64 bytes: the last character has four bits to spare
       token.back() = token.back() == 'A' ? 'B' : static_cast<char>(token.back() + 1);
       return token;
     },
     malformed},
    {"an_extension_that_must_be_understood", [] { return under(header_with("crit", json::array({"exp"}))); },
     malformed},
    {"an_unencoded_payload",
     [] {
       json header = header_with("crit", json::array({"b64"}));
       header["b64"] = false;
       return under(header);
     },
     malformed},
    {"a_proof_of_possession", [] { return under(header_with("typ", "dpop+jwt")); }, malformed},
    {"a_logout", [] { return under(header_with("typ", "logout+jwt")); }, malformed},
    {"typ_is_a_number", [] { return under(header_with("typ", 1)); }, malformed},
    {"header_is_a_list", [] { return eddsa_signer().token_of("[]", claims().dump()); }, malformed},
    {"header_is_no_json", [] { return eddsa_signer().token_of("{alg:EdDSA}", claims().dump()); }, malformed},
    {"claims_are_a_list", [] { return eddsa_signer().token_of(eddsa_signer().header().dump(), "[]"); }, malformed},
    {"claims_are_no_utf8", [] { return eddsa_signer().token_of(eddsa_signer().header().dump(), "{\"sub\":\"\xFF\"}"); },
     malformed},
    {"a_header_member_twice",
     [] { return eddsa_signer().token_of(R"({"alg":"EdDSA","kid":"o","alg":"EdDSA"})", claims().dump()); }, malformed},
    {"two_subjects", [] { return twice(R"("sub":"bob")"); }, malformed},
    {"two_subjects_in_disguise", [] { return twice(R"("s\u0075b":"bob")"); }, malformed},
    {"two_members_deep_down", [] { return twice(R"("x":[{"a":1,"a":2}])"); }, malformed},
    {"another_issuer", [] { return eddsa_signer().token(claims_with("iss", "https://idp.example.evil")); },
     wrong_issuer},
    {"an_issuer_with_a_slash", [] { return eddsa_signer().token(claims_with("iss", "https://idp.example/")); },
     wrong_issuer},
    {"no_issuer", [] { return eddsa_signer().token(claims_without("iss")); }, wrong_issuer},
    {"issuers_in_a_list", [] { return eddsa_signer().token(claims_with("iss", json::array({"https://idp.example"}))); },
     wrong_issuer},
    {"another_audience", [] { return eddsa_signer().token(claims_with("aud", "other")); }, wrong_audience},
    {"no_audience", [] { return eddsa_signer().token(claims_without("aud")); }, wrong_audience},
    {"no_audience_in_the_list", [] { return eddsa_signer().token(claims_with("aud", json::array())); }, wrong_audience},
    {"other_audiences",
     [] {
       return eddsa_signer().token(claims_with("aud", json::array({"a", 1, nullptr})));
     },
     wrong_audience},
    {"an_audience_two_lists_deep",
     [] { return eddsa_signer().token(claims_with("aud", json::array({json::array({"sluice"})}))); }, wrong_audience},
    {"an_audience_in_an_object",
     [] {
       return eddsa_signer().token(claims_with("aud", json{{"sluice", "sluice"}}));
     },
     wrong_audience},
    {"no_end", [] { return eddsa_signer().token(claims_without("exp")); }, endless},
    {"an_end_in_words", [] { return eddsa_signer().token(claims_with("exp", std::to_string(noon + 600))); }, endless},
    {"an_end_before_time", [] { return eddsa_signer().token(claims_with("exp", -1)); }, endless},
    {"an_end_beyond_measure", [] { return eddsa_signer().token(claims_with("exp", 1e300)); }, endless},
    {"a_number_too_large_for_json",
     [] {
       return eddsa_signer().token_of(eddsa_signer().header().dump(),
                                      R"({"iss":"https://idp.example","aud":"sluice","exp":1e999})");
     },
     malformed},
    {"expired", [] { return eddsa_signer().token(claims_with("exp", noon - 3600)); }, expired},
    {"not_yet", [] { return eddsa_signer().token(claims_with("nbf", noon + 3600)); }, too_early},
    {"a_beginning_in_words", [] { return eddsa_signer().token(claims_with("nbf", "soon")); }, malformed},
    {"no_subject", [] { return eddsa_signer().token(claims_without("sub")); }, nameless},
    {"an_empty_subject", [] { return eddsa_signer().token(claims_with("sub", "")); }, nameless},
    {"a_number_for_a_subject", [] { return eddsa_signer().token(claims_with("sub", 7)); }, nameless},
    {"a_long_subject", [] { return eddsa_signer().token(claims_with("sub", std::string(257, 'a'))); }, nameless},
    {"a_subject_of_two_lines", [] { return eddsa_signer().token(claims_with("sub", "a\nb")); }, nameless},
    {"nothing_at_all", [] { return std::string(); }, malformed},
    {"dots_alone", [] { return std::string(".."); }, malformed},
    {"a_token_as_large_as_a_book", [] { return eddsa_signer().token(claims_with("x", std::string(8192, 'x'))); },
     "The token is longer than 8 KiB."},
    {"brackets_without_end",
     [] { return eddsa_signer().token_of(eddsa_signer().header().dump(), R"({"x":)" + std::string(5000, '[') + "}"); },
     malformed},
};

class JwtAttack : public ::testing::TestWithParam<Attack> {};

TEST_P(JwtAttack, is_refused) { EXPECT_EQ(verdict(GetParam().token()), GetParam().refusal); }

INSTANTIATE_TEST_SUITE_P(Jwt, JwtAttack, ::testing::ValuesIn(attacks),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Jwt, forms_that_others_use_are_taken) {
  for (const char* const typ : {"JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"}) {
    EXPECT_EQ(verdict(under(header_with("typ", typ))), "good") << typ;
  }
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("aud", json::array({"other", "sluice"})))), "good");
  EXPECT_EQ(verdict(under({{"alg", "EdDSA"}})), "good") << "only one key fits";
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("exp", 99'999'999'999))), "good");
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("sub", std::string(256, 'a')))), "good");
  EXPECT_EQ(verdict(eddsa_signer().token(claims_with("sub", "auth0|J\u00fcrgen"))), "good");
}

TEST(Jwt, every_signature_but_the_right_one_is_refused) {
  for (const TokenSigner* signer : {&rsa_signer(), &ec_signer(), &eddsa_signer()}) {
    const std::string token = signer->token(claims());
    for (std::size_t at = 0; at < token.size(); ++at) {
      std::string other = token;
      other[at] = other[at] == 'A' ? 'B' : 'A';
      EXPECT_NE(verdict(other), "good") << at;
      EXPECT_NE(verdict(token.substr(0, at)), "good") << at;
    }
  }
}

TEST(Jwt, is_told_from_a_key_by_its_shape) {
  EXPECT_TRUE(is_like_token(eddsa_signer().token(claims())));
  EXPECT_TRUE(is_like_token("eyJhbGciOiJub25lIn0.e30."));
  for (const char* const key :
       {"", "sk-sluice-4k7w2m9q-abc", "a.b", "a.b.c.d", "..", "a..c", ".b.c", "a b.c.d", "a=.b.c"}) {
    EXPECT_FALSE(is_like_token(key)) << key;
  }
}

}  // namespace
}  // namespace sluice::credential::jwt_test
