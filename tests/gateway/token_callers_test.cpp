#include "gateway/token_callers.hpp"

#include "gateway/world.hpp"
#include "support/token_signer.hpp"

namespace sluice::test::token_callers_test {
namespace {

using namespace std::chrono_literals;
using credential::KeySet;
using nlohmann::json;

constexpr std::string_view yaml =
    "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n"
    "teams: {finance: {}, support: {}}\nkeys: [{name: app, secret: \"${APP}\"}]\n"
    "jwt: {jwks: \"https://idp.example/keys\", issuer: idp, audience: sluice, claims: {team: groups, tags: {user: "
    "sub}}}\n";
constexpr std::string_view teamless =
    "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n"
    "jwt: {jwks: \"https://idp.example/keys\", issuer: idp, audience: sluice}\n";

class SetClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(1000h) + passed; }
  UtcTime utc() const override {
    return UtcTime(1'700'000'000s) + std::chrono::duration_cast<UtcTime::duration>(passed);
  }
  Duration passed{};
};

const TokenSigner& signer() { return eddsa_signer(); }

json claims(const std::string& subject = "alice") {
  return {{"iss", "idp"},
          {"aud", "sluice"},
          {"sub", subject},
          {"exp", 1'700'000'600},
          {"groups", {"x", "support", "finance"}}};
}

class TokenCallersTest : public ::testing::Test {
 protected:
  TokenCallersTest() { use(signer()); }

  // Keys fetched now.
  void use(const TokenSigner& key) { use(*KeySet::read(key_set({key.jwk()}))); }
  void use(std::shared_ptr<const KeySet> set) {
    callers.use(std::make_shared<const TokenKeys>(TokenKeys{std::move(set), clock.now(), [this] { ++wishes; }}));
  }
  Result<std::shared_ptr<const Key>> find(const std::string& token, const IssuedKeys* issued = nullptr) {
    return callers.find(*world.snapshot, issued, token);
  }
  // The caller's name, or the error's code.
  std::string found(const std::string& token, const IssuedKeys* issued = nullptr) {
    const auto key = find(token, issued);
    return key ? (*key)->name : std::string(key.error().code());
  }

  World world{yaml};
  SetClock clock;
  TokenCallers callers{clock};
  int wishes = 0;
};

TEST_F(TokenCallersTest, a_bearer_is_a_caller_of_the_first_team_that_is_known) {
  const auto key = find(signer().token(claims()));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ((*key)->name, "alice");
  EXPECT_EQ((*key)->team, world->find_team("support"));
  EXPECT_FALSE((*key)->models.patterns);
  EXPECT_EQ((*key)->account, nullptr);
  const std::vector<std::pair<std::string, std::string>> tags{{"user", "alice"}};
  EXPECT_EQ((*key)->tags, tags);
}

TEST_F(TokenCallersTest, a_token_is_checked_once_while_nothing_changes) {
  const std::string token = signer().token(claims());
  const auto first = find(token);
  EXPECT_EQ(*find(token), *first);
  use(signer());
  EXPECT_NE(*find(token), *first) << "there are new keys";
  const auto second = find(token);
  callers.forget();
  EXPECT_NE(*find(token), *second);
}

TEST_F(TokenCallersTest, keys_that_are_still_the_same_change_nothing) {
  const std::shared_ptr<const KeySet> set = *KeySet::read(key_set({signer().jwk()}));
  use(set);
  const auto first = find(signer().token(claims()));
  use(set);
  EXPECT_EQ(*find(signer().token(claims())), *first);
}

TEST_F(TokenCallersTest, a_token_that_is_remembered_expires_like_any_other) {
  const std::string token = signer().token(claims());
  EXPECT_EQ(found(token), "alice");
  clock.passed = 659s;
  EXPECT_EQ(found(token), "alice");
  clock.passed = 660s;
  EXPECT_EQ(find(token).error().message(), "The token has expired.");
}

TEST_F(TokenCallersTest, thousands_of_tokens_are_all_good) {
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "user-" + std::to_string(i);
    ASSERT_EQ(found(signer().token(claims(name))), name);
  }
  EXPECT_EQ(found(signer().token(claims("user-0"))), "user-0");
}

TEST_F(TokenCallersTest, who_has_no_team_of_ours_stays_outside) {
  json lost = claims();
  lost["groups"] = {"sales"};
  EXPECT_EQ(found(signer().token(lost)), "team_not_configured");
  lost.erase("groups");
  EXPECT_EQ(found(signer().token(lost)), "team_not_configured");
}

TEST_F(TokenCallersTest, without_a_claim_for_teams_nobody_has_one) {
  const World other{teamless};
  const auto key = callers.find(*other.snapshot, nullptr, signer().token(claims()));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ((*key)->team, nullptr);
}

TEST_F(TokenCallersTest, nobody_can_be_taken_for_a_key) {
  EXPECT_EQ(found(signer().token(claims("app"))), "name_not_allowed");
  ledger::StoredKeys stored;
  ledger::StoredKey issued;
  issued.id = "0abc9xyz";
  issued.name = "alice";
  stored.keys.push_back(issued);
  const auto keys = IssuedKeys::link(stored, world.snapshot, *world.book, {});
  EXPECT_EQ(found(signer().token(claims()), keys.get()), "name_not_allowed");
  EXPECT_EQ(found(signer().token(claims("bob")), keys.get()), "bob");
  stored.keys[0].revoked_at = UtcTime();
  const auto dead = IssuedKeys::link(stored, world.snapshot, *world.book, {});
  EXPECT_EQ(found(signer().token(claims()), dead.get()), "alice") << "the name of a key that is over is free";
}

TEST_F(TokenCallersTest, before_any_keys_are_known_nothing_is_called_wrong) {
  TokenCallers fresh(clock);
  const auto refused = fresh.find(*world.snapshot, nullptr, signer().token(claims()));
  EXPECT_EQ(refused.error().code(), "token_keys_unavailable");
  EXPECT_EQ(refused.error().fault(), Fault::unavailable);
  EXPECT_EQ(refused.error().retry_after(), 1s);
}

TEST_F(TokenCallersTest, a_key_that_nobody_knows_is_asked_for) {
  const std::string newer = TokenSigner::eddsa("newer").token(claims());
  EXPECT_EQ(found(newer), "invalid_api_key") << "they were fetched just now";
  EXPECT_EQ(wishes, 0);
  clock.passed = 10s;
  EXPECT_EQ(found(newer), "token_keys_unavailable");
  EXPECT_EQ(wishes, 1);
  EXPECT_EQ(found(signer().token(claims())), "alice");
  EXPECT_EQ(wishes, 1);
}

TEST_F(TokenCallersTest, of_keys_from_a_file_there_are_no_others) {
  callers.use(std::make_shared<const TokenKeys>(TokenKeys{*KeySet::read(key_set({signer().jwk()})), clock.now(), {}}));
  clock.passed = 10s;
  EXPECT_EQ(found(TokenSigner::eddsa("newer").token(claims())), "invalid_api_key");
  json late = claims();
  late["exp"] = 1'800'000'000;
  clock.passed = 48h;
  EXPECT_EQ(found(signer().token(late)), "alice") << "and they last";
}

TEST_F(TokenCallersTest, keys_that_cannot_be_fetched_are_in_force_for_a_day) {
  json late = claims();
  late["exp"] = 1'800'000'000;
  const std::string token = signer().token(late);
  clock.passed = 24h - 1s;
  EXPECT_EQ(found(token), "alice");
  clock.passed = 24h;
  EXPECT_EQ(found(token), "token_keys_unavailable") << "although it is remembered";
}

TEST_F(TokenCallersTest, a_tag_that_tokens_prove_is_not_had_by_saying_so) {
  const World other{
      "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n"
      "jwt: {jwks: \"https://idp.example/keys\", issuer: idp, audience: sluice, claims: {tags: {user: sub, dept: "
      "dept}}}\n"};
  const auto key = callers.find(*other.snapshot, nullptr, signer().token(claims()));
  ASSERT_TRUE(key) << key.error().message();
  const http::Field fields[] = {{"x-sluice-tags", "dept=billing,project=blue"}};
  const Body body(R"({"model":"m","metadata":{"dept":"billing"},"messages":[]})");
  Inquiry::Asked asked = chat_asked("m", body.view(), key->get());
  asked.fields = fields;
  const Inquiry inquiry(asked);
  EXPECT_FALSE(inquiry.tag("dept"));
  EXPECT_EQ(inquiry.tag("project"), "blue");
  EXPECT_EQ(inquiry.tag("user"), "alice");
}

TEST_F(TokenCallersTest, what_a_caller_proves_wins_over_what_it_says) {
  const auto key = find(signer().token(claims()));
  const http::Field fields[] = {{"x-sluice-tags", "user=mallory,project=blue"}};
  const Body body(R"({"model":"m","user":"mallory","messages":[]})");
  Inquiry::Asked asked = chat_asked("m", body.view(), key->get());
  asked.fields = fields;
  const Inquiry inquiry(asked);
  EXPECT_EQ(inquiry.tag("user"), "alice");
  EXPECT_EQ(inquiry.tag("project"), "blue");
  std::vector<std::string> all;
  inquiry.each_tag([&](std::string_view name, std::string_view value) {
    all.push_back(std::string(name) + "=" + std::string(value));
  });
  EXPECT_EQ(all, (std::vector<std::string>{"user=alice", "project=blue"}));
}

}  // namespace
}  // namespace sluice::test::token_callers_test
