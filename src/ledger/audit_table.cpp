#include "ledger/audit_table.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/small_file.hpp"

namespace sluice::ledger {
namespace {

constexpr std::string_view audit_columns = "number, time, actor, request_id, address, action, object, details, hash";

std::string_view bytes_in(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// One of another size cannot be right; zeros are as wrong as anything.
Digest digest_in(std::string_view blob) {
  Digest digest{};
  if (blob.size() == digest.size()) std::copy(blob.begin(), blob.end(), digest.begin());
  return digest;
}

AuditRecord record_in(const Statement& row) {
  AuditRecord record;
  record.number = static_cast<std::uint64_t>(row.number(0));
  record.time = time_of(row.number(1));
  record.actor = {std::string(row.text(2)), std::string(row.text(3)), std::string(row.text(4))};
  record.action = row.text(5);
  record.object = row.text(6);
  record.details = row.text(7);
  record.hash = digest_in(row.blob(8));
  return record;
}

}  // namespace

const char* AuditTable::schema() {
  return "CREATE TABLE audit(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL,"
         " request_id TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,"
         " details TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
         "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN"
         " SELECT RAISE(ABORT, 'an audit trail is only added to'); END;"
         "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN"
         " SELECT RAISE(ABORT, 'an audit trail is only added to'); END;";
}

Result<> AuditTable::begin() {
  if (head_file_.empty()) return Ok{};
  return write_small_file(head_file_, AuditHead{}.text());
}

Result<AuditHead> AuditTable::last() {
  Result<Statement> query = database_.prepare("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
  if (!query) return std::move(query).error();
  const Result<bool> row = query->step();
  if (!row) return row.error();
  if (!*row) return AuditHead{};
  return AuditHead{static_cast<std::uint64_t>(query->number(0)), digest_in(query->blob(1))};
}

Result<AuditHead> AuditTable::append(std::string_view action, std::string_view object, const AuditDetails& details,
                                     const Actor& actor, UtcTime now) {
  const Result<AuditHead> head = last();
  if (!head) return head.error();
  AuditRecord record;
  record.number = head->number + 1;
  record.time = time_of(microseconds_of(now));
  record.actor = actor;
  record.action = action;
  record.object = object;
  record.details = details_json(details);
  record.hash = audit_hash(head->hash, record);
  Result<Statement> insert =
      database_.prepare("INSERT INTO audit(" + std::string(audit_columns) + ") VALUES(?,?,?,?,?,?,?,?,?)");
  if (!insert) return std::move(insert).error();
  insert->bind(1, static_cast<std::int64_t>(record.number)).bind(2, microseconds_of(record.time));
  insert->bind(3, record.actor.name).bind(4, record.actor.request_id).bind(5, record.actor.address);
  insert->bind(6, record.action).bind(7, record.object).bind(8, record.details).bind_blob(9, bytes_in(record.hash));
  const Result<> added = insert->run();
  if (!added) return added.error();
  return AuditHead{record.number, record.hash};
}

// Whether the head file names a record of this trail, or its beginning.
Result<bool> AuditTable::may_replace_head() {
  const auto text = read_small_file(head_file_);
  if (!text) return text.error();
  const auto named = *text ? AuditHead::read(**text) : std::nullopt;
  if (!named) return false;
  if (named->number == 0) return true;
  Result<Statement> query = database_.prepare("SELECT hash FROM audit WHERE number = ?");
  if (!query) return std::move(query).error();
  query->bind(1, static_cast<std::int64_t>(named->number));
  const Result<bool> row = query->step();
  if (!row) return row.error();
  return *row && digest_in(query->blob(0)) == named->hash;
}

Result<> AuditTable::seal(const AuditHead& head) {
  if (head_file_.empty()) return Ok{};
  const Result<bool> replace = may_replace_head();
  if (!replace) return replace.error();
  if (!*replace) return Ok{};
  return write_small_file(head_file_, head.text());
}

Result<std::vector<AuditRecord>> AuditTable::read(std::uint64_t before, std::size_t most) {
  Result<Statement> query = database_.prepare("SELECT " + std::string(audit_columns) +
                                              " FROM audit WHERE number < ? ORDER BY number DESC LIMIT ?");
  if (!query) return std::move(query).error();
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  query->bind(1, static_cast<std::int64_t>(std::min(before, largest))).bind(2, static_cast<std::int64_t>(most));
  std::vector<AuditRecord> records;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return records;
    records.push_back(record_in(*query));
  }
}

Result<AuditVerdict> AuditTable::verify() {
  // Before the trail: what is added meanwhile must not look like a head ahead of it.
  const auto text = head_file_.empty() ? Result<std::optional<std::string>>() : read_small_file(head_file_);
  if (!text) return text.error();
  Result<Statement> query = database_.prepare("SELECT " + std::string(audit_columns) + " FROM audit ORDER BY number");
  if (!query) return std::move(query).error();
  std::optional<AuditHead> named;
  if (*text) named = AuditHead::read(**text);
  AuditWalk walk(named, head_file_.empty() ? AuditWalk::Head::not_kept : AuditWalk::Head::kept);
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row || !walk.step(record_in(*query))) return walk.end();
  }
}

}  // namespace sluice::ledger
