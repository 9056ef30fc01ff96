#include "ledger/record_codec.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/records.hpp"

namespace sluice::ledger::record_codec_test {
namespace {

constexpr std::size_t room = 5'000;

std::string written(const UsageRecord& record, std::size_t size = room) {
  // Behind the place are bytes that must stay as they are.
  std::string place(size + 64, '#');
  place.resize(size + 64, '#');
  const std::size_t used = write_record(record, {place.data(), size});
  EXPECT_LE(used, size);
  EXPECT_EQ(place.substr(size), std::string(64, '#'));
  place.resize(used);
  return place;
}

UsageRecord read(std::string_view bytes) {
  UsageRecord record;
  EXPECT_TRUE(read_record(bytes, record));
  return record;
}

using Engine = std::mt19937_64;

std::string any_text(Engine& engine, std::size_t most) {
  std::string text(engine() % (most + 1), ' ');
  for (char& character : text) character = static_cast<char>('!' + engine() % 90);
  return text;
}

std::uint64_t any_number(Engine& engine) { return engine() >> (engine() % 64); }

Counts any_counts(Engine& engine) {
  Counts counts;
  for (std::uint64_t* count :
       {&counts.input, &counts.cache_read, &counts.cache_write, &counts.cache_write_1h, &counts.output,
        &counts.reasoning, &counts.audio_input, &counts.audio_output, &counts.images})
    *count = any_number(engine);
  return counts;
}

AttemptRecord any_attempt(Engine& engine) {
  AttemptRecord attempt;
  attempt.provider = any_text(engine, most_short_name_bytes);
  attempt.model = any_text(engine, most_name_bytes);
  attempt.key = static_cast<std::uint32_t>(engine());
  attempt.outcome = any_text(engine, 16);
  attempt.saved = static_cast<NanoUsd>(engine());
  attempt.status = static_cast<std::int32_t>(engine());
  attempt.counts = any_counts(engine);
  attempt.cost = static_cast<NanoUsd>(any_number(engine));
  attempt.source = static_cast<CountSource>(engine() % 3);
  attempt.began_us = any_number(engine);
  attempt.took_us = any_number(engine);
  return attempt;
}

UsageRecord any_record(Engine& engine) {
  UsageRecord record;
  for (std::string* name :
       {&record.request_id, &record.key, &record.team, &record.organisation, &record.model_asked, &record.model})
    *name = any_text(engine, most_name_bytes);
  for (std::string* name : {&record.route, &record.provider, &record.endpoint, &record.error, &record.price_version})
    *name = any_text(engine, most_short_name_bytes);
  record.at = UtcTime(
      std::chrono::duration_cast<UtcTime::duration>(std::chrono::nanoseconds(static_cast<std::int64_t>(engine()))));
  record.tags.resize(engine() % (most_tags + 1));
  for (auto& [name, value] : record.tags) {
    name = any_text(engine, most_tag_name_bytes);
    value = any_text(engine, most_tag_value_bytes);
  }
  record.stream = engine() % 2 == 0;
  record.crashed = engine() % 2 == 0;
  record.status = static_cast<std::int32_t>(engine());
  record.counts = any_counts(engine);
  record.cost = static_cast<NanoUsd>(engine());
  record.source = static_cast<CountSource>(engine() % 3);
  record.first_token_us = any_number(engine);
  record.took_us = any_number(engine);
  record.attempts.resize(engine() % 4);
  for (AttemptRecord& attempt : record.attempts) attempt = any_attempt(engine);
  return record;
}

TEST(RecordCodec, reads_what_it_wrote) {
  EXPECT_EQ(read(written(UsageRecord{})), UsageRecord{});
  EXPECT_EQ(read(written(a_record(1))), a_record(1));
  Engine engine(1);
  for (int round = 0; round < 2'000; ++round) {
    const UsageRecord record = any_record(engine);
    ASSERT_EQ(read(written(record)), record);
  }
}

TEST(RecordCodec, reads_records_of_before_savings_were_kept) {
  UsageRecord record = a_record(1);
  record.attempts[0].saved = 0;
  std::string bytes = written(record);
  record.attempts[0].saved = 1;
  const std::string other = written(record);
  const auto differs = std::mismatch(bytes.begin(), bytes.end(), other.begin()).first;
  ASSERT_NE(differs, bytes.end());
  bytes.erase(differs);
  UsageRecord garbled;
  EXPECT_FALSE(read_record(bytes, garbled)) << "a byte is missing";
  bytes[0] = 1;
  record.attempts[0].saved = 0;
  EXPECT_EQ(read(bytes), record);
  bytes[0] = 3;
  EXPECT_FALSE(read_record(bytes, garbled)) << "of a version to come";
}

TEST(RecordCodec, takes_no_beginning_and_no_more_than_a_record_for_one) {
  const std::string bytes = written(a_record(1));
  UsageRecord record;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(read_record(std::string_view(bytes).substr(0, size), record));
  EXPECT_FALSE(read_record(bytes + '\0', record));
}

TEST(RecordCodec, survives_any_bytes) {
  Engine engine(2);
  UsageRecord record;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = written(any_record(engine));
    for (std::uint64_t change = engine() % 4; change <= 4; ++change)
      bytes[engine() % bytes.size()] = static_cast<char>(engine());
    if (round % 3 == 0) bytes.resize(engine() % bytes.size());
    if (!read_record(bytes, record)) continue;
    // Whatever was read can be written, and is the same from then on.
    const UsageRecord again = read(written(record));
    ASSERT_EQ(read(written(again)), again);
  }
}

TEST(RecordCodec, cuts_what_is_too_long_between_characters) {
  UsageRecord record;
  record.key = std::string(most_name_bytes - 1, 'k') + "€uro";
  record.team = std::string(10'000, 't');
  for (int tag = 0; tag < 100; ++tag) record.tags.emplace_back(std::string(500, 'n'), std::string(500, 'v'));
  const UsageRecord kept = read(written(record));
  EXPECT_EQ(kept.key, std::string(most_name_bytes - 1, 'k'));
  EXPECT_EQ(kept.team, std::string(most_name_bytes, 't'));
  ASSERT_EQ(kept.tags.size(), most_tags);
  EXPECT_EQ(kept.tags.back().second, std::string(most_tag_value_bytes, 'v'));
}

// The largest record there can be, with so many attempts.
UsageRecord largest(int attempts) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  UsageRecord record;
  const std::string text(1'000, 'x');
  record.request_id = record.key = record.team = record.organisation = record.route = record.model_asked =
      record.model = record.provider = record.endpoint = record.error = record.price_version = text;
  record.tags.resize(40, {text, text});
  record.at = UtcTime::min();
  record.status = std::numeric_limits<std::int32_t>::min();
  record.counts = {most, most, most, most, most, most, most, most, most};
  record.cost = std::numeric_limits<NanoUsd>::min();
  record.first_token_us = record.took_us = most;
  AttemptRecord attempt;
  attempt.provider = attempt.model = attempt.outcome = attempt.price = text;
  attempt.key = std::numeric_limits<std::uint32_t>::max();
  attempt.status = record.status;
  attempt.counts = {1, 2, 3, 4, 5, 6, 7, 8, most / 1'000};
  attempt.cost = 5;
  attempt.began_us = attempt.took_us = most;
  record.attempts.resize(static_cast<std::size_t>(attempts), attempt);
  return record;
}

TEST(RecordCodec, always_fits_and_loses_no_cost_with_attempts_there_is_no_room_for) {
  for (const int attempts : {0, 1, 2, 8, 100}) {
    const UsageRecord kept = read(written(largest(attempts), most_head_bytes + most_attempt_bytes));
    NanoUsd cost = 0;
    std::uint64_t cached = 0;
    for (const AttemptRecord& attempt : kept.attempts) {
      cost += attempt.cost;
      cached += attempt.counts.cache_read;
    }
    EXPECT_EQ(cost, 5 * attempts);
    EXPECT_EQ(cached, 2U * static_cast<unsigned>(attempts));
  }
  EXPECT_EQ(read(written(largest(100), most_head_bytes + most_attempt_bytes)).attempts.back().outcome, "more");
}

}  // namespace
}  // namespace sluice::ledger::record_codec_test
