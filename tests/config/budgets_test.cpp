#include <gtest/gtest.h>
#include <sluice/base/utc_text.hpp>

#include "config/allowance.hpp"
#include "config/cases.hpp"

namespace sluice::config::budgets_test {
namespace {

using ledger::Budget;
using testing::Case;
using testing::surroundings;
using testing::world;

const std::string start = "storage: memory\n" + world;
const std::string usual = "write USD as digits, with a point where it needs one: 20, or 0.5";

class BudgetSection : public testing::Complains {};
TEST_P(BudgetSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, BudgetSection,
    ::testing::Values(
        Case{"nothing_said",
             start + "teams: {t: {budget: {}}}\n",
             {"f:4:13: teams.t.budget.usd: is missing; write usd: AMOUNT",
              "f:4:13: teams.t.budget.per: is missing; write per: one of hour, day, week, month, total"}},
        Case{"a_number_alone",
             start + "teams: {t: {budget: 500}}\n",
             {"f:4:21: teams.t.budget: found \"500\"; write {usd: AMOUNT, per: month}, or remove the key"}},
        Case{"an_empty_list",
             start + "teams: {t: {budget: []}}\n",
             {"f:4:21: teams.t.budget: has no value; write {usd: AMOUNT, per: month}, or remove the key"}},
        Case{"an_empty_item",
             start + "teams:\n  t:\n    budget:\n      - null\n",
             {"f:7:9: teams.t.budget[0]: has no value; write {usd: AMOUNT, per: month}"}},
        Case{"unknown_key_and_window",
             start + "teams: {t: {budget: {usd: 1, per: year, alert: 80}}}\n",
             {"f:4:35: teams.t.budget.per: found \"year\"; use one of hour, day, week, month, total",
              "f:4:41: teams.t.budget.alert: unknown key \"alert\"; did you mean \"alerts\"?"}},
        Case{"a_negative_amount",
             start + "teams: {t: {budget: {usd: -5, per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"-5\"; an amount cannot be less than 0"}},
        Case{"an_exponent",
             start + "teams: {t: {budget: {usd: 1e-3, per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"1e-3\"; " + usual}},
        Case{"a_currency",
             start + "teams: {t: {budget: {usd: $5, per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"$5\"; " + usual}},
        Case{"half_a_number",
             start + "teams: {t: {budget: {usd: 5., per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"5.\"; " + usual}},
        Case{"ten_decimals",
             start + "teams: {t: {budget: {usd: 0.0000000001, per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"0.0000000001\"; write nine decimals at most: a nano-USD is as fine "
              "as "
              "money is counted"}},
        Case{"too_much",
             start + "teams: {t: {budget: {usd: 1000000000.000000001, per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"1000000000.000000001\"; write no more than 1000000000 USD"}},
        Case{"more_than_fits",
             start + "teams: {t: {budget: {usd: 99999999999999999999999, per: day}}}\n",
             {"f:4:27: teams.t.budget.usd: found \"99999999999999999999999\"; write no more than 1000000000 USD"}},
        Case{"two_alike",
             start +
                 "teams: {t: {budget: [{usd: 1, per: day}, {usd: 1, per: day, rolling: true}, {usd: 2, per: day}]}}\n",
             {"f:4:91: teams.t.budget[2].per: another budget per day stands before it; keep the smaller one"}},
        Case{"what_has_no_effect",
             start + "teams: {t: {budget: [{usd: 1, per: total, rolling: true, zone: UTC}, {usd: 1, per: day, rolling: "
                     "true, zone: UTC}]}}\n",
             {"f:4:52: teams.t.budget[0].rolling: has no effect: a total has no window; remove it",
              "f:4:64: teams.t.budget[0].zone: has no effect: what is counted follows no calendar; remove it",
              "f:4:110: teams.t.budget[1].zone: has no effect: what is counted follows no calendar; remove it"}},
        Case{"no_zone",
             start + "teams: {t: {budget: {usd: 1, per: day, zone: Europe/Atlantis}}}\n",
             {"f:4:46: teams.t.budget.zone: no time zone is called \"Europe/Atlantis\"; write a name like "
              "Europe/Berlin, "
              "or UTC"}},
        Case{"alerts",
             start + "teams: {t: {budget: {usd: 1, per: day, alerts: [80, 80, 0, 101, 80%]}}}\n",
             {"f:4:53: teams.t.budget.alerts[1]: named twice; keep one of them",
              "f:4:57: teams.t.budget.alerts[2]: found \"0\"; use a whole number between 1 and 100",
              "f:4:60: teams.t.budget.alerts[3]: found \"101\"; use a whole number between 1 and 100",
              "f:4:65: teams.t.budget.alerts[4]: found \"80%\"; use a whole number between 1 and 100"}},
        Case{"raises",
             start + "teams: {t: {budget: {usd: 1, per: day, raise: [{}, {usd: 5, until: tomorrow}]}}}\n",
             {"f:4:48: teams.t.budget.raise[0].usd: is missing; write usd: AMOUNT",
              "f:4:48: teams.t.budget.raise[0].until: is missing; write until when, like 2026-12-01T00:00:00Z",
              "f:4:68: teams.t.budget.raise[1].until: found \"tomorrow\"; write a date with a time and its zone, like "
              "2026-12-01T00:00:00Z"}},
        Case{
            "a_raise_beyond_all_bounds",
            start + "teams: {t: {budget: {usd: 1, per: day, raise: {usd: 1000000000, until: 2026-12-01T00:00:00Z}}}}\n",
            {"f:4:53: teams.t.budget.raise.usd: too much together with the budget and its other raises; write no more "
             "than 1000000000 USD in all"}}),
    testing::name_of);

std::vector<Budget> budgets_of(const std::string& yaml) {
  const Loaded loaded = load(start + "teams: {t: {budget: " + yaml + "}}\n", surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config.teams.at(0).terms.budgets;
}

TEST(Budgets, are_read_with_everything) {
  const auto budgets = budgets_of(
      "{usd: 500, per: month, zone: Europe/Berlin, alerts: [100, 80], raise: {usd: 50, until: 2026-12-01T00:00:00Z}}");
  ASSERT_EQ(budgets.size(), 1u);
  EXPECT_EQ(budgets[0].amount, 500 * ledger::one_usd);
  EXPECT_EQ(budgets[0].window, Budget::Window::month);
  EXPECT_FALSE(budgets[0].rolling);
  EXPECT_EQ(budgets[0].zone, "Europe/Berlin");
  EXPECT_EQ(budgets[0].alerts, (std::vector<std::uint8_t>{80, 100}));
  ASSERT_EQ(budgets[0].raises.size(), 1u);
  EXPECT_EQ(budgets[0].raises[0].amount, 50 * ledger::one_usd);
  EXPECT_EQ(utc_text(budgets[0].raises[0].until), "2026-12-01T00:00:00Z");
}

TEST(Budgets, may_be_several) {
  const auto budgets = budgets_of(
      "[{usd: 1, per: hour, rolling: true}, {usd: 5, per: day, alerts: 90}, {usd: 20, per: week}, {usd: 0, per: "
      "total}]");
  ASSERT_EQ(budgets.size(), 4u);
  EXPECT_TRUE(budgets[0].rolling);
  EXPECT_EQ(budgets[0].window, Budget::Window::hour);
  EXPECT_EQ(budgets[1].alerts, std::vector<std::uint8_t>{90});
  EXPECT_EQ(budgets[2].window, Budget::Window::week);
  EXPECT_EQ(budgets[3].window, Budget::Window::total);
  EXPECT_EQ(budgets[3].amount, 0) << "nothing may be spent";
}

TEST(Budgets, are_exact) {
  EXPECT_EQ(budgets_of("{usd: 0.1, per: day}").at(0).amount, 100'000'000);
  EXPECT_EQ(budgets_of("{usd: 0.000000001, per: day}").at(0).amount, 1);
  EXPECT_EQ(budgets_of("{usd: 20.30, per: day}").at(0).amount, 20'300'000'000);
  EXPECT_EQ(budgets_of("{usd: \"999999999.999999999\", per: day}").at(0).amount, 999'999'999'999'999'999);
  EXPECT_EQ(budgets_of("{usd: 1000000000, per: day}").at(0).amount, 1'000'000'000'000'000'000);
}

}  // namespace
}  // namespace sluice::config::budgets_test
