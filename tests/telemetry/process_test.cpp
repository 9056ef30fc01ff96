#include "telemetry/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

// Fields 3 to 24 of proc(5)'s stat, after a name chosen to mislead.
constexpr std::string_view process_stat =
    "42 (a) R 1 (b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 2000 1000000 300 18446744073709551615\n";
constexpr std::string_view system_stat = "cpu  1 2 3\nintr 5\nbtime 1700000000\nprocesses 9\n";

TEST(ProcessFacts, are_read_after_the_programs_name) {
  const ProcessFacts facts = facts_from(process_stat, system_stat, 100, 4096);
  EXPECT_EQ(facts.cpu_seconds, 2.0);
  EXPECT_EQ(facts.resident_bytes, 300.0 * 4096);
  EXPECT_EQ(facts.start_time, 1700000020.0);
}

TEST(ProcessFacts, are_absent_where_the_kernel_does_not_tell) {
  for (const std::string_view text : {"", "42", "42 (sluice) S 1 2", "42 (sluice) S x x x x x x x x x x x x x x x x"}) {
    const ProcessFacts facts = facts_from(text, "", 100, 4096);
    EXPECT_FALSE(facts.cpu_seconds) << text;
    EXPECT_FALSE(facts.resident_bytes) << text;
    EXPECT_FALSE(facts.start_time) << text;
  }
  EXPECT_FALSE(facts_from(process_stat, "cpu 1\n", 100, 4096).start_time);
}

TEST(ProcessFacts, count_this_process) {
  const ProcessFacts before = read_process_facts();
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const ProcessFacts after = read_process_facts();
  ::close(descriptor);
  ASSERT_TRUE(before.open_descriptors && after.open_descriptors);
  EXPECT_EQ(*after.open_descriptors, *before.open_descriptors + 1);
  EXPECT_GT(after.most_descriptors.value_or(0), *after.open_descriptors);
  EXPECT_GT(after.resident_bytes.value_or(0), 1e6);
  EXPECT_GT(after.start_time.value_or(0), 1.7e9);
  EXPECT_TRUE(after.cpu_seconds);
}

}  // namespace
}  // namespace sluice::telemetry
