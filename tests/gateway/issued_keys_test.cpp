#include <sluice/gateway/issued_keys.hpp>

#include <array>

#include <gtest/gtest.h>
#include <sluice/config/load.hpp>
#include <sluice/ledger/key_format.hpp>

namespace sluice::issued_keys_test {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime noon{std::chrono::seconds(1'700'000'000)};
constexpr std::string_view id = "0abc9xyz";

std::shared_ptr<const Snapshot> world_of(std::string_view yaml, ledger::Book& book) {
  static const auto metrics = make_metrics("0", "0");
  static const auto health = traffic::make_health(Random({1, 2, 3, 4}));
  const config::Surroundings nothing{[](const std::string&) { return std::nullopt; },
                                     [](const std::string&) { return std::nullopt; }};
  const config::Loaded loaded = config::load(yaml, nothing);
  for (const auto& complaint : loaded.complaints) EXPECT_TRUE(complaint.warning) << complaint.text("test");
  const Snapshot::Means means{
      *metrics, 4711, "sluice/test", [](const std::string&) { return net::Trust::system(); }, *health, book, {}};
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
  static ledger::Now at(UtcTime time) { return {TimePoint(time.time_since_epoch()), time}; }
  std::shared_ptr<const IssuedKeys> link(std::string_view yaml, UtcTime now = noon) {
    return IssuedKeys::link(stored, world_of(yaml, *book), *book, at(now));
  }
  // As its holder would be let in; null if he would not.
  const Key* holder(const IssuedKeys& keys) {
    const Result<const Key*> found = keys.admit({secret.reveal(), "", "", noon});
    return found ? *found : nullptr;
  }
  // Why a request of that account is refused; empty: it is not.
  std::string refused(ledger::Account* account) {
    std::optional<ledger::Tab> tab;
    const auto refusal = book->open(std::array{account}, {}, at(noon), tab);
    return refusal ? refusal->name + " " + refusal->what : "";
  }

  // "bot" when it is let in, else the error's code.
  std::string admitted(std::string_view shown, UtcTime now = noon, std::string_view address = "10.1.2.3",
                       std::string_view endpoint = "chat", std::string_view yaml = plain_world) {
    const auto keys = link(yaml);
    const Result<const Key*> found = keys->admit({shown, address, endpoint, now});
    return found ? (*found)->name : std::string(found.error().code());
  }

  const std::unique_ptr<ledger::Book> book = ledger::Book::make(
      [this](ledger::Level, std::string_view, ledger::Span) {
        ++asked;
        return ledger::NanoUsd{0};
      },
      {});
  int asked = 0;  // for the past
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
    return link(plain_world)->admit({shown, "", "", noon}).error().message();
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
  const auto world = world_of(team_world, *book);
  const auto keys = IssuedKeys::link(stored, world, *book, at(noon));
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
  EXPECT_TRUE(link(plain_world)->any());
  EXPECT_FALSE(IssuedKeys::link({}, world_of(plain_world, *book), *book, at(noon))->any());
}

TEST_F(IssuedKeysTest, a_key_is_held_to_its_limits_and_budgets) {
  key().terms.limits = {{ledger::Limit::What::requests, ledger::Limit::Per::minute, 1}};
  const auto keys = link(plain_world);
  ledger::Account* const account = holder(*keys)->account.get();
  ASSERT_NE(account, nullptr);
  EXPECT_EQ(refused(account), "");
  EXPECT_EQ(refused(account), "bot rpm");
  const auto again = link(plain_world);
  EXPECT_EQ(holder(*again)->account.get(), account) << "what was used so far still counts";
  EXPECT_EQ(refused(account), "bot rpm");
  key().terms.limits.clear();
  ledger::Budget& budget = key().terms.budgets.emplace_back();
  budget.window = ledger::Budget::Window::day;
  const auto changed = link(plain_world);
  EXPECT_EQ(refused(account), "bot budget per day") << "also for those who were let in before";
  EXPECT_EQ(asked, 1);
}

TEST_F(IssuedKeysTest, a_key_without_terms_has_no_account) { EXPECT_EQ(holder(*link(plain_world))->account, nullptr); }

TEST_F(IssuedKeysTest, the_account_of_a_dead_key_is_forgotten) {
  ledger::Budget& budget = key().terms.budgets.emplace_back();
  budget.amount = ledger::one_usd;
  budget.window = ledger::Budget::Window::total;
  auto keys = link(plain_world);
  std::weak_ptr<ledger::Account> account = holder(*keys)->account;
  {
    std::optional<ledger::Tab> tab;
    std::optional<ledger::Permit> permit;
    ASSERT_FALSE(book->open(std::array{account.lock().get()}, {}, at(noon), tab));
    ASSERT_FALSE(tab->reserve(5, at(noon), permit));
    permit->pay(5);
  }
  key().revoked_at = noon;
  keys = link(plain_world);
  EXPECT_TRUE(book->budgets(at(noon)).empty());
  // Accounts are looked through when there are many.
  for (int i = 0; i < 1000; ++i) (void)book->account(ledger::Level::tag, std::to_string(i), {}, at(noon));
  EXPECT_TRUE(account.expired());
}

TEST_F(IssuedKeysTest, the_account_of_a_name_is_its_live_keys) {
  key().terms.concurrent = 1;
  ledger::StoredKey dead = key();
  dead.id = "zzzzzzzz";
  dead.revoked_at = noon;
  dead.terms.concurrent = 0;
  stored.keys.push_back(dead);
  const auto keys = link(plain_world);
  std::optional<ledger::Tab> tab;
  ledger::Account* const account = holder(*keys)->account.get();
  ASSERT_FALSE(book->open(std::array{account}, {}, at(noon), tab));
  EXPECT_EQ(refused(account), "bot concurrent");
}

constexpr std::string_view twin_world =
    "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n"
    "keys: [{name: bot, secret: a-secret-of-the-file, limits: {concurrent: 2}}]\n";

TEST_F(IssuedKeysTest, of_a_name_that_the_file_has_too_the_files_terms_hold) {
  key().terms.concurrent = 1;
  const auto world = world_of(twin_world, *book);
  const auto keys = IssuedKeys::link(stored, world, *book, at(noon));
  EXPECT_EQ(holder(*keys)->account, world->find_key("a-secret-of-the-file")->account);
  std::optional<ledger::Tab> first;
  std::optional<ledger::Tab> second;
  ledger::Account* const account = holder(*keys)->account.get();
  EXPECT_FALSE(book->open(std::array{account}, {}, at(noon), first));
  EXPECT_FALSE(book->open(std::array{account}, {}, at(noon), second));
  EXPECT_EQ(refused(account), "bot concurrent");
  key().revoked_at = noon;
  (void)IssuedKeys::link(stored, world, *book, at(noon));
  EXPECT_EQ(refused(account), "bot concurrent") << "a dead key ends nothing of the file's";
}

TEST_F(IssuedKeysTest, what_happens_when_a_budget_is_used_up_is_the_keys_own) {
  EXPECT_FALSE(holder(*link(plain_world))->refuses) << "as its team says";
  key().exhausted = "";
  EXPECT_TRUE(holder(*link(plain_world))->refuses);
  key().exhausted = "m";
  const auto world = world_of(plain_world, *book);
  const auto keys = IssuedKeys::link(stored, world, *book, at(noon));
  EXPECT_EQ(holder(*keys)->downgrade, world->find_model("m"));
  EXPECT_FALSE(holder(*keys)->refuses);
  key().exhausted = "gone";
  EXPECT_EQ(holder(*link(plain_world))->downgrade, nullptr);
  EXPECT_TRUE(holder(*link(plain_world))->refuses) << "a model that is not there any more is asked for nothing";
}

}  // namespace
}  // namespace sluice::issued_keys_test
