#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/ledger/book.hpp>

#include "ledger/wall.hpp"

namespace sluice::ledger {

inline Limit limit(Limit::What what, std::uint64_t amount, Limit::Per per = Limit::Per::minute) {
  return {what, per, amount};
}

inline Budget budget(NanoUsd amount, Budget::Window window = Budget::Window::day) {
  Budget budget;
  budget.amount = amount;
  budget.window = window;
  return budget;
}

inline Terms terms(std::vector<Limit> limits, std::vector<Budget> budgets = {}, std::uint32_t concurrent = 0) {
  Terms terms;
  terms.limits = std::move(limits);
  terms.budgets = std::move(budgets);
  terms.concurrent = concurrent;
  return terms;
}

// A book at noon, with a history that says what it is told to.
class BookTest : public testing::Test {
 protected:
  std::shared_ptr<Account> account(Level level, const std::string& name, const Terms& terms) {
    return book_->account(level, name, terms, now_);
  }
  std::optional<Refusal> open(const std::vector<std::shared_ptr<Account>>& accounts, const Demand& demand,
                              std::optional<Tab>& tab) {
    std::vector<Account*> plain;
    for (const auto& account : accounts) plain.push_back(account.get());
    return book_->open(plain, demand, now_, tab);
  }
  BudgetStanding standing(const std::string& name) {
    for (const BudgetStanding& standing : book_->budgets(now_)) {
      if (standing.name == name) return standing;
    }
    ADD_FAILURE() << "no budget of " << name;
    return {};
  }
  void wait(Duration duration) {
    now_.steady += duration;
    now_.wall += duration;
  }

  Now now_{TimePoint(std::chrono::hours(1)), at("2026-05-05T12:00:00")};
  NanoUsd history_ = 0;
  std::vector<Alert> alerts_;
  std::unique_ptr<Book> book_ = Book::make([this](Level, std::string_view, Span) { return history_; },
                                           [this](const Alert& alert) { alerts_.push_back(alert); });
};

}  // namespace sluice::ledger
