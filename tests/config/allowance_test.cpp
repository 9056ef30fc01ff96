#include "config/allowance.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config::allowance_test {
namespace {

using ledger::Limit;
using testing::Case;
using testing::surroundings;
using testing::world;

const std::string keys_known =
    "known here: rps, rpm, rph, rpd, tps, tpm, tph, tpd, input_tps, input_tpm, input_tph, input_tpd, output_tps, "
    "output_tpm, output_tph, output_tpd, concurrent";
const std::string known_of_teams = keys_known + ", fair_share";

class AllowanceSection : public testing::Complains {};
TEST_P(AllowanceSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, AllowanceSection,
    ::testing::Values(
        Case{"unknown_limit",
             world + "teams: {t: {limits: {requests_per_minute: 5}}}\n",
             {"f:3:22: teams.t.limits.requests_per_minute: unknown key \"requests_per_minute\"; " + known_of_teams}},
        Case{"misspelt_limit",
             world + "teams: {t: {limits: {input_tmp: 5}}}\n",
             {"f:3:22: teams.t.limits.input_tmp: unknown key \"input_tmp\"; did you mean \"input_tpm\"?"}},
        Case{"no_number",
             world + "teams: {t: {limits: {rpm: many, tpm: -1, concurrent: 0}}}\n",
             {"f:3:27: teams.t.limits.rpm: found \"many\"; use a whole number between 1 and 1000000000000",
              "f:3:38: teams.t.limits.tpm: found \"-1\"; use a whole number between 1 and 1000000000000",
              "f:3:54: teams.t.limits.concurrent: found \"0\"; use a whole number between 1 and 1000000"}},
        Case{"nothing_at_all",
             world + "teams:\n  t:\n    limits:\n    budget:\n",
             {"f:5:5: teams.t.limits: has no value; write {rpm: NUMBER}, or remove the key",
              "f:6:5: teams.t.budget: has no value; write {usd: AMOUNT, per: month}, or remove the key"}},
        Case{"shares_nothing",
             world + "teams: {t: {limits: {fair_share: true}}}\n",
             {"f:3:34: teams.t.limits.fair_share: shares no limit; write limits beside it, or remove it"}},
        Case{"not_a_teams",
             world + "keys: [{name: k, secret: \"${TEAM_KEY}\", limits: {rpm: 5, fair_share: true}}]\n",
             {"f:3:58: keys[0].limits.fair_share: unknown key \"fair_share\"; " + keys_known}},
        Case{"no_mapping",
             world + "teams: {t: {limits: 5}}\n",
             {"f:3:21: teams.t.limits: a mapping belongs here, not a single value; write \"key: value\" lines"}}),
    testing::name_of);

TEST(Allowance, reads_every_limit) {
  const Loaded loaded = load(world +
                                 "teams:\n"
                                 "  t:\n"
                                 "    limits: {rps: 1, rpm: 2, rph: 3, rpd: 4, tps: 5, tpm: 6, tph: 7, tpd: 8,\n"
                                 "             input_tps: 9, input_tpm: 10, input_tph: 11, input_tpd: 12,\n"
                                 "             output_tps: 13, output_tpm: 14, output_tph: 15, output_tpd: 16,\n"
                                 "             concurrent: 17}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty());
  const ledger::Terms& terms = loaded.config.teams.at(0).terms;
  EXPECT_EQ(terms.concurrent, 17u);
  ASSERT_EQ(terms.limits.size(), 16u);
  std::string all;
  for (const Limit& limit : terms.limits) all += limit.name() + '=' + std::to_string(limit.amount) + ' ';
  EXPECT_EQ(all,
            "rps=1 rpm=2 rph=3 rpd=4 tps=5 tpm=6 tph=7 tpd=8 input_tps=9 input_tpm=10 input_tph=11 input_tpd=12 "
            "output_tps=13 output_tpm=14 output_tph=15 output_tpd=16 ");
}

TEST(Allowance, of_a_team_may_be_shared_fairly) {
  const Config config =
      load(world + "teams: {a: {limits: {rpm: 5, fair_share: true}}, b: {limits: {rpm: 5}}}\n", surroundings()).config;
  EXPECT_TRUE(config.teams.at(0).terms.fair_share);
  EXPECT_FALSE(config.teams.at(1).terms.fair_share);
}

TEST(Allowance, is_nothing_unless_it_is_written) {
  const Config config =
      load(world + "teams: {t: {}}\nkeys: [{name: k, secret: \"${TEAM_KEY}\"}]\n", surroundings()).config;
  EXPECT_TRUE(config.models.at(0).terms.empty());
  EXPECT_TRUE(config.teams.at(0).terms.empty());
  EXPECT_TRUE(config.keys.at(0).terms.empty());
  EXPECT_TRUE(config.organisation.terms.empty());
  EXPECT_EQ(config.organisation.name, "");
}

TEST(Allowance, is_everybodys) {
  const Loaded loaded = load(
      "storage: memory\nproviders: {demo: {}}\n"
      "models: {m: {targets: [{provider: demo}], limits: {rpm: 1}, budget: {usd: 1, per: day}}}\n"
      "organisation: {name: acme, limits: {rpm: 2}, budget: {usd: 2, per: day}}\n"
      "teams: {t: {limits: {rpm: 3}, budget: {usd: 3, per: day}}}\n"
      "keys: [{name: k, secret: \"${TEAM_KEY}\", limits: {rpm: 4}, budget: {usd: 4, per: day}}]\n"
      "tags: {project: {crm: {limits: {rpm: 5}, budget: {usd: 5, per: day}}}}\n",
      surroundings());
  ASSERT_TRUE(loaded.complaints.empty()) << loaded.complaints[0].text("f");
  const Config& config = loaded.config;
  const auto is = [](const ledger::Terms& terms, std::uint64_t number) {
    return terms.limits.at(0).amount == number &&
           terms.budgets.at(0).amount == static_cast<ledger::NanoUsd>(number) * ledger::one_usd;
  };
  EXPECT_TRUE(is(config.models.at(0).terms, 1));
  EXPECT_TRUE(is(config.organisation.terms, 2));
  EXPECT_TRUE(is(config.teams.at(0).terms, 3));
  EXPECT_TRUE(is(config.keys.at(0).terms, 4));
  EXPECT_TRUE(is(config.tags.at(0).terms, 5));
}

}  // namespace
}  // namespace sluice::config::allowance_test
