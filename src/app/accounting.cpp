#include "app/accounting.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration until_written = 5s;  // what is settled, before somebody's history is read

}  // namespace

Result<std::unique_ptr<Accounting>> Accounting::open(const config::Storage& storage, const Clock& clock, Log& log) {
  std::unique_ptr<Accounting> accounting(new Accounting(clock, log));
  if (!storage.database.empty() && storage.database != config::in_memory) {
    const Result<> opened = accounting->open_store(storage);
    if (!opened) return opened.error();
  }
  Accounting* const books = accounting.get();
  accounting->book_ = ledger::Book::make([books](ledger::Level level, std::string_view name,
                                                 ledger::Span span) { return books->spent(level, name, span); },
                                         [books](const ledger::Alert& alert) { books->tell(alert); });
  return accounting;
}

Result<> Accounting::open_store(const config::Storage& storage) {
  ledger::StorePlace place{storage.database, storage.on_full, std::nullopt};
  place.tell = [this](ledger::StoreEvent event, const std::string& words) { tell(event, words); };
  if (storage.retention_days > 0) place.retention = std::chrono::days(storage.retention_days);
  Result<ledger::OpenedStore> opened = ledger::open_store(place, clock_);
  if (!opened) return std::move(opened).error();
  if (!opened->set_aside.empty()) {
    tell(ledger::StoreEvent::set_aside, opened->set_aside);
  }
  if (opened->crashed > 0 || opened->torn > 0) {
    log_.warn("requests were under way when the last process died; they are charged what had been set aside",
              {{"requests", std::to_string(opened->crashed)},
               {"usd", ledger::usd(opened->crashed_cost)},
               {"unreadable", std::to_string(opened->torn)}});
  }
  Result<std::unique_ptr<ledger::UsageHistory>> history = ledger::UsageHistory::open(storage.database);
  if (!history) return std::move(history).error();
  recorder_ = std::move(opened->recorder);
  place_ = storage.database;
  history_ = *std::move(history);
  recorder_->flush(until_written);
  history_->nothing_is_recorded(true);
  return Ok{};
}

void Accounting::begin() {
  begun_ = true;
  if (history_ != nullptr) history_->nothing_is_recorded(false);
}

// Asked when a budget is new to the process: at start, and when a configuration or the keys are read again.
ledger::NanoUsd Accounting::spent(ledger::Level level, std::string_view name, ledger::Span span) {
  if (history_ == nullptr) return 0;
  if (begun_) recorder_->flush(until_written);
  const Result<ledger::NanoUsd> spent = history_->spent(level, name, span);
  if (spent) return *spent;
  log_.error("what was spent before is not known, and counts as nothing", {{"reason", spent.error().message()}});
  return 0;
}

void Accounting::tell(ledger::StoreEvent event, const std::string& words) {
  switch (event) {
    case ledger::StoreEvent::failing:
      return log_.error("usage cannot be recorded at the moment; it waits and is tried again", {{"reason", words}});
    case ledger::StoreEvent::recovered:
      return log_.info("usage is recorded again", {{"file", words}});
    case ledger::StoreEvent::set_aside:
      return log_.error(
          "the usage database was damaged; it is kept and a new one begun, so that after a restart budgets "
          "know nothing of what was spent before",
          {{"kept", words}});
  }
}

void Accounting::tell(const ledger::Alert& alert) {
  const ledger::BudgetStanding& budget = alert.standing;
  log_.warn("a budget has reached a threshold", {{"of", std::string(to_string(budget.level))},
                                                 {"name", budget.name},
                                                 {"per", std::string(to_string(budget.window))},
                                                 {"percent", std::to_string(alert.percent)},
                                                 {"limit_usd", ledger::usd(budget.limit)},
                                                 {"spent_usd", ledger::usd(budget.spent)}});
  if (sink_) sink_(alert);
}

std::vector<Gauges::Budget> Accounting::budget_gauges(ledger::Now now) const {
  std::vector<Gauges::Budget> gauges;
  for (const ledger::BudgetStanding& budget : book_->budgets(now)) {
    gauges.push_back({std::string(to_string(budget.level)), budget.name, std::string(to_string(budget.window)),
                      budget.limit, budget.spent, budget.reserved});
  }
  return gauges;
}

Gauges::Ledger Accounting::ledger_gauges() const {
  if (recorder_ == nullptr) return {};
  const ledger::Recorder::Health health = recorder_->health();
  return {health.waiting, health.written, health.dropped, health.errors};
}

}  // namespace sluice::app
