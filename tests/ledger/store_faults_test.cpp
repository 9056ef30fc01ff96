#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/failing_disk.hpp"
#include "ledger/record_codec.hpp"
#include "ledger/store.hpp"
#include "ledger/stores.hpp"
#include "ledger/usage_tables.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::store_faults_test {
namespace {

std::string batch_of(int first, int last) {
  std::string batch;
  for (int number = first; number < last; ++number) {
    std::string record(5'000, '\0');
    record.resize(write_record(a_record(number), {record.data(), record.size()}));
    append_kept(batch, {77, static_cast<std::uint64_t>(number), record});
  }
  return batch;
}

// The tables, and what to do when the disk fails: it is repaired, they are opened again, and what failed is done again.
class Stubborn {
 public:
  Stubborn(std::string path, FailingDisk& disk) : path_(std::move(path)), disk_(disk) {}

  template <class Step>
  void insist(const Step& step) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (!tables_) {
        auto opened = UsageTables::open({path_, disk_.name()});
        if (opened) tables_.emplace(*std::move(opened));
      }
      if (tables_ && step(*tables_)) return;
      tables_.reset();
      disk_.lift();
    }
    FAIL() << "it does not work with a good disk either";
  }

 private:
  const std::string path_;
  FailingDisk& disk_;
  std::optional<UsageTables> tables_;
};

std::int64_t count_of(const std::string& path, const std::string& table) {
  Database database = taken(Database::open(path, {}));
  Statement select = taken(database.prepare("SELECT count(*) FROM " + table));
  taken(select.step());
  return select.number(0);
}

// Whether the disk failed at all.
bool run_tables(std::int64_t nth, std::int64_t how_many, FailingDisk::Trouble trouble) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  FailingDisk disk;
  disk.fail_from(nth, how_many, trouble);
  {
    Stubborn stubborn(path, disk);
    stubborn.insist([&](UsageTables& tables) { return static_cast<bool>(tables.write(batch_of(0, 3))); });
    stubborn.insist([&](UsageTables& tables) { return static_cast<bool>(tables.write(batch_of(3, 5))); });
    stubborn.insist([&](UsageTables& tables) { return static_cast<bool>(tables.unpack(10)); });
    stubborn.insist([&](UsageTables& tables) { return static_cast<bool>(tables.write(batch_of(5, 8))); });
    stubborn.insist([&](UsageTables& tables) { return static_cast<bool>(tables.drop_before(UtcTime{})); });
    EXPECT_EQ(records_of(path).size(), 8U) << nth;
    stubborn.insist([&](UsageTables& tables) { return static_cast<bool>(tables.unpack(10)); });
  }
  disk.lift();
  EXPECT_EQ(records_of(path).size(), 8U) << nth;
  EXPECT_EQ(count_of(path, "request_2026_11"), 8) << nth;
  EXPECT_EQ(count_of(path, "batch"), 0) << nth;
  EXPECT_EQ(count_of(path, "unread"), 0) << nth;
  return disk.has_failed();
}

TEST(UsageTables, survive_a_disk_that_fails_once_anywhere) {
  for (std::int64_t nth = 1; run_tables(nth, 1, FailingDisk::Trouble::io); ++nth) ASSERT_LT(nth, 2'000);
}

TEST(UsageTables, survive_a_disk_that_fails_from_anywhere_on) {
  for (std::int64_t nth = 1; run_tables(nth, FailingDisk::forever, FailingDisk::Trouble::io); ++nth)
    ASSERT_LT(nth, 2'000);
}

TEST(UsageTables, survive_a_disk_that_is_full_from_anywhere_on) {
  for (std::int64_t nth = 1; run_tables(nth, FailingDisk::forever, FailingDisk::Trouble::full); ++nth)
    ASSERT_LT(nth, 2'000);
}

OpenedStore open_despite(const std::string& path, FailingDisk& disk, bool& failed) {
  const StorePlace place{path, Recorder::OnFull::refuse, std::nullopt};
  auto store = open_store(place, system_clock(), disk.name());
  if (store) return *std::move(store);
  failed = true;
  disk.lift();
  return taken(open_store(place, system_clock(), disk.name()));
}

// A process that begins with records another one has left, writes some, and ends.
bool run_store(std::int64_t nth, std::int64_t how_many) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  FailingDisk disk;
  bool failed = false;
  {
    const OpenedStore store = open_despite(path, disk, failed);
    disk.fail_all(FailingDisk::Trouble::io);
    for (int number = 0; number < 3; ++number) keep(*store.recorder, a_record(number));
  }
  {
    disk.fail_from(nth, how_many);
    const OpenedStore store = open_despite(path, disk, failed);
    for (int number = 3; number < 6; ++number) keep(*store.recorder, a_record(number));
    store.recorder->flush(long_enough);
    failed = failed || disk.has_failed();
    disk.lift();
    EXPECT_TRUE(store.recorder->flush(long_enough)) << nth;
    EXPECT_EQ(records_of(path).size(), 6U) << nth;
  }
  const auto records = records_of(path);
  EXPECT_EQ(records.size(), 6U) << nth;
  for (const auto& [id, record] : records) EXPECT_FALSE(record.crashed) << nth;
  return failed;
}

TEST(Store, loses_nothing_on_a_disk_that_fails_once_anywhere) {
  for (std::int64_t nth = 1; run_store(nth, 1); ++nth) ASSERT_LT(nth, 2'000);
}

TEST(Store, loses_nothing_on_a_disk_that_fails_from_anywhere_on) {
  for (std::int64_t nth = 1; run_store(nth, FailingDisk::forever); ++nth) ASSERT_LT(nth, 2'000);
}

}  // namespace
}  // namespace sluice::ledger::store_faults_test
