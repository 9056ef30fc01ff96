#include "app/key_rules.hpp"

#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/terms_words.hpp>

#include <gtest/gtest.h>

#include "app/exact_json.hpp"

namespace sluice::app::key_rules_test {
namespace {

using Words = std::vector<std::string>;

const UtcTime now = *parse_utc("2030-01-31T12:00:00Z");

ledger::NewKey after(ledger::NewKey key, std::string_view patch) {
  const auto json = exact_json(patch);
  EXPECT_TRUE(json) << patch;
  const Result<> applied = apply_rules(*json, now, key);
  EXPECT_TRUE(applied) << patch << ": " << applied.error().message();
  return key;
}
std::string problem(ledger::NewKey key, std::string_view patch) {
  const auto json = exact_json(patch);
  EXPECT_TRUE(json) << patch;
  const Result<> applied = apply_rules(*json, now, key);
  return applied ? "" : applied.error().message();
}
ledger::NewKey rich() {
  return after({}, R"({"models":["m","x-*"],"endpoints":["chat"],"cidrs":["10.0.0.0/8"],"expires":"30d",
    "limits":{"rpm":600,"tpm":200000,"concurrent":5},"on_exhausted":{"downgrade":"m"},
    "budget":[{"usd":20,"per":"day","alerts":[80]},{"usd":"300.000000001","per":"month","zone":"Europe/Berlin"}]})");
}

TEST(ExactJson, keeps_amounts_as_they_are_written) {
  const auto json = exact_json(R"({"a":0.1,"b":1e3,"c":20,"d":-5,"e":99999999999999999999,"f":[true,null,"x"]})");
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["a"], "0.1");
  EXPECT_EQ((*json)["b"], "1e3");
  EXPECT_EQ((*json)["c"], 20u);
  EXPECT_EQ((*json)["d"], -5);
  EXPECT_EQ((*json)["e"], "99999999999999999999");
  EXPECT_EQ((*json)["f"].dump(), R"([true,null,"x"])");
}

TEST(ExactJson, is_one_value_with_each_member_once_and_not_too_deep) {
  for (const char* const text :
       {"", "{", "{}x", "{\"a\":1,\"a\":1}", "[{\"a\":{\"b\":1,\"b\":2}}]", "nul", "'a'", "\xff"})
    EXPECT_FALSE(exact_json(text)) << text;
  EXPECT_TRUE(exact_json(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(exact_json(std::string(33, '[') + std::string(33, ']')));
  EXPECT_FALSE(exact_json(std::string(100'000, '[')));
}

TEST(KeyRules, are_all_that_a_key_may_be_told) {
  const ledger::NewKey key = rich();
  EXPECT_EQ(key.models, (Words{"m", "x-*"}));
  EXPECT_EQ(key.endpoints, Words{"chat"});
  EXPECT_EQ(key.cidrs, Words{"10.0.0.0/8"});
  EXPECT_EQ(key.expires_at, now + std::chrono::hours(24 * 30));
  EXPECT_EQ(ledger::limit_words(key.terms), (Words{"rpm=600", "tpm=200000", "concurrent=5"}));
  EXPECT_EQ(ledger::budget_words(key.terms), (Words{"20.00/day alerts=80", "300.000000001/month zone=Europe/Berlin"}));
  EXPECT_EQ(key.exhausted, "m");
}

TEST(KeyRules, what_is_told_of_terms_makes_the_same_again) {
  ledger::NewKey key = rich();
  key.terms.budgets[1].rolling = true;
  key.terms.budgets[1].zone.clear();
  key.terms.budgets[0].raises = {{5, *parse_utc("2031-01-01T00:00:00Z")}};
  nlohmann::ordered_json told;
  tell_terms(key.terms, key.exhausted, told);
  EXPECT_EQ(after({}, told.dump()).terms, key.terms);
  EXPECT_EQ(after({}, told.dump()).exhausted, key.exhausted);
  nlohmann::ordered_json nothing;
  tell_terms({}, std::nullopt, nothing);
  EXPECT_EQ(nothing.dump(), R"({"limits":{},"budget":[],"on_exhausted":null})");
  EXPECT_TRUE(after(rich(), R"({"limits":null,"budget":[],"on_exhausted":null})").terms.empty());
}

TEST(KeyRules, what_a_patch_does_not_name_stays) {
  EXPECT_EQ(after(rich(), "{}").terms, rich().terms);
  EXPECT_EQ(after(rich(), "{}").expires_at, rich().expires_at);
  EXPECT_EQ(ledger::limit_words(after(rich(), R"({"limits":{"rpm":1200}})").terms),
            (Words{"rpm=1200", "tpm=200000", "concurrent=5"}));
  EXPECT_EQ(after(rich(), R"({"limits":{"rpm":1200}})").terms.budgets, rich().terms.budgets);
  EXPECT_EQ(after(rich(), R"({"models":["other"]})").endpoints, Words{"chat"});
}

TEST(KeyRules, null_takes_away) {
  EXPECT_EQ(ledger::limit_words(after(rich(), R"({"limits":{"tpm":null,"concurrent":null}})").terms), Words{"rpm=600"});
  EXPECT_TRUE(after(rich(), R"({"limits":null})").terms.limits.empty());
  EXPECT_EQ(after(rich(), R"({"limits":null})").terms.concurrent, 0u);
  EXPECT_TRUE(after(rich(), R"({"budget":null})").terms.budgets.empty());
  EXPECT_FALSE(after(rich(), R"({"on_exhausted":null})").exhausted);
  EXPECT_EQ(after(rich(), R"({"on_exhausted":"refuse"})").exhausted, "");
  EXPECT_FALSE(after(rich(), R"({"models":null})").models);
  EXPECT_FALSE(after(rich(), R"({"endpoints":null})").endpoints);
  EXPECT_TRUE(after(rich(), R"({"cidrs":null})").cidrs.empty());
  EXPECT_FALSE(after(rich(), R"({"expires":null})").expires_at);
}

TEST(KeyRules, budgets_are_replaced_as_a_whole) {
  EXPECT_EQ(ledger::budget_words(after(rich(), R"({"budget":{"usd":0.5,"per":"hour"}})").terms), Words{"0.50/hour"});
}

TEST(KeyRules, a_raise_is_added_to_the_budget_it_names) {
  const std::string raised = R"({"raise":{"usd":50,"until":"2030-02-01T00:00:00Z","per":"day"}})";
  const ledger::NewKey once = after(rich(), raised);
  EXPECT_EQ(ledger::budget_words(once.terms),
            (Words{"20.00/day alerts=80 raise=50.00@2030-02-01T00:00:00Z", "300.000000001/month zone=Europe/Berlin"}));
  EXPECT_EQ(after(once, raised).terms.budgets[0].raises.size(), 2u);
  const ledger::NewKey single = after({}, R"({"budget":{"usd":1,"per":"day"}})");
  EXPECT_EQ(ledger::budget_words(after(single, R"({"raise":{"usd":0.25,"until":"1h"}})").terms),
            Words{"1.00/day raise=0.25@2030-01-31T13:00:00Z"});
}

TEST(KeyRules, raises_that_are_over_are_forgotten_with_the_next) {
  ledger::NewKey key = rich();
  key.terms.budgets[0].raises = {{1, now - std::chrono::seconds(1)}, {2, now + std::chrono::hours(1)}};
  const auto raises = after(key, R"({"raise":{"usd":3,"until":"2h","per":"day"}})").terms.budgets[0].raises;
  ASSERT_EQ(raises.size(), 2u);
  EXPECT_EQ(raises[0].amount, 2);
  EXPECT_EQ(raises[1].amount, 3 * ledger::one_usd);
}

TEST(KeyRules, a_raise_of_nothing_is_refused) {
  const auto raise = [](std::string_view members) {
    return problem(rich(), R"({"raise":)" + std::string(members) + "}");
  };
  EXPECT_EQ(raise(R"({"usd":5,"until":"1h"})"),
            "the key has several budgets; say which one to raise: per day, month, …");
  EXPECT_EQ(raise(R"({"usd":5,"until":"1h","per":"week"})"), "the key has no budget per week to raise");
  EXPECT_EQ(problem({}, R"({"raise":{"usd":5,"until":"1h"}})"), "the key has no budget to raise");
  EXPECT_EQ(raise(R"({"usd":5,"per":"day"})"), "raise does not say until when");
  EXPECT_EQ(raise(R"({"usd":5,"per":"day","until":"2030-01-31T12:00:00Z"})"), "the raise would be over already");
  EXPECT_EQ(raise(R"({"per":"day","until":"1h"})"), "budget[0].raise[0].usd: is missing; write usd: AMOUNT");
  EXPECT_EQ(raise(R"({"usd":999999999,"per":"day","until":"1h"})"),
            "budget[0].raise[0].usd: too much together with the budget and its other raises; write no more than "
            "1000000000 USD in all");
  EXPECT_EQ(raise(R"({"more":5})"), "raise has no member \"more\"");
  EXPECT_FALSE(raise("5").empty());
}

TEST(KeyRules, that_are_empty_and_of_the_wrong_shape_take_nothing_away) {
  for (const char* patch : {R"({"limits":[]})", R"({"budget":{}})", R"({"on_exhausted":[]})", R"({"on_exhausted":{}})"})
    EXPECT_NE(problem(rich(), patch).find("null takes away what is there"), std::string::npos) << patch;
}

TEST(KeyRules, are_refused_in_a_configurations_words) {
  EXPECT_EQ(problem({}, R"({"limits":{"rpm":0}})"),
            "limits.rpm: found \"0\"; use a whole number between 1 and 1000000000000");
  EXPECT_EQ(problem({}, R"({"limits":{"rpm":1.5}})"),
            "limits.rpm: found \"1.5\"; use a whole number between 1 and 1000000000000");
  EXPECT_EQ(
      problem({}, R"({"budget":{"usd":0.0000000001,"per":"day"}})"),
      "budget.usd: found \"0.0000000001\"; write nine decimals at most: a nano-USD is as fine as money is counted");
  EXPECT_EQ(problem({}, R"({"budget":[{"usd":-1,"per":"day"}]})"),
            "budget[0].usd: found \"-1\"; an amount cannot be less than 0");
  EXPECT_EQ(problem({}, R"({"budget":[{"usd":1,"per":"day"},{"usd":2,"per":"day"}]})"),
            "budget[1].per: another budget per day stands before it; keep the smaller one");
  EXPECT_EQ(problem({}, R"({"models":"m"})"), "models is no list of strings");
  EXPECT_EQ(problem({}, R"({"expires":7})"), "expires is no string");
  for (const char* const patch : {R"({"limits":7})", R"({"limits":{"rpm":{}}})", R"({"budget":"20/day"})",
                                  R"({"budget":[7]})", R"({"on_exhausted":7})", R"({"on_exhausted":{"up":"m"}})"})
    EXPECT_FALSE(problem({}, patch).empty()) << patch;
}

}  // namespace
}  // namespace sluice::app::key_rules_test
