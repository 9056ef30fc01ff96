#include "app/keys.hpp"

#include <map>
#include <sstream>

#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/audit.hpp"
#include "app/store_place.hpp"
#include "support/scratch.hpp"

namespace sluice::app::keys_test {
namespace {

using nlohmann::json;

constexpr const char* with_a_key = R"(
providers: {demo: {}}
models: {m: {targets: [{provider: demo}]}}
teams: {support: {}}
keys: [{name: app, secret: "value-of-the-apps-secret"}]
)";

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
  json parsed() const { return json::parse(out, nullptr, false); }
};

class Keys : public ::testing::Test {
 protected:
  Keys() {
    start_anew();
    variables_["XDG_STATE_HOME"] = scratch_.path("state");
  }

  void start_anew() {
    options = KeyOptions();
    options.config = file_;
    options.format = "json";
  }

  config::Surroundings surroundings() const {
    config::Surroundings all = config::process_surroundings();
    all.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    return all;
  }

  Outcome run(int (*command)(const KeyOptions&, const config::Surroundings&, std::ostream&, std::ostream&)) const {
    std::ostringstream out;
    std::ostringstream err;
    const int code = command(options, surroundings(), out, err);
    return {code, out.str(), err.str()};
  }
  Outcome create(const std::string& name) {
    options.name = name;
    return run(create_key);
  }
  Outcome verify() const {
    std::ostringstream out;
    std::ostringstream err;
    const int code = verify_audit(options.config, surroundings(), out, err);
    return {code, out.str(), err.str()};
  }

  const test::Scratch scratch_;
  const std::string file_ = scratch_.write("sluice.yaml", with_a_key);
  std::map<std::string, std::string> variables_;
  KeyOptions options;
};

TEST_F(Keys, are_made_listed_renewed_and_revoked) {
  options.team = "support";
  options.models = "m,gpt-*";
  options.cidrs = "10.0.0.0/8";
  options.expires = "2030-01-01T00:00:00Z";
  variables_["unused"] = "";
  const Outcome made = create("bot");
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.err, "");
  EXPECT_EQ(made.parsed().size(), 3u);
  EXPECT_EQ(made.parsed()["name"], "bot");
  const std::string secret = made.parsed()["secret"];
  EXPECT_TRUE(secret.starts_with("sk-sluice-" + made.parsed()["id"].get<std::string>()));

  const Outcome listed = run(list_keys);
  ASSERT_EQ(listed.code, 0) << listed.err;
  const json keys = listed.parsed()["keys"];
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[1]["models"], json::parse(R"(["m","gpt-*"])"));
  EXPECT_EQ(keys[1]["cidrs"], json::parse(R"(["10.0.0.0/8"])"));
  EXPECT_EQ(keys[1]["team"], "support");
  EXPECT_EQ(keys[1]["expires_at"], "2030-01-01T00:00:00Z");
  EXPECT_EQ(listed.out.find(secret), std::string::npos);

  options.overlap = "1h";
  const Outcome renewed = run(rotate_key);
  ASSERT_EQ(renewed.code, 0) << renewed.err;
  EXPECT_EQ(renewed.parsed()["id"], made.parsed()["id"]);
  EXPECT_NE(renewed.parsed()["secret"], secret);
  options.name = made.parsed()["id"];
  EXPECT_EQ(run(revoke_key).code, 0);
  EXPECT_EQ(run(revoke_key).code, 65);
  EXPECT_EQ(run(rotate_key).code, 65);
  EXPECT_EQ(verify().code, 0) << verify().err;
  EXPECT_NE(verify().out.find("3 records"), std::string::npos);
}

TEST_F(Keys, have_limits_and_budgets_that_can_be_changed) {
  options.limits = {"rpm=600", "tpm=200000"};
  options.concurrent = "5";
  options.budgets = {"20/day", "300.5/month"};
  options.downgrade = "m";
  ASSERT_EQ(create("bot").code, 0);
  const auto key = [&] { return run(list_keys).parsed()["keys"][1]; };
  EXPECT_EQ(key()["limits"], json::parse(R"({"rpm":600,"tpm":200000,"concurrent":5})"));
  EXPECT_EQ(key()["budget"], json::parse(R"([{"usd":"20.00","per":"day"},{"usd":"300.50","per":"month"}])"));
  EXPECT_EQ(key()["on_exhausted"], json::parse(R"({"downgrade":"m"})"));

  const auto change = [&](auto choose) {
    start_anew();
    options.name = "bot";
    choose();
    return run(change_key);
  };
  const Outcome changed = change([&] {
    options.limits = {"rpm=1200", "tpm=none"};
    options.budgets = {"30/day", "none/month"};
    options.exhausted = "refuse";
    options.models = "m";
    options.expires = "2031-01-01T00:00:00Z";
  });
  ASSERT_EQ(changed.code, 0) << changed.err;
  EXPECT_EQ(changed.parsed(), key());
  EXPECT_EQ(key()["limits"], json::parse(R"({"rpm":1200,"concurrent":5})"));
  EXPECT_EQ(key()["budget"], json::parse(R"([{"usd":"30.00","per":"day"}])"));
  EXPECT_EQ(key()["on_exhausted"], "refuse");
  EXPECT_EQ(key()["models"], json::parse(R"(["m"])"));
  ASSERT_EQ(change([&] { options.raise = "50", options.until = "2030-01-01T00:00:00Z"; }).code, 0);
  EXPECT_EQ(key()["budget"][0]["raise"], json::parse(R"([{"usd":"50.00","until":"2030-01-01T00:00:00Z"}])"));
  ASSERT_EQ(change([&] { options.budgets = {"40/day"}; }).code, 0);
  EXPECT_EQ(key()["budget"][0]["raise"].size(), 1u) << "what else was said of it stays";
  ASSERT_EQ(change([&] { options.expires = "never", options.endpoints = "all", options.cidrs = "any"; }).code, 0);
  EXPECT_TRUE(key()["expires_at"].is_null());
  ASSERT_EQ(change([&] { options.exhausted = "team"; }).code, 0);
  EXPECT_TRUE(key()["on_exhausted"].is_null());
  ASSERT_EQ(change([&] { options.format = "table"; }).out.substr(0, 4), "NAME");
  EXPECT_EQ(verify().code, 0);
}

TEST_F(Keys, are_not_changed_by_what_cannot_be_read_or_done) {
  ASSERT_EQ(create("bot").code, 0);
  const Outcome before = run(list_keys);
  const auto code = [&](auto choose) {
    start_anew();
    options.name = "bot";
    choose();
    return run(change_key).code;
  };
  EXPECT_EQ(code([&] { options.limits = {"rpm"}; }), 64);
  EXPECT_EQ(code([&] { options.limits = {"rpx=5"}; }), 64);
  EXPECT_EQ(code([&] { options.limits = {"rpm=none"}; }), 64) << "it has none";
  EXPECT_EQ(code([&] { options.concurrent = "many"; }), 64);
  EXPECT_EQ(code([&] { options.budgets = {"20"}; }), 64);
  EXPECT_EQ(code([&] { options.budgets = {"20/year"}; }), 64);
  EXPECT_EQ(code([&] { options.budgets = {"none/day"}; }), 64);
  EXPECT_EQ(code([&] { options.raise = "5", options.until = "1h"; }), 64) << "there is nothing to raise";
  EXPECT_EQ(code([&] { options.expires = "soon"; }), 64);
  EXPECT_EQ(code([&] { options.downgrade = "absent"; }), 65);
  EXPECT_EQ(code([&] { options.downgrade = "m", options.models = "other"; }), 65) << "it may not be asked for";
  EXPECT_EQ(code([&] { options.cidrs = "10.0.0.1/8"; }), 65);
  EXPECT_EQ(code([&] { options.name = "nobody"; }), 65);
  EXPECT_EQ(run(list_keys).out, before.out);
}

TEST_F(Keys, are_told_for_people_too) {
  options.format = "table";
  const Outcome made = create("bot");
  EXPECT_NE(made.out.find("secret  sk-sluice-"), std::string::npos);
  EXPECT_NE(made.err.find("cannot be shown again"), std::string::npos);
  const Outcome listed = run(list_keys);
  EXPECT_TRUE(listed.out.starts_with("NAME")) << listed.out;
  EXPECT_NE(listed.out.find("\nbot "), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("\napp "), std::string::npos) << listed.out;
  EXPECT_EQ(listed.out.find("value-of-the-apps-secret"), std::string::npos);
}

TEST_F(Keys, of_the_file_are_changed_there) {
  options.name = "app";
  for (const auto command : {create_key, change_key, rotate_key, revoke_key}) {
    const Outcome refused = run(command);
    EXPECT_EQ(refused.code, 65);
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.err.find("configuration file"), std::string::npos) << refused.err;
  }
}

TEST_F(Keys, say_what_is_wrong) {
  EXPECT_EQ(create("bot").code, 0);
  EXPECT_EQ(create("bot").code, 65) << "the name is taken";
  EXPECT_EQ(create("two words").code, 65);
  options.expires = "soon";
  EXPECT_EQ(create("bot-2").code, 64);
  options.expires.reset();
  options.team = "none";
  EXPECT_EQ(create("bot-2").code, 65);
  options.team = "";
  options.cidrs = "10.0.0.1/8";
  EXPECT_EQ(create("bot-2").code, 65);
  options.cidrs.reset();
  options.overlap = "long";
  EXPECT_EQ(run(rotate_key).code, 64);
  options.config = scratch_.path("absent.yaml");
  EXPECT_EQ(create("bot-2").code, 66);
  options.config = scratch_.write("bad.yaml", "nonsense: 1\n");
  EXPECT_EQ(create("bot-2").code, 78);
}

TEST_F(Keys, need_a_place) {
  variables_.clear();
  const Outcome nowhere = create("bot");
  EXPECT_EQ(nowhere.code, 73);
  EXPECT_NE(nowhere.err.find("STATE_DIRECTORY"), std::string::npos) << nowhere.err;
  variables_["STATE_DIRECTORY"] = scratch_.write("a-file", "x");
  EXPECT_EQ(create("bot").code, 73);
}

TEST_F(Keys, tell_of_a_store_that_cannot_be_used) {
  EXPECT_EQ(create("bot").code, 0);
  const std::string file = store_place("", surroundings()).keys();
  ASSERT_EQ(::unlink((file + ".pepper").c_str()), 0);
  const Outcome broken = run(list_keys);
  EXPECT_EQ(broken.code, 74);
  EXPECT_NE(broken.err.find(file + ".pepper"), std::string::npos) << broken.err;
}

TEST_F(Keys, leave_a_trail_that_shows_when_it_was_cut) {
  EXPECT_EQ(create("bot").code, 0);
  const std::string file = store_place("", surroundings()).keys();
  ASSERT_EQ(::unlink((file + ".head").c_str()), 0);
  const Outcome broken = verify();
  EXPECT_EQ(broken.code, 65);
  EXPECT_EQ(broken.out, "");
  EXPECT_NE(broken.err.find("broken"), std::string::npos) << broken.err;
}

TEST_F(Keys, are_where_the_environment_says) {
  EXPECT_EQ(store_place("/somewhere/usage.db", surroundings()).keys(), "/somewhere/usage.db-keys");
  EXPECT_EQ(store_place("", surroundings()).file, scratch_.path("state") + "/sluice/sluice.db");
  variables_["STATE_DIRECTORY"] = scratch_.path("one") + ":" + scratch_.path("two");
  EXPECT_EQ(store_place("", surroundings()).file, scratch_.path("one") + "/sluice.db");
  variables_ = {{"HOME", scratch_.path("home")}};
  EXPECT_EQ(store_place("", surroundings()).file, scratch_.path("home") + "/.local/state/sluice/sluice.db");
}

}  // namespace
}  // namespace sluice::app::keys_test
