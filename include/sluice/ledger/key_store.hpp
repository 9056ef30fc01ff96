#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/audit.hpp>
#include <sluice/ledger/stored_key.hpp>

namespace sluice::ledger {

// Keys made at run time, and who did what to them: a database of its own, which several processes may use at once. Each
// change is one transaction together with its record in the audit trail, and is on the disk when a method returns.
//
// Methods wait for the disk, and up to two seconds for another process: not for event loops. One thread at a time.
// Errors: bad_request (what was asked for is wrong), not_found, and unavailable for anything about the files, which the
// message names. A key of a team that is not the actor's is not found, as if it were not there.
class KeyStore {
 public:
  // Made if it is not there, with mode 0600, as is the file with its pepper ("FILE.pepper"). With an empty path all is
  // kept in memory. A pepper that is missing, or not the one the secrets were kept under, is an error: to go on
  // without would call every key wrong.
  static Result<std::unique_ptr<KeyStore>> open(const std::string& file, const Clock& clock);
  virtual ~KeyStore() = default;

  virtual Result<HandedOut> create(const NewKey& wanted, const Actor& actor) = 0;
  // A new secret for a live key, by its name or id. The ones it had are good for `overlap` more, at most.
  virtual Result<HandedOut> rotate(std::string_view name_or_id, std::chrono::seconds overlap, const Actor& actor) = 0;
  // Makes a live key, by its name or id, into what `edit` makes of what was wanted of it until now; its name and team
  // stay. An Error of `edit` is returned, and nothing is changed then. `edit` has the store for itself: it must not use
  // it, nor wait. Where nothing is otherwise afterwards, nothing is written either. The key as it is now.
  using Edit = std::function<Result<>(NewKey& wanted)>;
  virtual Result<StoredKey> change(std::string_view name_or_id, const Edit& edit, const Actor& actor) = 0;
  // Ends a key for good. Its name is free again.
  virtual Result<StoredKey> revoke(std::string_view name_or_id, const Actor& actor) = 0;

  virtual Result<StoredKeys> read() = 0;
  // Another number than before when another connection or this object changed something.
  virtual Result<std::uint64_t> version() = 0;

  // Something happened that is no change of a key.
  virtual Result<> note(std::string_view action, std::string_view object, const AuditDetails& details,
                        const Actor& actor) = 0;
  // The newest records before that number, newest first.
  virtual Result<std::vector<AuditRecord>> audit(std::uint64_t before, std::size_t most) = 0;
  // Reads the whole trail.
  virtual Result<AuditVerdict> verify() = 0;
};

}  // namespace sluice::ledger
