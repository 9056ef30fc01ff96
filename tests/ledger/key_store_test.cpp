#include <sluice/ledger/key_store.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sluice/ledger/key_format.hpp>
#include <sluice/ledger/terms_words.hpp>

#include "ledger/sqlite.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::key_store_test {
namespace {

using namespace std::chrono_literals;

class SetClock final : public Clock {
 public:
  TimePoint now() const override { return {}; }
  UtcTime utc() const override { return time; }
  UtcTime time{1'700'000'000s};
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

class KeyStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<KeyStore> open() {
    auto store = KeyStore::open(file, clock);
    EXPECT_TRUE(store) << store.error().message();
    return store ? *std::move(store) : nullptr;
  }
  std::string why_not_open() {
    const auto store = KeyStore::open(file, clock);
    return store ? "" : store.error().message();
  }
  // The newest key of that name.
  static StoredKey key_called(KeyStore& store, std::string_view name) {
    StoredKey found;
    const Result<StoredKeys> read = store.read();
    for (const StoredKey& key : read->keys)
      if (key.name == name) found = key;
    return found;
  }
  // Whether the store holds a proof of the secret that is good at that time.
  static bool proves(KeyStore& store, const Secret& secret, UtcTime at) {
    const Result<StoredKeys> read = store.read();
    for (const StoredKey& key : read->keys)
      for (const StoredKey::Proof& proof : key.proofs)
        if (proof.digest == (*read->pepper)(secret.reveal())) return !proof.valid_until || at < *proof.valid_until;
    return false;
  }
  // As somebody with the file in his hands would.
  void tamper(const std::string& sql) {
    Database::Options options;
    options.journal = Database::Options::Journal::rollback;
    auto database = Database::open(file, options);
    ASSERT_TRUE(database);
    const Result<> done = database->exec("DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept;" + sql);
    ASSERT_TRUE(done) << done.error().message();
  }

  const test::Scratch scratch_;
  SetClock clock;
  const std::string file = scratch_.path("sluice.db-keys");
  const Actor me{"cli:me"};
};

TEST_F(KeyStoreTest, keeps_what_was_wanted) {
  NewKey wanted{.name = "bot", .team = "support"};
  wanted.models = {"gpt-*", "assistant"};
  wanted.endpoints = {"chat"};
  wanted.cidrs = {"10.0.0.0/8", "::1"};
  wanted.expires_at = clock.time + 2s;
  const auto made = open()->create(wanted, me);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(key_id_of(made->secret.reveal()), made->id);
  EXPECT_EQ(made->name, "bot");

  const auto store = open();
  const StoredKey key = key_called(*store, "bot");
  EXPECT_EQ(key.id, made->id);
  EXPECT_EQ(key.team, "support");
  EXPECT_EQ(key.models, wanted.models);
  EXPECT_EQ(key.endpoints, wanted.endpoints);
  EXPECT_EQ(key.cidrs, wanted.cidrs);
  EXPECT_EQ(key.created_at, clock.time);
  EXPECT_EQ(key.expires_at, wanted.expires_at);
  EXPECT_FALSE(key.revoked_at);
  EXPECT_TRUE(proves(*store, made->secret, clock.time)) << "also after the file was opened anew";
  EXPECT_TRUE(key.live(clock.time));
  EXPECT_FALSE(key.live(clock.time + 2s));
}

TEST_F(KeyStoreTest, no_secret_reaches_a_file) {
  const auto store = open();
  const auto made = store->create({.name = "bot"}, me);
  const auto rotated = store->rotate("bot", 1h, me);
  for (const Secret& secret : {made->secret, rotated->secret}) {
    const std::string chance(secret.reveal().substr(key_prefix.size() + key_id_size + 1, 43));
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(file).parent_path()))
      EXPECT_EQ(content_of(entry.path()).find(chance), std::string::npos) << entry.path();
  }
}

TEST_F(KeyStoreTest, nobody_else_reads_its_files) {
  (void)open()->create({.name = "bot"}, me);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(file).parent_path())) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3) << "the database, its pepper and the trail's head";
}

TEST_F(KeyStoreTest, a_name_is_taken_while_its_key_lives) {
  const auto store = open();
  (void)store->create({.name = "bot", .expires_at = clock.time + 10s}, me);
  const auto twin = store->create({.name = "bot"}, me);
  ASSERT_FALSE(twin);
  EXPECT_EQ(twin.error().code(), "key_exists");
  clock.time += 10s;
  EXPECT_TRUE(store->create({.name = "bot"}, me)) << "after it expired";
  EXPECT_TRUE(store->revoke("bot", me));
  EXPECT_TRUE(store->create({.name = "bot"}, me)) << "after it was revoked";
  EXPECT_EQ(store->read()->keys.size(), 3u);
}

TEST_F(KeyStoreTest, says_what_is_wrong_with_a_wish) {
  const auto store = open();
  const std::vector<NewKey> wrong = {
      {.name = ""},
      {.name = "two words"},
      {.name = std::string(65, 'x')},
      {.name = "bot", .team = "not/a/team"},
      {.name = "bot", .models = std::vector<std::string>{}},
      {.name = "bot", .models = std::vector<std::string>{""}},
      {.name = "bot", .models = std::vector<std::string>{"a\nb"}},
      {.name = "bot", .endpoints = std::vector<std::string>{}},
      {.name = "bot", .cidrs = {"10.0.0.0/33"}},
      {.name = "bot", .cidrs = std::vector<std::string>(101, "10.0.0.0/8")},
      {.name = "bot", .expires_at = clock.time},
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto made = store->create(wrong[i], me);
    ASSERT_FALSE(made) << i;
    EXPECT_EQ(made.error().fault(), Fault::bad_request) << i;
    EXPECT_FALSE(made.error().message().empty());
  }
  EXPECT_TRUE(store->read()->keys.empty());
}

TEST_F(KeyStoreTest, after_a_rotation_both_secrets_are_good_for_a_while) {
  const auto store = open();
  const auto first = store->create({.name = "bot"}, me);
  const auto second = store->rotate("bot", 1h, me);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->id, first->id);
  EXPECT_TRUE(proves(*store, first->secret, clock.time + 59min));
  EXPECT_FALSE(proves(*store, first->secret, clock.time + 1h));
  EXPECT_TRUE(proves(*store, second->secret, clock.time + 24h));
  const auto third = store->rotate(first->id, 0s, me);
  EXPECT_FALSE(proves(*store, first->secret, clock.time)) << "an overlap is never made longer";
  EXPECT_FALSE(proves(*store, second->secret, clock.time));
  EXPECT_TRUE(proves(*store, third->secret, clock.time));
  EXPECT_EQ(key_called(*store, "bot").proofs.size(), 1u) << "what is over is forgotten";
}

TEST_F(KeyStoreTest, an_overlap_is_within_reason) {
  const auto store = open();
  (void)store->create({.name = "bot"}, me);
  EXPECT_EQ(store->rotate("bot", -1s, me).error().code(), "invalid_overlap");
  EXPECT_EQ(store->rotate("bot", std::chrono::seconds::max(), me).error().code(), "invalid_overlap");
}

TEST_F(KeyStoreTest, a_revoked_key_is_over) {
  const auto store = open();
  const auto made = store->create({.name = "bot"}, me);
  const auto revoked = store->revoke(made->id, me);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->revoked_at, clock.time);
  EXPECT_FALSE(proves(*store, made->secret, clock.time));
  EXPECT_EQ(store->revoke("bot", me).error().code(), "key_not_live");
  EXPECT_EQ(store->rotate("bot", 0s, me).error().code(), "key_not_live");
  EXPECT_EQ(store->rotate(made->id, 0s, me).error().code(), "key_not_live");
}

TEST_F(KeyStoreTest, an_expired_key_is_not_rotated_but_can_be_revoked) {
  const auto store = open();
  (void)store->create({.name = "bot", .expires_at = clock.time + 1s}, me);
  clock.time += 1s;
  EXPECT_EQ(store->rotate("bot", 0s, me).error().code(), "key_not_live");
  EXPECT_TRUE(store->revoke("bot", me));
}

TEST_F(KeyStoreTest, a_key_that_is_not_there_is_not_found) {
  const auto store = open();
  for (const char* const name : {"nobody", "0abc9xyz", "", "' OR 1=1 --"}) {
    EXPECT_EQ(store->rotate(name, 0s, me).error().fault(), Fault::not_found) << name;
    EXPECT_EQ(store->revoke(name, me).error().fault(), Fault::not_found) << name;
  }
}

TEST_F(KeyStoreTest, to_an_actor_of_a_team_no_other_keys_are_there) {
  const auto store = open();
  const auto theirs = store->create({.name = "till", .team = "sales"}, me);
  const auto nobodys = store->create({.name = "free"}, me);
  ASSERT_TRUE(theirs && nobodys);
  const Actor alice{"alice", "", "", "support"};
  const Actor of_no_team{"eve", "", "", ""};
  for (const std::string& name : {theirs->id, theirs->name, nobodys->id, nobodys->name}) {
    for (const Actor& actor : {alice, of_no_team}) {
      EXPECT_EQ(store->rotate(name, 0s, actor).error().code(), "key_not_found") << name << " for " << actor.name;
      EXPECT_EQ(store->revoke(name, actor).error().code(), "key_not_found") << name << " for " << actor.name;
    }
  }
  const auto own = store->create({.name = "bot", .team = "support"}, alice);
  ASSERT_TRUE(own);
  EXPECT_TRUE(store->rotate("bot", 0s, alice));
  EXPECT_TRUE(store->revoke(own->id, alice));
  EXPECT_EQ(store->audit(UINT64_MAX, 1)->at(0).actor.name, "alice");
}

TEST_F(KeyStoreTest, a_key_is_found_by_its_id_although_another_teams_key_is_called_so) {
  const auto store = open();
  const auto own = store->create({.name = "bot", .team = "support"}, me);
  ASSERT_TRUE(own);
  ASSERT_TRUE(store->create({.name = own->id, .team = "sales"}, me));
  const auto revoked = store->revoke(own->id, {"alice", "", "", "support"});
  ASSERT_TRUE(revoked) << revoked.error().message();
  EXPECT_EQ(revoked->name, "bot");
}

TEST_F(KeyStoreTest, an_id_means_the_key_that_has_it_whatever_others_are_called) {
  const auto store = open();
  const auto real = store->create({.name = "bot"}, me);
  ASSERT_TRUE(real);
  const auto decoy = store->create({.name = real->id}, me);
  ASSERT_TRUE(decoy);
  EXPECT_EQ(store->rotate(real->id, 0s, me)->id, real->id);
  EXPECT_EQ(store->revoke(real->id, me)->id, real->id);
  EXPECT_EQ(store->revoke(decoy->id, me)->name, real->id);
}

TEST_F(KeyStoreTest, tells_by_its_version_that_something_changed) {
  const auto daemon = open();
  const auto other = open();
  std::uint64_t version = *daemon->version();
  EXPECT_EQ(*daemon->version(), version);
  (void)other->create({.name = "bot"}, me);
  EXPECT_NE(*daemon->version(), version) << "another process changed it";
  version = *daemon->version();
  (void)daemon->create({.name = "bot-2"}, me);
  EXPECT_NE(*daemon->version(), version) << "it did so itself";
  EXPECT_EQ(daemon->read()->keys.size(), 2u);
}

TEST_F(KeyStoreTest, without_its_pepper_no_key_is_called_wrong) {
  (void)open()->create({.name = "bot"}, me);
  const std::string pepper = content_of(file + ".pepper");
  std::filesystem::remove(file + ".pepper");
  EXPECT_NE(why_not_open().find(file + ".pepper: is gone"), std::string::npos);
  std::ofstream(file + ".pepper") << "nonsense";
  EXPECT_NE(why_not_open().find("does not hold a pepper"), std::string::npos);
  std::ofstream(file + ".pepper") << "1 " << std::string(64, 'a') << "\n";
  EXPECT_NE(why_not_open().find("is not the one"), std::string::npos);
  std::ofstream(file + ".pepper") << pepper;
  EXPECT_EQ(why_not_open(), "");
}

TEST_F(KeyStoreTest, what_is_no_database_stays_as_it_is) {
  std::ofstream(file) << std::string(5000, 'x');
  EXPECT_NE(why_not_open().find(file), std::string::npos);
  EXPECT_EQ(content_of(file), std::string(5000, 'x'));
}

TEST_F(KeyStoreTest, a_newer_programs_file_is_left_alone) {
  (void)open();
  tamper("PRAGMA user_version=3;");
  EXPECT_NE(why_not_open().find("newer version"), std::string::npos);
}

Terms terms_of(std::initializer_list<std::string_view> limits, std::initializer_list<std::string_view> budgets) {
  Terms terms;
  for (const std::string_view words : limits) EXPECT_TRUE(add_limit_words(words, terms)) << words;
  for (const std::string_view words : budgets) EXPECT_TRUE(add_budget_words(words, terms)) << words;
  return terms;
}

TEST_F(KeyStoreTest, keeps_limits_and_budgets) {
  const Terms terms = terms_of({"rpm=600", "output_tpd=7", "concurrent=5"}, {"20.000000001/day rolling alerts=50,100",
                                                                             "300.00/month zone=Europe/Berlin "
                                                                             "raise=1.00@2030-01-01T00:00:00Z"});
  (void)open()->create({.name = "bot", .terms = terms, .exhausted = "m"}, me);
  (void)open()->create({.name = "strict", .exhausted = ""}, me);
  (void)open()->create({.name = "plain"}, me);
  const auto store = open();
  EXPECT_EQ(key_called(*store, "bot").terms, terms);
  EXPECT_EQ(key_called(*store, "bot").exhausted, "m");
  EXPECT_EQ(key_called(*store, "strict").exhausted, "");
  EXPECT_TRUE(key_called(*store, "plain").terms.empty());
  EXPECT_FALSE(key_called(*store, "plain").exhausted);
}

TEST_F(KeyStoreTest, keys_from_before_there_were_terms_have_none_and_stay_good) {
  const auto made = open()->create({.name = "bot", .terms = terms_of({"rpm=1"}, {})}, me);
  tamper(
      "ALTER TABLE keys DROP COLUMN limits; ALTER TABLE keys DROP COLUMN budgets; ALTER TABLE keys DROP COLUMN"
      " exhausted; PRAGMA user_version=1;");
  for (const char* const time : {"first", "second"}) {
    const auto store = open();
    ASSERT_NE(store, nullptr) << time;
    EXPECT_TRUE(key_called(*store, "bot").terms.empty());
    EXPECT_TRUE(proves(*store, made->secret, clock.time));
  }
  ASSERT_TRUE(open()->change(
      "bot", [](NewKey& wanted) { return wanted.terms.concurrent = 2, Result<>(Ok{}); }, me));
  EXPECT_EQ(key_called(*open(), "bot").terms.concurrent, 2u);
}

TEST_F(KeyStoreTest, a_key_is_never_without_the_terms_it_was_given) {
  (void)open()->create({.name = "bot", .terms = terms_of({"rpm=1"}, {})}, me);
  tamper("UPDATE keys SET limits = 'rpm=many';");
  const auto read = open()->read();
  ASSERT_FALSE(read) << "rather nothing than a key without its limits";
  EXPECT_EQ(read.error().fault(), Fault::unavailable);
  EXPECT_NE(read.error().message().find("cannot be read"), std::string::npos) << read.error().message();
}

TEST_F(KeyStoreTest, a_live_key_can_be_changed) {
  const auto store = open();
  const auto made = store->create({.name = "bot", .team = "support", .terms = terms_of({"rpm=600"}, {"20/day"})}, me);
  const auto changed = store->change(
      made->id,
      [&](NewKey& wanted) -> Result<> {
        EXPECT_EQ(wanted.name, "bot");
        EXPECT_EQ(wanted.terms, terms_of({"rpm=600"}, {"20/day"}));
        wanted.name = "other";
        wanted.team = "";
        wanted.models = {{"m"}};
        wanted.endpoints = {{"chat"}};
        wanted.cidrs = {"10.0.0.0/8"};
        wanted.expires_at = clock.time + 1h;
        wanted.terms = terms_of({"rpm=1200"}, {});
        wanted.exhausted = "";
        return Ok{};
      },
      me);
  ASSERT_TRUE(changed) << changed.error().message();
  for (const StoredKey& key : {*changed, key_called(*open(), "bot")}) {
    EXPECT_EQ(key.id, made->id);
    EXPECT_EQ(key.name, "bot") << "a name is for good";
    EXPECT_EQ(key.team, "support");
    EXPECT_EQ(key.models, std::vector<std::string>{"m"});
    EXPECT_EQ(key.endpoints, std::vector<std::string>{"chat"});
    EXPECT_EQ(key.cidrs, std::vector<std::string>{"10.0.0.0/8"});
    EXPECT_EQ(key.expires_at, clock.time + 1h);
    EXPECT_EQ(key.terms, terms_of({"rpm=1200"}, {}));
    EXPECT_EQ(key.exhausted, "");
  }
  EXPECT_TRUE(proves(*store, made->secret, clock.time)) << "its secret is what it was";
  const auto trail = store->audit(UINT64_MAX, 1);
  EXPECT_EQ(trail->front().action, "key.change");
  EXPECT_EQ(trail->front().object, made->id);
  for (const char* const detail :
       {R"("name":"bot")", R"("limits_before":"rpm=600")", R"("limits_after":"rpm=1200")",
        R"("budget_before":"20.00/day")", R"("budget_after":"")", R"("on_exhausted_after":"refuse")"}) {
    EXPECT_NE(trail->front().details.find(detail), std::string::npos) << detail << " in " << trail->front().details;
  }
  EXPECT_TRUE(store->verify()->whole());
}

TEST_F(KeyStoreTest, a_change_that_is_refused_or_is_none_leaves_no_trace) {
  const auto store = open();
  (void)store->create({.name = "bot", .expires_at = clock.time + 10s}, me);
  const std::uint64_t version = *store->version();
  const auto change = [&](auto edit) { return store->change("bot", edit, me); };
  EXPECT_TRUE(change([](NewKey&) { return Result<>(Ok{}); }));
  const auto refused = change([](NewKey& wanted) -> Result<> {
    wanted.terms.concurrent = 1;
    return Error(Fault::bad_request, Blame::client, "no", "no");
  });
  EXPECT_EQ(refused.error().code(), "no");
  const auto wrong = [&](auto edit) {
    return change([&](NewKey& wanted) { return edit(wanted), Result<>(Ok{}); }).error().code();
  };
  EXPECT_EQ(wrong([](NewKey& wanted) { wanted.models.emplace(); }), "invalid_key_request");
  EXPECT_EQ(wrong([&](NewKey& wanted) { wanted.expires_at = clock.time; }), "invalid_key_request");
  EXPECT_EQ(wrong([](NewKey& wanted) { wanted.terms.limits.push_back({}); }), "invalid_key_request");
  EXPECT_EQ(wrong([](NewKey& wanted) { wanted.exhausted = "two words"; }), "invalid_key_request");
  EXPECT_EQ(*store->version(), version);
  EXPECT_EQ(store->audit(UINT64_MAX, 100)->size(), 1u);
  EXPECT_EQ(store
                ->change(
                    "nobody", [](NewKey&) { return Result<>(Ok{}); }, me)
                .error()
                .code(),
            "key_not_found");
  clock.time += 10s;
  EXPECT_EQ(change([](NewKey&) { return Result<>(Ok{}); }).error().code(), "key_not_live");
}

TEST_F(KeyStoreTest, works_without_a_file) {
  auto store = KeyStore::open("", clock);
  ASSERT_TRUE(store) << store.error().message();
  const auto made = (*store)->create({.name = "bot"}, me);
  ASSERT_TRUE(made);
  EXPECT_TRUE(proves(**store, made->secret, clock.time));
  EXPECT_TRUE((*store)->verify()->whole());
}

TEST_F(KeyStoreTest, every_change_is_in_the_trail) {
  const auto store = open();
  const auto made = store->create({.name = "bot", .team = "support"}, {"admin", "req_1", "10.1.2.3"});
  clock.time += 1s;
  (void)store->rotate("bot", 1h, me);
  (void)store->revoke("bot", me);
  (void)store->revoke("bot", me);
  (void)store->note("admin.refused", "admin", {{"times", "3"}}, {"unknown", "", "10.9.9.9"});
  const auto trail = store->audit(UINT64_MAX, 100);
  ASSERT_EQ(trail->size(), 4u) << "what did not happen is not in it";
  const AuditRecord& first = trail->back();
  EXPECT_EQ(first.number, 1u);
  EXPECT_EQ(first.action, "key.create");
  EXPECT_EQ(first.object, made->id);
  EXPECT_EQ(first.details, R"({"name":"bot","team":"support"})");
  EXPECT_EQ(first.actor.name, "admin");
  EXPECT_EQ(first.actor.request_id, "req_1");
  EXPECT_EQ(first.actor.address, "10.1.2.3");
  EXPECT_EQ((*trail)[2].action, "key.rotate");
  EXPECT_EQ((*trail)[2].details, R"({"name":"bot","overlap_seconds":"3600"})");
  EXPECT_EQ((*trail)[1].action, "key.revoke");
  EXPECT_EQ((*trail)[0].action, "admin.refused");
  EXPECT_EQ(store->audit(3, 1)->front().number, 2u);
  const auto verdict = store->verify();
  EXPECT_TRUE(verdict->whole()) << verdict->problem;
  EXPECT_EQ(verdict->records, 4u);
}

TEST_F(KeyStoreTest, a_trail_that_somebody_touched_is_not_whole) {
  for (int i = 0; i < 5; ++i) (void)open()->note("test", "it", {}, me);
  const std::string before = content_of(file);
  const std::string head = content_of(file + ".head");
  const std::vector<std::pair<std::string, std::uint64_t>> attacks = {
      {"UPDATE audit SET object = 'other' WHERE number = 2", 2},
      {"DELETE FROM audit WHERE number = 3", 3},
      {"DELETE FROM audit WHERE number = 5", 5},
      {"UPDATE audit SET hash = x'00' WHERE number = 4", 4},
      {"DELETE FROM audit", 1},
  };
  for (const auto& [attack, broken] : attacks) {
    SCOPED_TRACE(attack);
    std::ofstream(file, std::ios::binary) << before;
    std::ofstream(file + ".head", std::ios::binary) << head;
    tamper(attack);
    const auto store = open();
    EXPECT_EQ(store->verify()->broken, broken);
    (void)store->note("test", "later", {}, me);
    (void)store->note("test", "later", {}, me);
    EXPECT_FALSE(store->verify()->whole()) << "what comes later does not hide it";
  }
}

TEST_F(KeyStoreTest, a_head_file_that_is_gone_is_missed) {
  (void)open()->note("test", "it", {}, me);
  std::filesystem::remove(file + ".head");
  const auto store = open();
  EXPECT_FALSE(store->verify()->whole());
  (void)store->note("test", "later", {}, me);
  EXPECT_FALSE(store->verify()->whole());
}

TEST_F(KeyStoreTest, rows_of_the_trail_cannot_be_changed_by_mistake) {
  (void)open()->note("test", "it", {}, me);
  Database::Options options;
  options.journal = Database::Options::Journal::rollback;
  auto database = Database::open(file, options);
  ASSERT_TRUE(database);
  EXPECT_FALSE(database->exec("UPDATE audit SET object = 'other'"));
  EXPECT_FALSE(database->exec("DELETE FROM audit"));
}

}  // namespace
}  // namespace sluice::ledger::key_store_test
