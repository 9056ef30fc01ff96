#pragma once

#include <sluice/ledger/audit.hpp>
#include <sluice/ledger/stored_key.hpp>

// What the audit trail says of what was wanted of keys.
namespace sluice::ledger {

// Its name, and all that is not as it is by itself.
AuditDetails creation_details(const NewKey& wanted);

// What is otherwise than it was: "limits_before" and "limits_after". Empty: nothing is.
AuditDetails change_details(const NewKey& before, const NewKey& after);

}  // namespace sluice::ledger
