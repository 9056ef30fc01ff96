#include <sluice/config/allowance.hpp>

#include <initializer_list>

#include <gtest/gtest.h>

namespace sluice::config::written_test {
namespace {

using Shape = Written::Shape;
using Members = std::initializer_list<Written::Member>;

Written text(std::string words) {
  Written value;
  value.shape = Shape::text;
  value.text = std::move(words);
  return value;
}
Written mapping(Members members) {
  Written value;
  value.shape = Shape::mapping;
  value.members = members;
  return value;
}
Written list(std::initializer_list<Written> items) {
  Written value;
  value.shape = Shape::list;
  value.items = items;
  return value;
}

// What is wrong with it; empty: nothing.
std::string problem(Members members) {
  const Result<Allowance> read = read_allowance(mapping(members));
  return read ? "" : read.error().message();
}

TEST(WrittenAllowance, is_read_as_in_a_configuration) {
  const Written day = mapping({{"usd", text("20.000000001")}, {"per", text("day")}, {"alerts", list({text("80")})}});
  const Written raise = mapping({{"usd", text("5")}, {"until", text("2026-12-01T00:00:00Z")}});
  const Written total = mapping({{"usd", text("300")}, {"per", text("total")}, {"raise", raise}});
  const auto read = read_allowance(mapping({{"name", text("bot")},
                                            {"limits", mapping({{"rpm", text("600")}, {"concurrent", text("5")}})},
                                            {"budget", list({day, total})},
                                            {"on_exhausted", mapping({{"downgrade", text("small")}})}}));
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->terms.limits.size(), 1u);
  EXPECT_EQ(read->terms.limits[0].name(), "rpm");
  EXPECT_EQ(read->terms.limits[0].amount, 600u);
  EXPECT_EQ(read->terms.concurrent, 5u);
  ASSERT_EQ(read->terms.budgets.size(), 2u);
  EXPECT_EQ(read->terms.budgets[0].amount, 20'000'000'001);
  EXPECT_EQ(read->terms.budgets[0].alerts, std::vector<std::uint8_t>{80});
  EXPECT_EQ(read->terms.budgets[1].raises.at(0).amount, 5 * ledger::one_usd);
  EXPECT_EQ(read->exhausted->downgrade, "small");
}

TEST(WrittenAllowance, may_say_nothing) {
  const auto read = read_allowance(mapping({}));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->terms.empty());
  EXPECT_FALSE(read->exhausted);
}

TEST(WrittenAllowance, is_refused_in_a_configurations_words) {
  EXPECT_EQ(problem({{"limits", mapping({{"rpm", text("x")}})}}),
            "limits.rpm: found \"x\"; use a whole number between 1 and 1000000000000");
  EXPECT_EQ(problem({{"limits", mapping({{"input_tmp", text("5")}})}}),
            "limits.input_tmp: unknown key \"input_tmp\"; did you mean \"input_tpm\"?");
  EXPECT_EQ(problem({{"budget", mapping({{"usd", text("1e3")}, {"per", text("day")}})}}),
            "budget.usd: found \"1e3\"; write USD as digits, with a point where it needs one: 20, or 0.5");
  EXPECT_EQ(problem({{"budget", list({mapping({{"usd", text("1")}})})}}),
            "budget[0].per: is missing; write per: one of hour, day, week, month, total");
  EXPECT_EQ(problem({{"on_exhausted", text("stop")}}),
            "on_exhausted: found \"stop\"; write refuse, or {downgrade: MODEL}");
  EXPECT_EQ(problem({{"limits", Written()}}), "limits: has no value; write {rpm: NUMBER}, or remove the key");
  EXPECT_EQ(problem({{"limits", text("5")}}).substr(0, 8), "limits: ");
}

TEST(WrittenAllowance, leads_to_no_variable) {
  EXPECT_EQ(problem({{"limits", mapping({{"rpm", text("${HOME}")}})}}),
            "limits.rpm: found \"${HOME}\"; use a whole number between 1 and 1000000000000");
}

}  // namespace
}  // namespace sluice::config::written_test
