#include "ledger/key_rows.hpp"

#include <algorithm>
#include <utility>

#include <sluice/ledger/key_format.hpp>
#include <sluice/ledger/terms_words.hpp>

#include "ledger/audit_chain.hpp"
#include "ledger/key_wishes.hpp"

namespace sluice::ledger {
namespace {

constexpr std::string_view key_columns =
    "SELECT id, name, team, models, endpoints, cidrs, created_at, expires_at, revoked_at, limits, budgets, exhausted"
    " FROM keys ";

std::optional<std::vector<std::string>> list_in(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return items_of(row.text(column));
}

std::optional<UtcTime> moment_in(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return time_of(row.number(column));
}

std::optional<Digest> proof_in(std::string_view blob) {
  Digest digest{};
  if (blob.size() != digest.size()) return std::nullopt;
  std::copy(blob.begin(), blob.end(), digest.begin());
  return digest;
}

std::string_view blob_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

void bind_text(Statement& statement, int at, const std::optional<std::string>& text) {
  if (text) {
    statement.bind(at, *text);
  } else {
    statement.bind_null(at);
  }
}

void bind_list(Statement& statement, int at, const std::optional<std::vector<std::string>>& items) {
  bind_text(statement, at, items ? std::optional(lines_of(*items)) : std::nullopt);
}

// What may change of a key, to the parameters from 1 to 7.
void bind_rules(Statement& statement, const NewKey& wanted) {
  bind_list(statement, 1, wanted.models);
  bind_list(statement, 2, wanted.endpoints);
  statement.bind(3, lines_of(wanted.cidrs));
  if (wanted.expires_at) {
    statement.bind(4, microseconds_of(*wanted.expires_at));
  } else {
    statement.bind_null(4);
  }
  statement.bind(5, lines_of(limit_words(wanted.terms))).bind(6, lines_of(budget_words(wanted.terms)));
  bind_text(statement, 7, wanted.exhausted);
}

// Nothing when it is not what was written there: a key must not be without the limits that it was given.
std::optional<Terms> terms_in(std::string_view limits, std::string_view budgets) {
  Terms terms;
  for (const std::string& words : items_of(limits)) {
    if (!add_limit_words(words, terms)) return std::nullopt;
  }
  for (const std::string& words : items_of(budgets)) {
    if (!add_budget_words(words, terms)) return std::nullopt;
  }
  return terms;
}

std::optional<StoredKey> key_in(const Statement& row) {
  StoredKey key;
  key.id = row.text(0);
  key.name = row.text(1);
  key.team = row.text(2);
  key.models = list_in(row, 3);
  key.endpoints = list_in(row, 4);
  key.cidrs = items_of(row.text(5));
  key.created_at = time_of(row.number(6));
  key.expires_at = moment_in(row, 7);
  key.revoked_at = moment_in(row, 8);
  std::optional<Terms> terms = terms_in(row.text(9), row.text(10));
  if (!terms) return std::nullopt;
  key.terms = *std::move(terms);
  if (!row.is_null(11)) key.exhausted = row.text(11);
  return key;
}

}  // namespace

const char* KeyRows::schema() {
  return "CREATE TABLE keys(place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, team TEXT NOT NULL,"
         " models TEXT, endpoints TEXT, cidrs TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,"
         " revoked_at INTEGER, limits TEXT NOT NULL DEFAULT '', budgets TEXT NOT NULL DEFAULT '', exhausted TEXT) "
         "STRICT;"
         "CREATE INDEX keys_by_name ON keys(name);"
         "CREATE TABLE proofs(place INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES keys(id), digest BLOB NOT NULL,"
         " made_at INTEGER NOT NULL, valid_until INTEGER) STRICT;"
         "CREATE INDEX proofs_by_key ON proofs(key);"
         "CREATE TABLE pepper(only_one INTEGER PRIMARY KEY CHECK(only_one = 1), proof BLOB NOT NULL) STRICT;";
}

// Keys that were made before there were terms have none.
const char* KeyRows::schema_from_1() {
  return "ALTER TABLE keys ADD COLUMN limits TEXT NOT NULL DEFAULT '';"
         "ALTER TABLE keys ADD COLUMN budgets TEXT NOT NULL DEFAULT '';"
         "ALTER TABLE keys ADD COLUMN exhausted TEXT;";
}

Result<std::vector<StoredKey>> KeyRows::select(Result<Statement> query) {
  if (!query) return std::move(query).error();
  std::vector<StoredKey> keys;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) break;
    std::optional<StoredKey> key = key_in(*query);
    if (!key) {
      return store_error(StoreTrouble::corrupt, database_.path(),
                         "has terms that cannot be read, of the key " + std::string(query->text(0)));
    }
    keys.push_back(*std::move(key));
  }
  for (StoredKey& key : keys) {
    const Result<> read = read_proofs(key);
    if (!read) return read.error();
  }
  return keys;
}

Result<> KeyRows::read_proofs(StoredKey& key) {
  Result<Statement> query =
      database_.prepare("SELECT digest, valid_until FROM proofs WHERE key = ? ORDER BY place DESC");
  if (!query) return std::move(query).error();
  query->bind(1, key.id);
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return Ok{};
    const auto digest = proof_in(query->blob(0));
    if (digest) key.proofs.push_back({*digest, moment_in(*query, 1)});
  }
}

Result<std::optional<StoredKey>> KeyRows::first(Result<Statement> query) {
  Result<std::vector<StoredKey>> keys = select(std::move(query));
  if (!keys) return std::move(keys).error();
  if (keys->empty()) return std::optional<StoredKey>();
  return std::optional<StoredKey>(std::move(keys->front()));
}

// In one transaction, so that a key is not seen without its proofs.
Result<std::vector<StoredKey>> KeyRows::all() {
  Result<> begun = database_.exec("BEGIN");
  if (!begun) return std::move(begun).error();
  Result<std::vector<StoredKey>> keys = select(database_.prepare(std::string(key_columns) + "ORDER BY place"));
  (void)database_.exec("ROLLBACK");
  return keys;
}

Result<std::optional<StoredKey>> KeyRows::live_one_called(std::string_view name, UtcTime now) {
  Result<Statement> query = database_.prepare(
      std::string(key_columns) +
      "WHERE name = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) ORDER BY place DESC");
  if (query) query->bind(1, name).bind(2, microseconds_of(now));
  return first(std::move(query));
}

Result<std::optional<StoredKey>> KeyRows::newest_called(std::string_view name) {
  Result<Statement> query = database_.prepare(std::string(key_columns) + "WHERE name = ? ORDER BY place DESC");
  if (query) query->bind(1, name);
  return first(std::move(query));
}

Result<std::optional<StoredKey>> KeyRows::one_with_id(std::string_view id) {
  Result<Statement> query = database_.prepare(std::string(key_columns) + "WHERE id = ?");
  if (query) query->bind(1, id);
  return first(std::move(query));
}

Result<std::string> KeyRows::unused_id() {
  while (true) {
    std::string id = make_key_id();
    const Result<std::optional<StoredKey>> taken = one_with_id(id);
    if (!taken) return taken.error();
    if (!*taken) return id;
  }
}

Result<> KeyRows::add(std::string_view id, const NewKey& wanted, UtcTime now) {
  Result<Statement> insert = database_.prepare(
      "INSERT INTO keys(models, endpoints, cidrs, expires_at, limits, budgets, exhausted, id, name, team, created_at)"
      " VALUES(?,?,?,?,?,?,?,?,?,?,?)");
  if (!insert) return std::move(insert).error();
  bind_rules(*insert, wanted);
  return insert->bind(8, id).bind(9, wanted.name).bind(10, wanted.team).bind(11, microseconds_of(now)).run();
}

Result<> KeyRows::change(std::string_view id, const NewKey& wanted) {
  Result<Statement> update = database_.prepare(
      "UPDATE keys SET models = ?, endpoints = ?, cidrs = ?, expires_at = ?, limits = ?, budgets = ?, exhausted = ?"
      " WHERE id = ?");
  if (!update) return std::move(update).error();
  bind_rules(*update, wanted);
  return update->bind(8, id).run();
}

Result<> KeyRows::add_proof(std::string_view id, const Digest& digest, UtcTime now) {
  Result<Statement> insert = database_.prepare("INSERT INTO proofs(key, digest, made_at) VALUES(?,?,?)");
  if (!insert) return std::move(insert).error();
  return insert->bind(1, id).bind_blob(2, blob_of(digest)).bind(3, microseconds_of(now)).run();
}

Result<> KeyRows::end_proofs(std::string_view id, UtcTime now, UtcTime until) {
  Result<Statement> shorten = database_.prepare(
      "UPDATE proofs SET valid_until = ?1 WHERE key = ?2 AND (valid_until IS NULL OR valid_until > ?1)");
  if (!shorten) return std::move(shorten).error();
  Result<> done = shorten->bind(1, microseconds_of(until)).bind(2, id).run();
  if (!done) return done;
  Result<Statement> forget = database_.prepare("DELETE FROM proofs WHERE key = ? AND valid_until <= ?");
  if (!forget) return std::move(forget).error();
  return forget->bind(1, id).bind(2, microseconds_of(now)).run();
}

Result<> KeyRows::revoke(std::string_view id, UtcTime now) {
  Result<Statement> end = database_.prepare("UPDATE keys SET revoked_at = ? WHERE id = ?");
  if (!end) return std::move(end).error();
  Result<> done = end->bind(1, microseconds_of(now)).bind(2, id).run();
  if (!done) return done;
  Result<Statement> forget = database_.prepare("DELETE FROM proofs WHERE key = ?");
  if (!forget) return std::move(forget).error();
  return forget->bind(1, id).run();
}

Result<std::optional<Digest>> KeyRows::pepper_proof() {
  Result<Statement> query = database_.prepare("SELECT proof FROM pepper");
  if (!query) return std::move(query).error();
  const Result<bool> row = query->step();
  if (!row) return row.error();
  if (!*row) return std::optional<Digest>();
  return proof_in(query->blob(0));
}

Result<> KeyRows::set_pepper_proof(const Digest& digest) {
  Result<Statement> insert = database_.prepare("INSERT INTO pepper(only_one, proof) VALUES(1, ?)");
  if (!insert) return std::move(insert).error();
  return insert->bind_blob(1, blob_of(digest)).run();
}

}  // namespace sluice::ledger
