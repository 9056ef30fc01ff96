#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include <sluice/ledger/usage_report.hpp>

// Reports of what was spent, as text. `by` is everywhere the query's.
namespace sluice::app {

// As the contract has it.
std::string usage_json(const ledger::UsageReport& report, const std::vector<std::string>& by);

// The same as lines of RFC 4180, with a head.
void write_usage_csv(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out);

// For people: how much, of what, for how much money.
void write_usage_table(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out);

// How reports in the columns of FOCUS (FinOps Open Cost and Usage Specification, 1.2) are asked for: a charge is what
// a key spent in a day on a model at a provider, and whatever tags are wanted besides.
std::vector<std::string> focus_dimensions(const std::vector<std::string>& tags);

// That report as CSV; `by` is focus_dimensions(). All costs are what was paid: nothing is known of discounts. What was
// refused before any provider was asked is no charge.
void write_usage_focus(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out);

// A cell of CSV: quoted where it has to be, and no formula to a spreadsheet.
std::string csv_cell(const std::string& text);

}  // namespace sluice::app
