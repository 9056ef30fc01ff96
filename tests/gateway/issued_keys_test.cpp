#include <sluice/gateway/issued_keys.hpp>

#include <gtest/gtest.h>
#include <sluice/config/load.hpp>
#include <sluice/ledger/key_format.hpp>

namespace sluice::issued_keys_test {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime noon{std::chrono::seconds(1'700'000'000)};
constexpr std::string_view id = "0abc9xyz";

std::shared_ptr<const Snapshot> world_of(std::string_view yaml) {
  static const auto metrics = make_metrics("0", "0");
  static const auto health = traffic::make_health(Random({1, 2, 3, 4}));
  static const auto book = ledger::Book::make({}, {});
  const config::Surroundings nothing{[](const std::string&) { return std::nullopt; },
                                     [](const std::string&) { return std::nullopt; }};
  const config::Loaded loaded = config::load(yaml, nothing);
  for (const auto& complaint : loaded.complaints) EXPECT_TRUE(complaint.warning) << complaint.text("test");
  const Snapshot::Means means{
      *metrics, 4711, "sluice/test", [](const std::string&) { return net::Trust::system(); }, *health, *book, {}};
  return *Snapshot::compile(loaded.config, means);
}

constexpr std::string_view plain_world = "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n";
constexpr std::string_view team_world =
    "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\nteams: {support: {models: [m]}}\n";

class IssuedKeysTest : public ::testing::Test {
 protected:
  IssuedKeysTest() {
    std::array<std::uint8_t, 32> pepper{7};
    stored.pepper = std::make_shared<Hmac>(pepper);
    ledger::StoredKey key;
    key.id = id;
    key.name = "bot";
    stored.keys.push_back(key);
    prove(secret);
  }

  ledger::StoredKey& key() { return stored.keys.front(); }
  void prove(const Secret& shown, std::optional<UtcTime> until = std::nullopt) {
    key().proofs.push_back({(*stored.pepper)(shown.reveal()), until});
  }
  // "bot" when it is let in, else the error's code.
  std::string admitted(std::string_view shown, UtcTime now = noon, std::string_view address = "10.1.2.3",
                       std::string_view endpoint = "chat", std::string_view yaml = plain_world) {
    const auto keys = IssuedKeys::link(stored, world_of(yaml));
    const Result<const Key*> found = keys->admit({shown, address, endpoint, now});
    return found ? (*found)->name : std::string(found.error().code());
  }

  const Secret secret = ledger::make_key_secret(id);
  ledger::StoredKeys stored;
};

TEST_F(IssuedKeysTest, a_key_is_known_by_its_whole_secret_only) {
  EXPECT_EQ(admitted(secret.reveal()), "bot");
  EXPECT_EQ(admitted(ledger::make_key_secret(id).reveal()), "invalid_api_key") << "of that id, by other chance";
  EXPECT_EQ(admitted(ledger::make_key_secret("zzzzzzzz").reveal()), "invalid_api_key");
  EXPECT_EQ(admitted(""), "invalid_api_key");
  EXPECT_EQ(admitted(secret.reveal().substr(0, 60)), "invalid_api_key");
}

TEST_F(IssuedKeysTest, unknown_expired_and_revoked_are_refused_in_the_same_words) {
  const auto words = [&](std::string_view shown) {
    return IssuedKeys::link(stored, world_of(plain_world))->admit({shown, "", "", noon}).error().message();
  };
  const std::string unknown = words(ledger::make_key_secret("zzzzzzzz").reveal());
  key().expires_at = noon;
  EXPECT_EQ(words(secret.reveal()), unknown);
  key().expires_at.reset();
  key().revoked_at = noon;
  EXPECT_EQ(words(secret.reveal()), unknown);
}

TEST_F(IssuedKeysTest, it_expires_at_its_moment) {
  key().expires_at = noon + 2s;
  EXPECT_EQ(admitted(secret.reveal(), noon + 2s - 1ns), "bot");
  EXPECT_EQ(admitted(secret.reveal(), noon + 2s), "invalid_api_key");
}

TEST_F(IssuedKeysTest, an_older_secret_is_good_until_its_overlap_is_over) {
  const Secret older = ledger::make_key_secret(id);
  prove(older, noon + 1h);
  EXPECT_EQ(admitted(older.reveal(), noon + 59min), "bot");
  EXPECT_EQ(admitted(older.reveal(), noon + 1h), "invalid_api_key");
  EXPECT_EQ(admitted(secret.reveal(), noon + 1h), "bot");
}

TEST_F(IssuedKeysTest, it_is_bound_to_addresses_and_endpoints) {
  key().cidrs = {"10.0.0.0/8", "2001:db8::/32"};
  EXPECT_EQ(admitted(secret.reveal(), noon, "10.255.0.1"), "bot");
  EXPECT_EQ(admitted(secret.reveal(), noon, "2001:db8::9"), "bot");
  EXPECT_EQ(admitted(secret.reveal(), noon, "11.0.0.1"), "address_not_allowed");
  EXPECT_EQ(admitted(secret.reveal(), noon, ""), "address_not_allowed");
  key().cidrs = {"nonsense"};
  EXPECT_EQ(admitted(secret.reveal()), "address_not_allowed") << "what cannot be read opens nothing";
  key().cidrs.clear();
  key().endpoints = {"embeddings"};
  EXPECT_EQ(admitted(secret.reveal()), "endpoint_not_allowed");
  EXPECT_EQ(admitted(secret.reveal(), noon, "", "embeddings"), "bot");
  EXPECT_EQ(admitted(secret.reveal(), noon, "", ""), "bot");
}

TEST_F(IssuedKeysTest, its_team_is_that_of_the_configuration) {
  key().team = "support";
  EXPECT_EQ(admitted(secret.reveal()), "team_not_configured");
  EXPECT_EQ(admitted(secret.reveal(), noon, "", "chat", team_world), "bot");
  const auto world = world_of(team_world);
  const auto keys = IssuedKeys::link(stored, world);
  EXPECT_EQ((*keys->admit({secret.reveal(), "", "", noon}))->team, world->find_team("support"));
}

TEST_F(IssuedKeysTest, of_a_store_that_cannot_be_read_nothing_unknown_is_called_wrong) {
  stored.stale = true;
  EXPECT_EQ(admitted(secret.reveal()), "bot") << "what is known stays good";
  EXPECT_EQ(admitted(ledger::make_key_secret("zzzzzzzz").reveal()), "storage_unavailable");
  EXPECT_EQ(admitted("sk-something-else"), "invalid_api_key");
  key().revoked_at = noon;
  EXPECT_EQ(admitted(secret.reveal()), "invalid_api_key");
}

TEST_F(IssuedKeysTest, dead_keys_count_as_keys) {
  key().revoked_at = noon;
  EXPECT_TRUE(IssuedKeys::link(stored, world_of(plain_world))->any());
  EXPECT_FALSE(IssuedKeys::link({}, world_of(plain_world))->any());
}

}  // namespace
}  // namespace sluice::issued_keys_test
