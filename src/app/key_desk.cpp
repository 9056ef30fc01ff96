#include "app/key_desk.hpp"

#include <utility>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 200ms;
constexpr Duration write_refusals_every = 10s;
constexpr Duration retry_notes_every = 10s;
constexpr std::size_t most_addresses = 16;  // between two writings
constexpr std::size_t most_notes = 100;
constexpr std::string_view other_addresses = "others";

}  // namespace

Result<std::unique_ptr<KeyDesk>> KeyDesk::open(const std::string& file, const Clock& clock, Log& log) {
  auto store = ledger::KeyStore::open(file, clock);
  if (!store) return std::move(store).error();
  // Before the keys are read: what comes between is then told once too often, not never.
  const auto version = (*store)->version();
  if (!version) return version.error();
  auto keys = (*store)->read();
  if (!keys) return std::move(keys).error();
  return std::make_unique<KeyDesk>(*std::move(store), *std::move(keys), *version, clock, log);
}

KeyDesk::KeyDesk(std::unique_ptr<ledger::KeyStore> store, ledger::StoredKeys first, std::uint64_t version,
                 const Clock& clock, Log& log)
    : clock_(clock), log_(log), store_(std::move(store)), known_(std::move(first)), seen_(version) {}

KeyDesk::~KeyDesk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void KeyDesk::watch(Changed changed) {
  changed_ = std::move(changed);
  thread_ = std::thread([this] { run(); });
}

void KeyDesk::look_soon() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  wake_.notify_one();
}

void KeyDesk::refused(std::string_view peer) {
  const std::lock_guard lock(mutex_);
  auto found = refusals_.find(peer);
  if (found == refusals_.end()) {
    const bool room = refusals_.size() < most_addresses;
    found = refusals_.emplace(room ? peer : other_addresses, 0).first;
  }
  ++found->second;
}

void KeyDesk::note(Note note) {
  {
    const std::lock_guard lock(mutex_);
    if (notes_.size() >= most_notes) {
      log_.error("the audit trail will never be told: too much waits for it already",
                 {{"action", note.action}, {"object", note.object}});
      return;
    }
    notes_.push_back(std::move(note));
    hurry_ = true;
  }
  wake_.notify_one();
}

void KeyDesk::run() {
  bool over = false;
  while (!over) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, look_every, [this] { return stopping_ || hurry_; });
      hurry_ = false;
      over = stopping_;
    }
    look();
    const TimePoint now = clock_.now();
    if (over || !notes_are_late_ || now - tried_notes_ >= retry_notes_every) write_notes();
    if (!over && now - wrote_refusals_ < write_refusals_every) continue;
    wrote_refusals_ = now;
    write_refusals();
  }
}

void KeyDesk::look() {
  ledger::StoredKeys keys;
  {
    const std::lock_guard lock(store_mutex_);
    const auto version = store_->version();
    if (!version) return trouble(version.error());
    if (*version == seen_ && !in_trouble_) return;
    auto read = store_->read();
    if (!read) return trouble(read.error());
    keys = *std::move(read);
    seen_ = *version;
  }
  if (std::exchange(in_trouble_, false)) log_.info("the store of keys can be read again");
  known_ = keys;
  changed_(keys);
}

// What was known stays in force, with a word that it may not be all.
void KeyDesk::trouble(const Error& error) {
  if (std::exchange(in_trouble_, true)) return;
  log_.error("the store of keys cannot be read; those known so far stay in force", {{"reason", error.message()}});
  ledger::StoredKeys stale = known_;
  stale.stale = true;
  changed_(stale);
}

// Up to the first that cannot be written.
void KeyDesk::write_notes() {
  tried_notes_ = clock_.now();
  while (true) {
    Note note;
    {
      const std::lock_guard lock(mutex_);
      if (notes_.empty()) return;
      note = notes_.front();
    }
    if (!write_note(note)) return;
    const std::lock_guard lock(mutex_);
    notes_.pop_front();
  }
}

bool KeyDesk::write_note(const Note& note) {
  const Result<> written = [&] {
    const std::lock_guard lock(store_mutex_);
    return store_->note(note.action, note.object, note.details, note.actor);
  }();
  if (written) {
    if (std::exchange(notes_are_late_, false)) log_.info("the audit trail can be written again");
    return true;
  }
  if (!std::exchange(notes_are_late_, true)) {
    log_.error("the audit trail cannot be written; it is told later",
               {{"action", note.action}, {"object", note.object}, {"reason", written.error().message()}});
  }
  return false;
}

void KeyDesk::write_refusals() {
  std::map<std::string, std::uint64_t, std::less<>> refusals;
  {
    const std::lock_guard lock(mutex_);
    refusals.swap(refusals_);
  }
  for (const auto& [peer, times] : refusals) {
    const std::lock_guard lock(store_mutex_);
    const Result<> written =
        store_->note("admin.refused", "admin", {{"times", std::to_string(times)}}, {"unknown", "", peer});
    if (!written) log_.error("the audit trail was not told of wrong tokens", {{"reason", written.error().message()}});
  }
}

}  // namespace sluice::app
