#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/stores.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::store_threads_test {
namespace {

TEST(Store, keeps_each_record_of_each_thread_once) {
  constexpr int threads = 4;
  constexpr int each = 5'000;
  const test::Scratch scratch;
  const std::string path = scratch.path("usage.db");
  const OpenedStore store = taken(open_store({path, Recorder::OnFull::refuse, std::nullopt}, system_clock()));
  std::vector<std::thread> workers;
  for (int worker = 0; worker < threads; ++worker)
    workers.emplace_back([&, worker] {
      for (int count = 0; count < each; ++count) {
        const UsageRecord record = a_record(worker * each + count);
        auto entry = store.recorder->open(record);
        for (; !entry; entry = store.recorder->open(record)) store.recorder->flush(long_enough);
        (*entry)->bound(count);
        if (count % 100 == 0) store.recorder->health();
        (*entry)->settle(record);
      }
    });
  for (std::thread& worker : workers) worker.join();
  ASSERT_TRUE(store.recorder->flush(long_enough));
  EXPECT_EQ(store.recorder->health().written, static_cast<std::uint64_t>(threads * each));
  EXPECT_EQ(records_of(path).size(), static_cast<std::size_t>(threads * each));
}

}  // namespace
}  // namespace sluice::ledger::store_threads_test
