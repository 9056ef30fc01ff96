#include "ledger/audit_chain.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::ledger::audit_chain_test {
namespace {

using namespace std::chrono_literals;

AuditRecord record_after(const AuditHead& head, std::string action) {
  AuditRecord record;
  record.number = head.number + 1;
  record.time = UtcTime(1'700'000'000s) + std::chrono::seconds(record.number);
  record.actor = {"admin", "req_1", "10.0.0.1"};
  record.action = std::move(action);
  record.object = "0abc9xyz";
  record.details = R"({"name":"bot"})";
  record.hash = audit_hash(head.hash, record);
  return record;
}

struct Trail {
  std::vector<AuditRecord> records;
  AuditHead head;
};

Trail trail_of(int records) {
  Trail trail;
  for (int i = 0; i < records; ++i) {
    trail.records.push_back(record_after(trail.head, "key.create"));
    trail.head = {trail.records.back().number, trail.records.back().hash};
  }
  return trail;
}

AuditVerdict walk(const std::vector<AuditRecord>& records, std::optional<AuditHead> head) {
  AuditWalk walk(head);
  for (const AuditRecord& record : records)
    if (!walk.step(record)) break;
  return walk.end();
}

TEST(AuditChain, an_untouched_trail_is_whole) {
  const Trail trail = trail_of(5);
  const AuditVerdict verdict = walk(trail.records, trail.head);
  EXPECT_TRUE(verdict.whole()) << verdict.problem;
  EXPECT_EQ(verdict.records, 5u);
  EXPECT_TRUE(walk({}, std::nullopt).whole());
}

TEST(AuditChain, a_change_of_any_field_breaks_it_there) {
  const std::vector<void (*)(AuditRecord&)> changes = {
      [](AuditRecord& record) { record.time += 1us; },
      [](AuditRecord& record) { record.actor.name = "nobody"; },
      [](AuditRecord& record) { record.actor.request_id = ""; },
      [](AuditRecord& record) { record.actor.address = "10.0.0.2"; },
      [](AuditRecord& record) { record.action = "key.revoke"; },
      [](AuditRecord& record) { record.object = "1abc9xyz"; },
      [](AuditRecord& record) { record.details = "{}"; },
      [](AuditRecord& record) { record.hash[31] ^= 1; },
      [](AuditRecord& record) { std::swap(record.action, record.object); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Trail trail = trail_of(5);
    changes[i](trail.records[2]);
    const AuditVerdict verdict = walk(trail.records, trail.head);
    EXPECT_EQ(verdict.broken, 3u) << i;
    EXPECT_EQ(verdict.problem, "record 3 is not as it was written") << i;
  }
}

TEST(AuditChain, fields_do_not_run_into_each_other) {
  AuditRecord one = record_after({}, "ab");
  one.object = "c";
  AuditRecord other = one;
  other.action = "a";
  other.object = "bc";
  EXPECT_NE(audit_hash({}, one), audit_hash({}, other));
}

TEST(AuditChain, a_record_that_was_taken_out_is_missed) {
  Trail trail = trail_of(5);
  trail.records.erase(trail.records.begin() + 1);
  EXPECT_EQ(walk(trail.records, trail.head).broken, 2u);
  for (std::size_t i = 1; i < trail.records.size(); ++i) trail.records[i].number = i + 1;
  EXPECT_EQ(walk(trail.records, trail.head).broken, 2u) << "also when the rest was counted anew";
}

TEST(AuditChain, a_tail_that_was_cut_off_is_missed) {
  Trail trail = trail_of(5);
  trail.records.resize(3);
  const AuditVerdict verdict = walk(trail.records, trail.head);
  EXPECT_EQ(verdict.broken, 4u);
  EXPECT_EQ(verdict.problem, "records from 4 to 5 are missing at the end");
  EXPECT_EQ(walk({}, trail.head).broken, 1u);
}

TEST(AuditChain, what_was_written_after_a_cut_does_not_hide_it) {
  Trail trail = trail_of(5);
  trail.records.resize(3);
  AuditHead head{3, trail.records[2].hash};
  for (int i = 0; i < 4; ++i) {
    trail.records.push_back(record_after(head, "key.revoke"));
    head = {trail.records.back().number, trail.records.back().hash};
  }
  EXPECT_EQ(walk(trail.records, trail.head).problem, "record 5 is another than the head file names");
}

TEST(AuditChain, a_head_file_may_be_behind) {
  const Trail trail = trail_of(5);
  EXPECT_TRUE(walk(trail.records, AuditHead{3, trail.records[2].hash}).whole());
  EXPECT_FALSE(walk(trail.records, std::nullopt).whole()) << "but not away";
}

TEST(AuditChain, a_head_is_read_as_it_was_written) {
  const Trail trail = trail_of(12);
  const auto head = AuditHead::read(trail.head.text());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->number, 12u);
  EXPECT_EQ(head->hash, trail.head.hash);
  const std::string text = trail.head.text();
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(AuditHead::read(text.substr(0, size))) << size;
}

}  // namespace
}  // namespace sluice::ledger::audit_chain_test
