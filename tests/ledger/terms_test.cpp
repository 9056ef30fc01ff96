#include <sluice/ledger/terms.hpp>

#include <gtest/gtest.h>
#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/terms_words.hpp>

namespace sluice::ledger {
namespace {

TEST(Limit, is_called_as_it_is_written) {
  EXPECT_EQ((Limit{Limit::What::requests, Limit::Per::minute, 1}.name()), "rpm");
  EXPECT_EQ((Limit{Limit::What::tokens, Limit::Per::day, 1}.name()), "tpd");
  EXPECT_EQ((Limit{Limit::What::input_tokens, Limit::Per::second, 1}.name()), "input_tps");
  EXPECT_EQ((Limit{Limit::What::output_tokens, Limit::Per::hour, 1}.name()), "output_tph");
}

TEST(TermsWords, say_all_of_it_and_are_read_back) {
  Terms terms;
  for (Limit kind : limit_kinds()) {
    kind.amount = 1'000'000'000'000 - terms.limits.size();
    terms.limits.push_back(kind);
  }
  terms.concurrent = 1'000'000;
  using Window = Budget::Window;
  for (const Window window : {Window::hour, Window::day, Window::week, Window::month, Window::total}) {
    Budget& budget = terms.budgets.emplace_back();
    budget.amount = 20 * one_usd + 1;
    budget.window = window;
    budget.rolling = window == Window::day;
  }
  terms.budgets[2].zone = "America/Argentina/Buenos_Aires";
  terms.budgets[2].alerts = {50, 80, 100};
  terms.budgets[3].alerts = {1};
  terms.budgets[3].raises = {{one_usd, *parse_utc("2026-12-01T00:00:00Z")}, {1, *parse_utc("2027-01-01T12:30:59Z")}};
  Terms read;
  for (const std::string& words : limit_words(terms)) EXPECT_TRUE(add_limit_words(words, read)) << words;
  for (const std::string& words : budget_words(terms)) EXPECT_TRUE(add_budget_words(words, read)) << words;
  EXPECT_EQ(read, terms);
}

TEST(TermsWords, are_for_people) {
  Terms terms;
  terms.limits = {{Limit::What::requests, Limit::Per::minute, 600}};
  terms.concurrent = 5;
  EXPECT_EQ(limit_words(terms), (std::vector<std::string>{"rpm=600", "concurrent=5"}));
  Budget budget;
  budget.amount = 20 * one_usd;
  budget.window = Budget::Window::week;
  budget.zone = "Europe/Berlin";
  budget.alerts = {50, 80};
  budget.raises = {{one_usd / 2, *parse_utc("2026-12-01T00:00:00Z")}};
  terms.budgets = {budget};
  EXPECT_EQ(budget_words(terms).front(), "20.00/week zone=Europe/Berlin alerts=50,80 raise=0.50@2026-12-01T00:00:00Z");
}

TEST(TermsWords, that_say_something_else_add_nothing) {
  Terms terms;
  for (const char* const words : {"", "rpm", "rpm=", "rpm=0", "rpm=-1", "rpm=1.5", "rpm=99999999999999999999", "rpx=1",
                                  "concurrent=0", "concurrent=4294967296", "=5"}) {
    EXPECT_FALSE(add_limit_words(words, terms)) << words;
  }
  for (const char* const words :
       {"", "20", "20/", "20/year", "-1/day", "/day", "1/day sometimes", "1/day zone=", "1/day alerts=101",
        "1/day raise=1", "1/day raise=x@2026-12-01T00:00:00Z", "1/day raise=1@tomorrow"}) {
    EXPECT_FALSE(add_budget_words(words, terms)) << words;
  }
  EXPECT_TRUE(terms.empty());
}

}  // namespace
}  // namespace sluice::ledger
