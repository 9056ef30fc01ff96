#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/config/config.hpp>
#include <sluice/ledger/book.hpp>
#include <sluice/ledger/recorder.hpp>
#include <sluice/ledger/store.hpp>
#include <sluice/ledger/usage_report.hpp>
#include <sluice/telemetry/log.hpp>
#include <sluice/telemetry/metrics.hpp>

namespace sluice::app {

// The books of a running daemon: who may spend what, and the store of what was spent. Outlives the workers.
class Accounting {
 public:
  // Opens the store, and charges what a process left behind that died. Without a file nothing is
  // recorded. Errors name the file.
  static Result<std::unique_ptr<Accounting>> open(const config::Storage& storage, const Clock& clock, Log& log);

  // Somebody may call from now on. Until then the past of all who have budgets is read in one go, and not for each.
  void begin();
  // Who is told of alerts beside the log. Called on workers' threads, so it must not wait; set before there are any.
  void alerts_to(ledger::Book::AlertSink sink) { sink_ = std::move(sink); }

  ledger::Book& book() { return *book_; }
  ledger::Recorder* recorder() { return recorder_.get(); }
  // The file of the store; empty: nothing is recorded.
  const std::string& place() const { return place_; }
  std::vector<Gauges::Budget> budget_gauges(ledger::Now now) const;
  Gauges::Ledger ledger_gauges() const;

 private:
  Accounting(const Clock& clock, Log& log) : clock_(clock), log_(log) {}
  Result<> open_store(const config::Storage& storage);
  ledger::NanoUsd spent(ledger::Level level, std::string_view name, ledger::Span span);
  void tell(ledger::StoreEvent event, const std::string& words);
  void tell(const ledger::Alert& alert);

  const Clock& clock_;
  Log& log_;
  ledger::Book::AlertSink sink_;  // may be empty
  std::string place_;
  std::unique_ptr<ledger::Recorder> recorder_;     // null: nothing is kept
  std::unique_ptr<ledger::UsageHistory> history_;  // null with it
  std::unique_ptr<ledger::Book> book_;
  bool begun_ = false;
};

}  // namespace sluice::app
