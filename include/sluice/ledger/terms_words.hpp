#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/ledger/terms.hpp>

// Terms in words, each limit and each budget in some of its own: exact, without line breaks, and the same for people,
// for the audit trail and for the store. Of raises the end is told to the second.
namespace sluice::ledger {

// "rpm=600", "concurrent=5".
std::vector<std::string> limit_words(const Terms& terms);
// "20.00/day", "5.00/week zone=Europe/Berlin alerts=50,80 raise=1.00@2026-12-01T00:00:00Z", "300.00/month rolling".
std::vector<std::string> budget_words(const Terms& terms);

// Add what such words say. False, and nothing added, when they say nothing of the kind.
bool add_limit_words(std::string_view words, Terms& terms);
bool add_budget_words(std::string_view words, Terms& terms);

}  // namespace sluice::ledger
