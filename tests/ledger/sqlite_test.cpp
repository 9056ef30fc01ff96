#include "ledger/sqlite.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "support/scratch.hpp"

namespace sluice::ledger::sqlite_test {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 0777U : 0;
}

Database opened(const std::string& path, Database::Options options = {}) {
  auto database = Database::open(path, options);
  if (!database) throw std::runtime_error(database.error().message());
  return *std::move(database);
}

TEST(Database, is_nobody_elses_whatever_the_umask) {
  const test::Scratch scratch;
  const mode_t before = ::umask(0);
  const std::string path = scratch.path("usage.db");
  Database database = opened(path);
  ASSERT_TRUE(database.exec("CREATE TABLE a(b)"));
  ::umask(before);
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(path + "-wal"), 0600U);
  EXPECT_EQ(mode_of(path + "-shm"), 0600U);
}

TEST(Database, takes_access_by_others_away_from_a_file_that_is_there) {
  const test::Scratch scratch;
  const std::string path = scratch.write("usage.db", "");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  opened(path);
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST(Database, keeps_what_was_bound_and_committed) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  {
    Database database = opened(path);
    ASSERT_TRUE(database.exec("CREATE TABLE a(n INTEGER, t TEXT, b BLOB, none)"));
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    auto insert = database.prepare("INSERT INTO a VALUES(?,?,?,?)");
    ASSERT_TRUE(insert);
    const std::string bytes("\0x\xff", 3);
    ASSERT_TRUE(insert->bind(1, std::int64_t{-7}).bind(2, "seven").bind_blob(3, bytes).bind_null(4).run());
    EXPECT_EQ(database.changes(), 1);
    ASSERT_TRUE(transaction->commit());
  }
  Database::Options reader;
  reader.access = Database::Options::Access::read;
  Database database = opened(path, reader);
  auto select = database.prepare("SELECT * FROM a");
  ASSERT_TRUE(select);
  auto row = select->step();
  ASSERT_TRUE(row);
  ASSERT_TRUE(*row);
  EXPECT_EQ(select->number(0), -7);
  EXPECT_EQ(select->text(1), "seven");
  EXPECT_EQ(select->blob(2), std::string_view("\0x\xff", 3));
  EXPECT_TRUE(select->is_null(3));
}

TEST(Transaction, that_was_not_committed_leaves_nothing) {
  const test::Scratch scratch;
  Database database = opened(scratch.path("usage.db"));
  ASSERT_TRUE(database.exec("CREATE TABLE a(n)"));
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.exec("INSERT INTO a VALUES(1)"));
  }
  auto count = database.prepare("SELECT count(*) FROM a");
  ASSERT_TRUE(count);
  ASSERT_TRUE(count->step());
  EXPECT_EQ(count->number(0), 0);
}

TEST(Database, says_what_kind_of_trouble_it_is_in_and_names_the_file) {
  const test::Scratch scratch;
  const auto rubbish = Database::open(scratch.write("rubbish", std::string(5'000, 'x')), {});
  ASSERT_FALSE(rubbish);
  EXPECT_EQ(trouble_of(rubbish.error()), StoreTrouble::corrupt);
  EXPECT_NE(rubbish.error().message().find("rubbish: "), std::string::npos);
  const auto nowhere = Database::open(scratch.path("no/such/place"), {});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(trouble_of(nowhere.error()), StoreTrouble::readonly);

  Database::Options impatient;
  impatient.patience = std::chrono::milliseconds(0);
  Database one = opened(scratch.path("usage.db"), impatient);
  Database other = opened(scratch.path("usage.db"), impatient);
  auto held = Transaction::begin(one);
  ASSERT_TRUE(held);
  const auto refused = Transaction::begin(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(trouble_of(refused.error()), StoreTrouble::busy);
}

TEST(Database, that_is_read_is_not_written) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  opened(path);
  Database::Options reader;
  reader.access = Database::Options::Access::read;
  Database database = opened(path, reader);
  const auto refused = database.exec("CREATE TABLE a(b)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(trouble_of(refused.error()), StoreTrouble::readonly);
  EXPECT_FALSE(Database::open(scratch.path("absent.db"), reader));
  EXPECT_FALSE(std::filesystem::exists(scratch.path("absent.db")));
}

}  // namespace
}  // namespace sluice::ledger::sqlite_test
