#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "ledger/stores.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::store_kill_test {
namespace {

// What a child tells of a request, once it is true: that so much was set aside for it, or that it was settled.
struct Told {
  std::int32_t number = 0;
  std::int32_t settled = 0;
};

NanoUsd bound_of(std::int32_t number) { return 1'000'000 + number; }
NanoUsd cost_of(std::int32_t number) { return 1 + number % 1'000; }

UsageRecord record_of(std::int32_t number, NanoUsd cost) {
  UsageRecord record = a_record(number, cost);
  record.at = UtcTime(std::chrono::seconds(1'795'000'000));
  return record;
}

// Begins requests and settles most of them, until it is killed.
[[noreturn]] void be_killed(const std::string& path, int pipe, std::int32_t first) {
  auto store = open_store({path, Recorder::OnFull::refuse, std::nullopt}, system_clock());
  if (!store) _exit(1);
  std::mt19937 engine(static_cast<unsigned>(first));
  std::map<std::int32_t, std::unique_ptr<Entry>> open;
  for (std::int32_t number = first;; ++number) {
    auto entry = store->recorder->open(record_of(number, 0));
    if (!entry) continue;
    (*entry)->bound(bound_of(number));
    Told told{number, 0};
    if (write(pipe, &told, sizeof told) != sizeof told) _exit(2);
    open.emplace(number, *std::move(entry));
    while (open.size() > 20) {
      const auto chosen = std::next(open.begin(), static_cast<int>(engine() % open.size()));
      chosen->second->settle(record_of(chosen->first, cost_of(chosen->first)));
      told = {chosen->first, 1};
      open.erase(chosen);
      if (write(pipe, &told, sizeof told) != sizeof told) _exit(2);
    }
  }
}

// Runs a child and kills it after it told so much; what it told until then, by request.
std::map<std::int32_t, bool> told_until_killed(const std::string& path, std::int32_t first, unsigned tellings) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    be_killed(path, ends[1], first);
  }
  close(ends[1]);
  std::map<std::int32_t, bool> settled;
  Told told;
  for (unsigned count = 0;; ++count) {
    if (count == tellings) kill(child, SIGKILL);
    if (read(ends[0], &told, sizeof told) != sizeof told) break;
    settled[told.number] |= told.settled != 0;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
  return settled;
}

void check(const std::map<std::int32_t, bool>& told, const std::map<std::string, UsageRecord>& records) {
  for (const auto& [number, settled] : told) {
    const auto found = records.find("req_" + std::to_string(number));
    ASSERT_NE(found, records.end()) << number;
    // Between settling and telling it may have been killed too.
    const bool crashed = found->second.crashed;
    ASSERT_FALSE(settled && crashed) << number;
    ASSERT_EQ(found->second.cost, crashed ? bound_of(number) : cost_of(number)) << number;
  }
}

TEST(Store, has_each_record_once_however_often_it_is_killed) {
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const char* wished = std::getenv("SLUICE_KILLS");
  const int kills = wished != nullptr ? std::atoi(wished) : 20;
  std::mt19937 engine(7);
  std::map<std::int32_t, bool> told;
  std::size_t crashed = 0;
  for (int round = 0; round < kills; ++round) {
    const unsigned tellings = round % 5 == 4 ? 0 : static_cast<unsigned>(engine() % 4'000);
    told.merge(told_until_killed(path, round * 1'000'000, tellings));
    const OpenedStore store = taken(open_store({path, Recorder::OnFull::refuse, std::nullopt}, system_clock()));
    EXPECT_EQ(store.torn, 0U);
    EXPECT_LE(store.crashed, 21U);
    crashed += store.crashed;
    if (round + 1 < kills && round % 10 != 0) continue;
    const auto records = records_of(path);
    check(told, records);
    std::size_t found = 0;
    for (const auto& [id, record] : records) found += record.crashed ? 1 : 0;
    // What a child killed while it began a request had told nothing of, it may have left too.
    ASSERT_EQ(found, crashed);
    ASSERT_LE(records.size(), told.size() + static_cast<std::size_t>(round) + 1);
  }
}

}  // namespace
}  // namespace sluice::ledger::store_kill_test
