#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/key_store.hpp>
#include <sluice/telemetry/log.hpp>

namespace sluice::app {

// The store of keys in a running daemon: one connection, which operators' requests and a thread that watches for
// changes use in turn. Neither is an event loop: requests of operators are answered on the page server's own thread,
// and callers' keys are looked up in a table in memory, so that nobody who calls a model ever waits for the disk.
class KeyDesk {
 public:
  // Told all keys after each change, on the watching thread; before it returns no other change is told.
  using Changed = std::function<void(const ledger::StoredKeys&)>;

  KeyDesk(std::unique_ptr<ledger::KeyStore> store, ledger::StoredKeys first, std::uint64_t version, const Clock& clock,
          Log& log);
  // An empty file: in memory. Clock and log outlive it.
  static Result<std::unique_ptr<KeyDesk>> open(const std::string& file, const Clock& clock, Log& log);
  ~KeyDesk();  // after the last change was told and the last note written
  KeyDesk(const KeyDesk&) = delete;
  KeyDesk& operator=(const KeyDesk&) = delete;

  // As the store had them when it was opened. Before watch().
  const ledger::StoredKeys& first() const { return known_; }
  // Looks for changes five times a second, whoever made them, and at once after those made here.
  void watch(Changed changed);

  // With the store to itself, on any thread but an event loop's. What the work changed is told soon.
  template <class Work>
  auto use(Work work) {
    auto result = [&] {
      const std::lock_guard lock(store_mutex_);
      return work(*store_);
    }();
    look_soon();
    return result;
  }

  // Somebody showed the operators' plane a wrong token. The audit trail is told later, with one record for each
  // address: guessing must not fill the disk, or keep the operators waiting for it.
  void refused(std::string_view peer);

  // Something for the audit trail that is no change of a key.
  struct Note {
    std::string action;
    std::string object;
    ledger::AuditDetails details;
    ledger::Actor actor;
  };
  // The trail is told by the watching thread, in the order of these calls: nobody waits for the disk here. Where the
  // store cannot be written, the log is told, and it is tried again; a hundred notes may wait.
  void note(Note note);

 private:
  void run();
  void look();
  void look_soon();
  void write_notes();
  bool write_note(const Note& note);
  void write_refusals();
  void trouble(const Error& error);

  const Clock& clock_;
  Log& log_;
  Changed changed_;

  std::mutex store_mutex_;
  std::unique_ptr<ledger::KeyStore> store_;

  ledger::StoredKeys known_;  // the watching thread's, once there is one
  std::uint64_t seen_;        // the version that was told last; the watching thread's
  bool in_trouble_ = false;   // the same
  TimePoint wrote_refusals_{};
  TimePoint tried_notes_{};      // when the first of them could not be written; the watching thread's
  bool notes_are_late_ = false;  // the same

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  bool stopping_ = false;
  bool hurry_ = false;
  std::map<std::string, std::uint64_t, std::less<>> refusals_;  // by address
  std::deque<Note> notes_;

  std::thread thread_;
};

}  // namespace sluice::app
