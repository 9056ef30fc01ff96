#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/ledger/audit.hpp>

#include "ledger/audit_chain.hpp"
#include "ledger/sqlite.hpp"

namespace sluice::ledger {

// The audit trail as a table of a database, and its head in a file.
class AuditTable {
 public:
  // An empty head file's name: the trail is in memory, and has none.
  AuditTable(Database& database, std::string head_file) : database_(database), head_file_(std::move(head_file)) {}

  // What makes the table; its rows can only be added to.
  static const char* schema();

  // Makes the head file of a trail without records, so that one that is not there was taken away.
  Result<> begin();

  // Adds a record inside the caller's transaction. What it returns goes to seal() once that is committed.
  Result<AuditHead> append(std::string_view action, std::string_view object, const AuditDetails& details,
                           const Actor& actor, UtcTime now);
  // Tells the head file. A file that names a record which is not in the trail stays as it is: that is what verify()
  // is to find.
  Result<> seal(const AuditHead& head);

  Result<std::vector<AuditRecord>> read(std::uint64_t before, std::size_t most);
  Result<AuditVerdict> verify();

 private:
  Result<AuditHead> last();
  Result<bool> may_replace_head();

  Database& database_;
  std::string head_file_;
};

}  // namespace sluice::ledger
