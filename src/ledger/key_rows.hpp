#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/digest.hpp>
#include <sluice/ledger/stored_key.hpp>

#include "ledger/sqlite.hpp"

namespace sluice::ledger {

// Keys as rows of a database. What belongs together is the caller's transaction.
class KeyRows {
 public:
  explicit KeyRows(Database& database) : database_(database) {}
  // What makes the tables, and what makes tables of the version before into these.
  static const char* schema();
  static const char* schema_from_1();

  Result<std::vector<StoredKey>> all();  // in the order in which they were made
  Result<std::optional<StoredKey>> live_one_called(std::string_view name, UtcTime now);
  Result<std::optional<StoredKey>> newest_called(std::string_view name);
  Result<std::optional<StoredKey>> one_with_id(std::string_view id);
  Result<std::string> unused_id();

  Result<> add(std::string_view id, const NewKey& wanted, UtcTime now);
  // All but its name and team.
  Result<> change(std::string_view id, const NewKey& wanted);
  Result<> add_proof(std::string_view id, const Digest& digest, UtcTime now);
  // None of them is good for longer than `until`; those that are over are forgotten.
  Result<> end_proofs(std::string_view id, UtcTime now, UtcTime until);
  // Its proofs are of no use any more, and are forgotten.
  Result<> revoke(std::string_view id, UtcTime now);

  // What the pepper makes of a text that is known, by which it is recognised.
  Result<std::optional<Digest>> pepper_proof();
  Result<> set_pepper_proof(const Digest& digest);

 private:
  Result<std::vector<StoredKey>> select(Result<Statement> query);
  Result<std::optional<StoredKey>> first(Result<Statement> query);
  Result<> read_proofs(StoredKey& key);

  Database& database_;
};

}  // namespace sluice::ledger
