#include <sluice/ledger/key_store.hpp>

#include <algorithm>
#include <utility>

#include <sluice/ledger/key_format.hpp>

#include "ledger/audit_table.hpp"
#include "ledger/key_rows.hpp"
#include "ledger/key_trail.hpp"
#include "ledger/key_wishes.hpp"
#include "ledger/pepper.hpp"
#include "ledger/small_file.hpp"
#include "ledger/sqlite.hpp"

namespace sluice::ledger {
namespace {

constexpr std::string_view pepper_probe = "the pepper's own proof";  // what no key's secret can be

Error no_such_key(std::string_view name_or_id) {
  return Error(Fault::not_found, Blame::client, "key_not_found",
               "no key is called \"" + std::string(name_or_id) + "\" or has that id");
}

Error not_live(const StoredKey& key) {
  return Error(Fault::not_found, Blame::client, "key_not_live",
               "the key \"" + key.name + "\" " + (key.revoked_at ? "was revoked already" : "has expired"));
}

// A team without a name is nobody's: keys that have no team are not to be had by asking for them so.
bool may_change(const Actor& actor, const StoredKey& key) {
  return !actor.team || (!actor.team->empty() && *actor.team == key.team);
}

class FileKeyStore final : public KeyStore {
 public:
  FileKeyStore(Database database, const std::string& file, const Clock& clock)
      : clock_(clock),
        file_(file),
        database_(std::move(database)),
        rows_(database_),
        trail_(database_, file.empty() ? "" : file + ".head") {}

  Result<> begin() {
    Result<Transaction> change = Transaction::begin(database_);
    if (!change) return std::move(change).error();
    for (auto step : {&FileKeyStore::make_tables, &FileKeyStore::find_pepper, &FileKeyStore::prove_pepper}) {
      Result<> done = (this->*step)();
      if (!done) return done;
    }
    return change->commit();
  }

  Result<HandedOut> create(const NewKey& wanted, const Actor& actor) override {
    const UtcTime now = clock_.utc();
    Result<> right = check_wishes(wanted, now);
    if (!right) return std::move(right).error();
    Result<Transaction> change = Transaction::begin(database_);
    if (!change) return std::move(change).error();
    const Result<std::optional<StoredKey>> twin = rows_.live_one_called(wanted.name, now);
    if (!twin) return twin.error();
    if (*twin) {
      return Error(Fault::bad_request, Blame::client, "key_exists",
                   "another key is called \"" + wanted.name + "\"; rotate or revoke that one, or take another name");
    }
    Result<std::string> id = rows_.unused_id();
    if (!id) return std::move(id).error();
    HandedOut out{*std::move(id), wanted.name, {}};
    out.secret = make_key_secret(out.id);
    Result<> added = rows_.add(out.id, wanted, now);
    if (added) added = rows_.add_proof(out.id, (*pepper_)(out.secret.reveal()), now);
    if (!added) return std::move(added).error();
    Result<> recorded = finish(*change, "key.create", out.id, creation_details(wanted), actor);
    if (!recorded) return std::move(recorded).error();
    return out;
  }

  Result<HandedOut> rotate(std::string_view name_or_id, std::chrono::seconds overlap, const Actor& actor) override {
    const UtcTime now = clock_.utc();
    if (overlap < std::chrono::seconds(0) || overlap > std::chrono::hours(24 * 366)) {
      return Error(Fault::bad_request, Blame::client, "invalid_overlap", "an overlap is from nothing to a year");
    }
    Result<Transaction> change = Transaction::begin(database_);
    if (!change) return std::move(change).error();
    const Result<StoredKey> key = find_live(name_or_id, now, actor);
    if (!key) return key.error();
    HandedOut out{key->id, key->name, make_key_secret(key->id)};
    Result<> done = rows_.end_proofs(key->id, now, now + overlap);
    if (done) done = rows_.add_proof(key->id, (*pepper_)(out.secret.reveal()), now);
    if (!done) return std::move(done).error();
    Result<> recorded = finish(*change, "key.rotate", key->id,
                               {{"name", key->name}, {"overlap_seconds", std::to_string(overlap.count())}}, actor);
    if (!recorded) return std::move(recorded).error();
    return out;
  }

  Result<StoredKey> change(std::string_view name_or_id, const Edit& edit, const Actor& actor) override {
    const UtcTime now = clock_.utc();
    Result<Transaction> change = Transaction::begin(database_);
    if (!change) return std::move(change).error();
    Result<StoredKey> key = find_live(name_or_id, now, actor);
    if (!key) return std::move(key).error();
    const NewKey before = wish_behind(*key);
    NewKey wanted = before;
    Result<> right = edit(wanted);
    wanted.name = before.name;
    wanted.team = before.team;
    if (right) right = check_wishes(wanted, now);
    if (!right) return std::move(right).error();
    AuditDetails details = change_details(before, wanted);
    if (details.empty()) return key;
    details.insert(details.begin(), {"name", key->name});
    const Result<> done = rows_.change(key->id, wanted);
    if (!done) return done.error();
    Result<> recorded = finish(*change, "key.change", key->id, details, actor);
    if (!recorded) return std::move(recorded).error();
    fulfil(wanted, *key);
    return key;
  }

  Result<StoredKey> revoke(std::string_view name_or_id, const Actor& actor) override {
    const UtcTime now = clock_.utc();
    Result<Transaction> change = Transaction::begin(database_);
    if (!change) return std::move(change).error();
    Result<StoredKey> key = find(name_or_id, now, actor);
    if (!key) return std::move(key).error();
    if (key->revoked_at) return not_live(*key);
    key->revoked_at = now;
    const Result<> done = rows_.revoke(key->id, now);
    if (!done) return done.error();
    Result<> recorded = finish(*change, "key.revoke", key->id, {{"name", key->name}}, actor);
    if (!recorded) return std::move(recorded).error();
    return key;
  }

  Result<StoredKeys> read() override {
    Result<std::vector<StoredKey>> keys = rows_.all();
    if (!keys) return std::move(keys).error();
    StoredKeys read;
    read.keys = *std::move(keys);
    read.pepper = pepper_;
    return read;
  }

  Result<std::uint64_t> version() override {
    Result<Statement> query = database_.prepare("PRAGMA data_version");
    if (!query) return std::move(query).error();
    const Result<bool> row = query->step();
    if (!row) return row.error();
    return (static_cast<std::uint64_t>(query->number(0)) << 32) + own_changes_;
  }

  Result<> note(std::string_view action, std::string_view object, const AuditDetails& details,
                const Actor& actor) override {
    Result<Transaction> change = Transaction::begin(database_);
    if (!change) return std::move(change).error();
    return finish(*change, action, object, details, actor);
  }

  Result<std::vector<AuditRecord>> audit(std::uint64_t before, std::size_t most) override {
    return trail_.read(before, most);
  }

  Result<AuditVerdict> verify() override { return trail_.verify(); }

 private:
  // A change is done when its record is: both, or neither. The head file comes after, and may be late.
  Result<> finish(Transaction& change, std::string_view action, std::string_view object, const AuditDetails& details,
                  const Actor& actor) {
    const Result<AuditHead> head = trail_.append(action, object, details, actor, clock_.utc());
    if (!head) return head.error();
    Result<> committed = change.commit();
    if (!committed) return committed;
    ++own_changes_;
    // A head file that stays behind says nothing wrong; the change itself is done, and must not be told as failed.
    (void)trail_.seal(*head);
    return Ok{};
  }

  // The key of that id, else the live one of that name, else the newest of it: of those the actor may change. Ids come
  // first: whoever may choose a name could call a key of their own as another one's id.
  Result<StoredKey> find(std::string_view name_or_id, UtcTime now, const Actor& actor) {
    const auto is_there = [&actor](const std::optional<StoredKey>& key) { return key && may_change(actor, *key); };
    Result<std::optional<StoredKey>> key = std::optional<StoredKey>();
    if (is_key_id(name_or_id)) key = rows_.one_with_id(name_or_id);
    if (key && !is_there(*key)) key = rows_.live_one_called(name_or_id, now);
    if (key && !is_there(*key)) key = rows_.newest_called(name_or_id);
    if (!key) return std::move(key).error();
    if (!is_there(*key)) return no_such_key(name_or_id);
    return **std::move(key);
  }

  Result<StoredKey> find_live(std::string_view name_or_id, UtcTime now, const Actor& actor) {
    Result<StoredKey> key = find(name_or_id, now, actor);
    if (key && !key->live(now)) return not_live(*key);
    return key;
  }

  Result<> make_tables() {
    Result<Statement> query = database_.prepare("PRAGMA user_version");
    if (!query) return std::move(query).error();
    const Result<bool> row = query->step();
    if (!row) return row.error();
    const std::int64_t version = query->number(0);
    query->reset();
    if (version == 2) return Ok{};
    if (version == 1) return database_.exec(std::string(KeyRows::schema_from_1()) + "PRAGMA user_version=2;");
    if (version != 0) {
      return store_error(StoreTrouble::other, database_.path(), "was written by a newer version of this program");
    }
    Result<> made = database_.exec(std::string(KeyRows::schema()) + AuditTable::schema() + "PRAGMA user_version=2;");
    if (!made) return made;
    return trail_.begin();
  }

  // Whoever has the right to write makes it, so that two processes do not make two.
  Result<> find_pepper() {
    if (file_.empty()) {
      pepper_ = std::make_shared<Hmac>(make_pepper());
      return Ok{};
    }
    const std::string path = file_ + ".pepper";
    const auto text = read_small_file(path);
    if (!text) return text.error();
    std::optional<Pepper> pepper;
    if (*text) {
      pepper = pepper_in(**text);
      if (!pepper) return store_error(StoreTrouble::corrupt, path, "does not hold a pepper");
    } else {
      const auto proof = rows_.pepper_proof();
      if (!proof) return proof.error();
      if (*proof) {
        return store_error(StoreTrouble::corrupt, path, "is gone: without it no key of " + file_ + " can be checked");
      }
      pepper = make_pepper();
      const Result<> written = write_small_file(path, pepper_text(*pepper));
      if (!written) return written;
    }
    pepper_ = std::make_shared<Hmac>(*pepper);
    wipe(*pepper);
    return Ok{};
  }

  Result<> prove_pepper() {
    const Digest right = (*pepper_)(pepper_probe);
    const auto proof = rows_.pepper_proof();
    if (!proof) return proof.error();
    if (!*proof) return rows_.set_pepper_proof(right);
    if (equal_in_constant_time(**proof, right)) return Ok{};
    return store_error(StoreTrouble::corrupt, file_ + ".pepper", "is not the one with which " + file_ + " was made");
  }

  const Clock& clock_;
  const std::string file_;  // empty: in memory
  Database database_;
  KeyRows rows_;
  AuditTable trail_;
  std::shared_ptr<const Hmac> pepper_;
  std::uint64_t own_changes_ = 0;
};

}  // namespace

Result<std::unique_ptr<KeyStore>> KeyStore::open(const std::string& file, const Clock& clock) {
  Database::Options options;
  options.journal = Database::Options::Journal::rollback;
  Result<Database> database = Database::open(file.empty() ? ":memory:" : file, options);
  if (!database) return std::move(database).error();
  if (!file.empty()) own_like_folder(file);
  auto store = std::make_unique<FileKeyStore>(*std::move(database), file, clock);
  Result<> begun = store->begin();
  if (!begun) return std::move(begun).error();
  return std::unique_ptr<KeyStore>(std::move(store));
}

}  // namespace sluice::ledger
