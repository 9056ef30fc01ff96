#include "app/key_desk.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/gateway_under_test.hpp"

namespace sluice::app::key_desk_test {
namespace {

using namespace std::chrono_literals;
using test::eventually;

// Moved by the test while the desk's thread reads it.
class MovedClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Duration(now_.load())); }
  UtcTime utc() const override { return {}; }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Duration::rep> now_{Duration(1h).count()};
};

// What a disk does, and what was written to it. Outlives the store.
struct Disk {
  std::atomic<bool> works{true};
  std::mutex mutex;
  std::vector<std::string> written;

  std::size_t count() {
    const std::lock_guard lock(mutex);
    return written.size();
  }
};

class FakeStore final : public ledger::KeyStore {
 public:
  explicit FakeStore(Disk& disk) : disk_(disk) {}
  Result<ledger::HandedOut> create(const ledger::NewKey&, const ledger::Actor&) override { return broken(); }
  Result<ledger::HandedOut> rotate(std::string_view, std::chrono::seconds, const ledger::Actor&) override {
    return broken();
  }
  Result<ledger::StoredKey> change(std::string_view, const Edit&, const ledger::Actor&) override { return broken(); }
  Result<ledger::StoredKey> revoke(std::string_view, const ledger::Actor&) override { return broken(); }
  Result<ledger::StoredKeys> read() override { return ledger::StoredKeys{}; }
  Result<std::uint64_t> version() override { return std::uint64_t{1}; }
  Result<> note(std::string_view action, std::string_view object, const ledger::AuditDetails&,
                const ledger::Actor& actor) override {
    if (!disk_.works) return broken();
    const std::lock_guard lock(disk_.mutex);
    disk_.written.push_back(actor.name + " " + std::string(action) + " " + std::string(object));
    return Ok{};
  }
  Result<std::vector<ledger::AuditRecord>> audit(std::uint64_t, std::size_t) override { return broken(); }
  Result<ledger::AuditVerdict> verify() override { return broken(); }

 private:
  static Error broken() { return Error(Fault::unavailable, Blame::gateway, "store_full", "the disk is full"); }
  Disk& disk_;
};

class KeyDeskTest : public ::testing::Test {
 protected:
  std::unique_ptr<KeyDesk> open() {
    auto made = std::make_unique<KeyDesk>(std::make_unique<FakeStore>(disk), ledger::StoredKeys{}, 1, clock, log);
    made->watch([](const ledger::StoredKeys&) {});
    return made;
  }
  static KeyDesk::Note note(int number) { return {"config.reload", std::to_string(number), {}, {"daemon"}}; }
  std::size_t times_logged(std::string_view words) const {
    const std::string text = log.text();
    std::size_t times = 0;
    for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++times;
    return times;
  }

  MovedClock clock;
  test::CapturedLog log;
  Disk disk;
};

TEST_F(KeyDeskTest, notes_are_written_soon_and_in_their_order) {
  const auto desk = open();
  for (int i = 0; i < 3; ++i) desk->note(note(i));
  ASSERT_TRUE(eventually([&] { return disk.count() == 3; }));
  EXPECT_EQ(disk.written,
            (std::vector<std::string>{"daemon config.reload 0", "daemon config.reload 1", "daemon config.reload 2"}));
  EXPECT_EQ(log.text(), "");
}

TEST_F(KeyDeskTest, notes_that_cannot_be_written_are_told_once_and_written_later) {
  disk.works = false;
  const auto desk = open();
  desk->note(note(0));
  ASSERT_TRUE(eventually([&] { return times_logged("the audit trail cannot be written") == 1; })) << log.text();
  EXPECT_NE(log.text().find("reason=the disk is full"), std::string::npos) << log.text();
  desk->note(note(1));
  clock.advance(11s);
  disk.works = true;
  ASSERT_TRUE(eventually([&] { return disk.count() == 2; }));
  EXPECT_EQ(disk.written.front(), "daemon config.reload 0");
  EXPECT_EQ(times_logged("the audit trail cannot be written"), 1u);
  EXPECT_EQ(times_logged("the audit trail can be written again"), 1u);
}

TEST_F(KeyDeskTest, a_bounded_number_of_notes_waits_and_those_beyond_are_told_in_the_log) {
  disk.works = false;
  {
    const auto desk = open();
    for (int i = 0; i < 103; ++i) desk->note(note(i));
    EXPECT_EQ(times_logged("the audit trail will never be told"), 3u) << log.text();
    EXPECT_NE(log.text().find("object=102"), std::string::npos) << log.text();
    disk.works = true;
  }
  EXPECT_EQ(disk.written.size(), 100u) << "the last ones when the desk closes";
}

}  // namespace
}  // namespace sluice::app::key_desk_test
