#include <sluice/credential/jwks.hpp>

#include <gtest/gtest.h>

#include "credential/base64url.hpp"
#include "support/token_signer.hpp"

namespace sluice::credential::jwks_test {
namespace {

using nlohmann::json;
using sluice::test::base64url;
using sluice::test::ec_signer;
using sluice::test::eddsa_signer;
using sluice::test::key_set;
using sluice::test::rsa_signer;
using sluice::test::TokenSigner;
using Match = KeySet::Match;

std::shared_ptr<const KeySet> read(const std::vector<json>& jwks) {
  auto keys = KeySet::read(key_set(jwks));
  EXPECT_TRUE(keys) << keys.error().message();
  return keys ? *keys : nullptr;
}

// Why a set of these keys is refused; empty when it is not.
std::string refusal(const std::vector<json>& jwks) {
  const auto keys = KeySet::read(key_set(jwks));
  return keys ? "" : keys.error().message();
}
const std::string of_no_use = "the key set has no key that tokens can be checked with";

json with(json jwk, const std::string& name, const json& value) {
  jwk[name] = value;
  return jwk;
}
json without(json jwk, const std::string& name) {
  jwk.erase(name);
  return jwk;
}

struct Vector {
  const char* name;
  TokenAlgorithm algorithm;
  const char* jwk;
  std::string message;
  const char* signature;
};

const std::string joe =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

// RFC 7515 A.2 and A.3, RFC 8037 A.4.
const Vector vectors[] = {
    {"rs256", TokenAlgorithm::rs256,
     R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4)"
     R"(d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS)"
     R"(-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91)"
     R"(kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
     "eyJhbGciOiJSUzI1NiJ9" + joe,
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t"
     "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j"
     "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ"
     "Ge77Rw"},
    {"es256", TokenAlgorithm::es256,
     R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
     R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
     "eyJhbGciOiJFUzI1NiJ9" + joe,
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    {"eddsa", TokenAlgorithm::eddsa,
     R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"}};

class PublishedSignature : public ::testing::TestWithParam<Vector> {};

TEST_P(PublishedSignature, is_found_to_be_good_and_any_other_is_not) {
  const Vector& given = GetParam();
  const auto keys = read({json::parse(given.jwk)});
  ASSERT_NE(keys, nullptr);
  const std::string signature = *from_base64url(given.signature);
  EXPECT_EQ(keys->check(given.algorithm, std::nullopt, given.message, signature), Match::good);
  EXPECT_EQ(keys->check(given.algorithm, std::nullopt, given.message + "x", signature), Match::wrong);
  for (std::size_t at = 0; at < signature.size(); ++at) {
    std::string other = signature;
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_EQ(keys->check(given.algorithm, std::nullopt, given.message, other), Match::wrong) << at;
    EXPECT_EQ(keys->check(given.algorithm, std::nullopt, given.message, signature.substr(0, at)), Match::wrong) << at;
  }
  EXPECT_EQ(keys->check(given.algorithm, std::nullopt, given.message, signature + '\0'), Match::wrong);
}

INSTANTIATE_TEST_SUITE_P(Jwks, PublishedSignature, ::testing::ValuesIn(vectors),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(KeySet, finds_the_key_by_its_name) {
  const TokenSigner other = TokenSigner::es256("f");
  const auto keys = read({rsa_signer().jwk(), ec_signer().jwk(), eddsa_signer().jwk(), other.jwk()});
  EXPECT_EQ(keys->size(), 4u);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "e", "m", ec_signer().signature("m")), Match::good);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "f", "m", other.signature("m")), Match::good);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "f", "m", ec_signer().signature("m")), Match::wrong);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "g", "m", ec_signer().signature("m")), Match::unknown);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "r", "m", ec_signer().signature("m")), Match::wrong)
      << "of another sort";
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "", "m", ec_signer().signature("m")), Match::unknown);
}

TEST(KeySet, without_a_name_only_one_key_may_fit) {
  const auto one = read({rsa_signer().jwk(), ec_signer().jwk()});
  EXPECT_EQ(one->check(TokenAlgorithm::es256, std::nullopt, "m", ec_signer().signature("m")), Match::good);
  EXPECT_EQ(one->check(TokenAlgorithm::eddsa, std::nullopt, "m", eddsa_signer().signature("m")), Match::unknown);
  const auto two = read({ec_signer().jwk(), TokenSigner::es256("f").jwk()});
  EXPECT_EQ(two->check(TokenAlgorithm::es256, std::nullopt, "m", ec_signer().signature("m")), Match::wrong);
}

TEST(KeySet, a_name_is_asked_for_only_of_keys_that_have_one) {
  const auto keys = read({without(ec_signer().jwk(), "kid")});
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, std::nullopt, "m", ec_signer().signature("m")), Match::good);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "e", "m", ec_signer().signature("m")), Match::unknown);
}

TEST(KeySet, zeros_are_no_signature_of_an_elliptic_curve) {
  const auto keys = read({ec_signer().jwk()});
  const std::string good = ec_signer().signature("m");
  const std::string zeros(32, '\0');
  for (const std::string& bad : {zeros + zeros, zeros + good.substr(32), good.substr(0, 32) + zeros, std::string(),
                                 std::string(64, '\xFF'), good + good, good.substr(1)}) {
    EXPECT_EQ(keys->check(TokenAlgorithm::es256, "e", "m", bad), Match::wrong);
  }
}

TEST(KeySet, passes_over_what_tokens_are_not_checked_with) {
  const json good = eddsa_signer().jwk();
  const json others[] = {
      {{"kty", "oct"}, {"k", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}},
      {{"kty", "EC"}, {"crv", "P-521"}, {"x", "AA"}, {"y", "AA"}},
      TokenSigner::es256("p384", "P-384").jwk(),
      TokenSigner::rs256("short", 1024).jwk(),
      with(rsa_signer().jwk(), "use", "enc"),
      with(rsa_signer().jwk(), "alg", "RS512"),
      with(rsa_signer().jwk(), "alg", "PS256"),
      with(rsa_signer().jwk(), "key_ops", json::array({"encrypt"})),
      with(rsa_signer().jwk(), "e", "AQ"),
      with(rsa_signer().jwk(), "e", "AQAA"),
      with(rsa_signer().jwk(), "n", "AQAB"),
      with(rsa_signer().jwk(), "n", rsa_signer().jwk()["n"].get<std::string>() + "="),
      with(rsa_signer().jwk(), "n", base64url(std::string(1100, '\xFF'))),
      with(rsa_signer().jwk(), "kid", 7),
      with(ec_signer().jwk(), "x", ec_signer().jwk()["y"]),
      with(ec_signer().jwk(), "x", base64url(std::string(32, '\0'))),
      with(ec_signer().jwk(), "x", "AA"),
      with(ec_signer().jwk(), "crv", "secp256k1"),
      with(eddsa_signer().jwk(), "x", base64url(std::string(31, 'x'))),
      with(eddsa_signer().jwk(), "crv", "X25519"),
      without(eddsa_signer().jwk(), "x"),
      "text",
      nullptr,
  };
  for (const json& other : others) {
    SCOPED_TRACE(other.dump());
    EXPECT_EQ(refusal({other}), of_no_use);
    const auto keys = read({other, good});
    ASSERT_NE(keys, nullptr);
    EXPECT_EQ(keys->size(), 1u);
  }
}

TEST(KeySet, takes_keys_that_say_what_they_are_for) {
  EXPECT_EQ(refusal({with(with(rsa_signer().jwk(), "use", "sig"), "alg", "RS256")}), "");
  EXPECT_EQ(refusal({with(with(ec_signer().jwk(), "key_ops", json::array({"sign", "verify"})), "alg", "ES256")}), "");
  EXPECT_EQ(refusal({with(with(eddsa_signer().jwk(), "alg", "EdDSA"), "x5t", "whatever")}), "");
}

TEST(KeySet, of_two_keys_of_one_name_the_first_counts) {
  const auto keys = read({ec_signer().jwk(), TokenSigner::es256("e").jwk(), with(eddsa_signer().jwk(), "kid", "e")});
  EXPECT_EQ(keys->size(), 2u);
  EXPECT_EQ(keys->check(TokenAlgorithm::es256, "e", "m", ec_signer().signature("m")), Match::good);
  EXPECT_EQ(keys->check(TokenAlgorithm::eddsa, "e", "m", eddsa_signer().signature("m")), Match::good);
}

TEST(KeySet, says_what_is_wrong_with_it) {
  const auto why = [](const std::string& text) {
    const auto keys = KeySet::read(text);
    return keys ? "" : keys.error().message();
  };
  EXPECT_EQ(why("<html>"), "the key set is no JSON object");
  EXPECT_EQ(why("[]"), "the key set is no JSON object");
  EXPECT_EQ(why(R"({"keys":{}})"), "the key set has no list of keys");
  EXPECT_EQ(why(R"({"keys":[]})"), of_no_use);
  EXPECT_EQ(why(key_set(std::vector<json>(65, eddsa_signer().jwk()))), "the key set has more than 64 keys");
  EXPECT_EQ(why(key_set(std::vector<json>(64, eddsa_signer().jwk()))), "");
  EXPECT_EQ(why(key_set({with(eddsa_signer().jwk(), "x5c", std::string(256 * 1024, 'x'))})),
            "the key set is larger than 256 KiB");
}

}  // namespace
}  // namespace sluice::credential::jwks_test
