#include <sluice/ledger/store.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/failing_disk.hpp"
#include "ledger/sqlite.hpp"
#include "ledger/store.hpp"
#include "ledger/stores.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::store_test {
namespace {

OpenedStore opened(const std::string& path, Recorder::OnFull on_full = Recorder::OnFull::refuse) {
  return taken(open_store({path, on_full, std::nullopt}, system_clock()));
}

TEST(Store, keeps_what_was_settled) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = opened(path);
  EXPECT_EQ(store.crashed, 0U);
  EXPECT_EQ(store.set_aside, "");
  for (int number = 0; number < 100; ++number) keep(*store.recorder, a_record(number));
  ASSERT_TRUE(store.recorder->flush(long_enough));
  const auto records = records_of(path);  // while it is open
  ASSERT_EQ(records.size(), 100U);
  for (int number = 0; number < 100; ++number) EXPECT_EQ(records.at(a_record(number).request_id), a_record(number));
  const Recorder::Health health = store.recorder->health();
  EXPECT_EQ(health.written, 100U);
  EXPECT_EQ(health.waiting, 0U);
  EXPECT_EQ(health.failures, 0U);
}

TEST(Store, writes_what_is_settled_when_it_is_closed) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  keep(*opened(path).recorder, a_record(1));
  EXPECT_EQ(records_of(path).size(), 1U);
  EXPECT_EQ(opened(path).crashed, 0U);
  EXPECT_EQ(records_of(path).size(), 1U);
}

TEST(Store, makes_rows_of_records_when_it_has_time) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = opened(path);
  keep(*store.recorder, a_record(1));
  ASSERT_TRUE(store.recorder->flush(long_enough));
  // Its rounds are counted, not timed: with each flush it has one more with nothing to do.
  for (int round = 0; round < 100; ++round) ASSERT_TRUE(store.recorder->flush(long_enough));
  Database::Options reader;
  reader.access = Database::Options::Access::read;
  Database database = taken(Database::open(path, reader));
  Statement select = taken(database.prepare("SELECT request_id, team, cost FROM request_2026_11"));
  ASSERT_TRUE(taken(select.step()));
  EXPECT_EQ(select.text(0), "req_1");
  EXPECT_EQ(select.text(1), "team");
  EXPECT_EQ(select.number(2), 7);
  EXPECT_EQ(records_of(path).size(), 1U);
}

TEST(Store, tells_two_requests_apart_that_callers_named_alike) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  {
    const OpenedStore store = opened(path);
    keep(*store.recorder, a_record(1, 10));
    keep(*store.recorder, a_record(1, 20));
  }
  const UsageReport report = taken(read_usage(path, {}));
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0].requests, 2U);
  EXPECT_EQ(report.rows[0].cost, 30);
}

TEST(Store, records_an_entry_that_nobody_settled_with_what_was_set_aside) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  {
    const OpenedStore store = opened(path);
    const auto entry = taken(store.recorder->open(a_record(1, 0)));
    entry->bound(500);
    entry->bound(900);
  }
  UsageRecord expected = a_record(1, 900);
  expected.attempts[0].cost = 0;
  EXPECT_EQ(records_of(path).at("req_1"), expected);
}

TEST(Store, belongs_to_one_process) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = opened(path);
  const auto other = open_store({path, Recorder::OnFull::refuse, std::nullopt}, system_clock());
  ASSERT_FALSE(other);
  EXPECT_EQ(trouble_of(other.error()), StoreTrouble::busy);
  EXPECT_NE(other.error().message().find(path), std::string::npos);
  keep(*store.recorder, a_record(1));
  EXPECT_TRUE(store.recorder->flush(long_enough));
}

TEST(Store, is_nobody_elses_to_read) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = opened(path);
  for (const char* suffix : {"", "-open", "-wal", "-shm"}) {
    struct stat about {};
    ASSERT_EQ(::stat((path + suffix).c_str(), &about), 0) << suffix;
    EXPECT_EQ(about.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST(Store, keeps_a_damaged_database_aside_and_begins_anew) {
  const test::Scratch scratch;
  const std::string rubbish(20'000, 'x');
  const std::string path = scratch.write("usage.db", rubbish);
  const OpenedStore store = opened(path);
  EXPECT_NE(store.set_aside.find(path + ".corrupt-"), std::string::npos);
  std::ifstream aside(store.set_aside, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(aside), {}), rubbish);
  keep(*store.recorder, a_record(1));
  ASSERT_TRUE(store.recorder->flush(long_enough));
  EXPECT_EQ(records_of(path).size(), 1U);
}

TEST(Store, names_the_file_it_cannot_write) {
  const test::Scratch scratch;
  const std::string nowhere = scratch.path("no/usage.db");
  const auto absent = open_store({nowhere, Recorder::OnFull::refuse, std::nullopt}, system_clock());
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().message().find(nowhere), std::string::npos);
  EXPECT_EQ(trouble_of(absent.error()), StoreTrouble::readonly);
  const std::string folder = scratch.path("usage.db");
  std::filesystem::create_directory(folder);
  const auto is_folder = open_store({folder, Recorder::OnFull::refuse, std::nullopt}, system_clock());
  ASSERT_FALSE(is_folder);
  EXPECT_NE(is_folder.error().message().find(folder), std::string::npos);
}

TEST(Store, says_when_the_disk_is_full_and_recovers_by_itself) {
  const test::Scratch scratch;
  FailingDisk disk;
  const std::string path = scratch.path("usage.db");
  std::vector<StoreEvent> told;  // by the store's thread, which has ended when it is looked at
  {
    const auto tell = [&told](StoreEvent event, const std::string&) { told.push_back(event); };
    const OpenedStore store =
        taken(open_store({path, Recorder::OnFull::refuse, std::nullopt, tell}, system_clock(), disk.name()));
    disk.fail_all(FailingDisk::Trouble::full);
    for (int number = 0; number < 50; ++number) keep(*store.recorder, a_record(number));
    EXPECT_FALSE(store.recorder->flush(long_enough));
    const Recorder::Health health = store.recorder->health();
    EXPECT_EQ(health.written, 0U);
    EXPECT_EQ(health.waiting, 50U);
    EXPECT_GT(health.failures, 0U);
    EXPECT_NE(health.trouble.find(path), std::string::npos);
    disk.lift();
    ASSERT_TRUE(store.recorder->flush(long_enough));
    EXPECT_EQ(store.recorder->health().failures, 0U);
    EXPECT_GE(store.recorder->health().errors, health.failures) << "what went wrong stays counted";
    EXPECT_EQ(store.recorder->health().trouble, "");
  }
  EXPECT_EQ(told, (std::vector<StoreEvent>{StoreEvent::failing, StoreEvent::recovered}));
  EXPECT_EQ(records_of(path).size(), 50U);
}

// Files of this process may not become larger, as if there was no room; signals say so otherwise.
class NoRoom {
 public:
  explicit NoRoom(rlim_t bytes) {
    before_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit less{bytes, limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &less);
  }
  ~NoRoom() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  NoRoom(const NoRoom&) = delete;
  NoRoom& operator=(const NoRoom&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int) = nullptr;
};

TEST(Store, loses_nothing_while_its_files_cannot_grow) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = opened(path);
  {
    const NoRoom no_room(256 * 1024);  // each: the journal, and the database it goes to
    for (int number = 0; number < 600; ++number) {
      UsageRecord record = a_record(number);
      record.attempts.resize(40, record.attempts[0]);
      keep(*store.recorder, record);
    }
    EXPECT_FALSE(store.recorder->flush(long_enough));
    EXPECT_GT(store.recorder->health().waiting, 0U);
  }
  ASSERT_TRUE(store.recorder->flush(long_enough));
  EXPECT_EQ(records_of(path).size(), 600U);
}

TEST(Store, leaves_what_it_could_not_write_to_the_next_process) {
  const test::Scratch scratch;
  FailingDisk disk;
  const std::string path = scratch.path("usage.db");
  {
    const OpenedStore store =
        taken(open_store({path, Recorder::OnFull::refuse, std::nullopt}, system_clock(), disk.name()));
    disk.fail_all(FailingDisk::Trouble::io);
    keep(*store.recorder, a_record(1));
  }
  disk.lift();
  const OpenedStore store = opened(path);
  EXPECT_EQ(store.crashed, 0U);
  EXPECT_EQ(records_of(path).at("req_1"), a_record(1));
}

TEST(Store, waits_for_another_process_that_holds_the_database) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = opened(path);
  {
    Database other = taken(Database::open(path, {}));
    const Transaction held = taken(Transaction::begin(other));
    keep(*store.recorder, a_record(1));
    EXPECT_FALSE(store.recorder->flush(long_enough));
    EXPECT_NE(store.recorder->health().trouble, "");
  }
  ASSERT_TRUE(store.recorder->flush(long_enough));
  EXPECT_EQ(records_of(path).size(), 1U);
}

// As many entries as there can be, with a disk that takes none of their records.
std::vector<std::unique_ptr<Entry>> take_all(Recorder& recorder) {
  std::vector<std::unique_ptr<Entry>> entries;
  while (entries.size() < 16'384) {
    auto entry = recorder.open(a_record(static_cast<int>(entries.size())));
    if (entry)
      entries.push_back(*std::move(entry));
    else
      recorder.flush(long_enough);  // until the thread has made more slots
  }
  return entries;
}

TEST(Store, refuses_when_all_slots_are_taken) {
  const test::Scratch scratch;
  const OpenedStore store = opened(scratch.path("usage.db"));
  auto entries = take_all(*store.recorder);
  const auto refused = store.recorder->open(a_record(-1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault(), Fault::unavailable);
  EXPECT_EQ(refused.error().blame(), Blame::gateway);
  EXPECT_TRUE(refused.error().retryable());
  entries.clear();
  ASSERT_TRUE(store.recorder->flush(long_enough));
  EXPECT_TRUE(store.recorder->open(a_record(-1)));
  EXPECT_EQ(store.recorder->health().dropped, 0U);
}

TEST(Store, drops_and_counts_when_that_is_the_policy) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  {
    const OpenedStore store = opened(path, Recorder::OnFull::drop_and_count);
    std::vector<std::unique_ptr<Entry>> entries;
    for (int number = 0; number < 16'384 + 10; ++number) {
      entries.push_back(taken(store.recorder->open(a_record(number))));
      if (number % 100 == 0) store.recorder->flush(long_enough);
    }
    entries.back()->settle(a_record(16'384 + 9));  // there is no place for it
    EXPECT_EQ(store.recorder->health().dropped, 1U);
    entries.pop_back();
    entries[0]->settle(a_record(0));
    ASSERT_TRUE(store.recorder->flush(long_enough));
    entries.back()->settle(a_record(16'384 + 8));  // now there is
    entries.pop_back();
    entries.clear();
    EXPECT_EQ(store.recorder->health().dropped, 1U + 8U);
  }
  EXPECT_EQ(taken(read_usage(path, {})).rows.at(0).requests, 16'384U + 1U);
}

TEST(Store, works_in_memory) {
  const OpenedStore store = opened("");
  keep(*store.recorder, a_record(1));
  EXPECT_TRUE(store.recorder->flush(long_enough));
  EXPECT_EQ(store.recorder->health().written, 1U);
}

}  // namespace
}  // namespace sluice::ledger::store_test
