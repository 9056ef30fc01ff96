#include <sluice/ledger/usage_report.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/record_codec.hpp"
#include "ledger/stores.hpp"
#include "ledger/usage_groups.hpp"
#include "ledger/usage_tables.hpp"
#include "support/scratch.hpp"

namespace sluice::ledger::usage_report_test {
namespace {

using std::chrono::seconds;

constexpr UtcTime midnight{seconds(1'795'824'000)};  // 2026-11-28T00:00:00Z

// A database into which records are written as a store does, some of them as rows, the others in batches.
class Written {
 public:
  Written() : tables_(taken(UsageTables::open({path(), nullptr}))) {}
  std::string path() const { return scratch_.path("usage.db"); }

  void batch(const std::vector<UsageRecord>& records) {
    std::string batch;
    for (const UsageRecord& record : records) {
      std::string bytes(most_head_bytes + 4 * most_attempt_bytes, '\0');
      bytes.resize(write_record(record, {bytes.data(), bytes.size()}));
      append_kept(batch, {5, number_++, bytes});
    }
    taken(tables_.write(batch));
    last_ = batch;
  }
  void batch_again() { taken(tables_.write(last_)); }
  void unpack() { taken(tables_.unpack(100)); }
  UsageTables& tables() { return tables_; }

  UsageReport report(std::vector<std::string> by, std::optional<UtcTime> since = {},
                     std::optional<UtcTime> until = {}) const {
    return taken(read_usage(path(), {.by = std::move(by), .since = since, .until = until}));
  }

 private:
  const test::Scratch scratch_;
  UsageTables tables_;
  std::uint64_t number_ = 0;
  std::string last_;
};

UsageRecord record_at(UtcTime at, const std::string& team, NanoUsd cost) {
  UsageRecord record = a_record(0, cost);
  record.at = at;
  record.team = team;
  return record;
}

using Group = std::vector<std::optional<std::string>>;

TEST(UsageReport, sums_rows_and_batches_up) {
  Written written;
  written.batch({record_at(midnight, "red", 5), record_at(midnight, "blue", 7)});
  written.unpack();
  UsageRecord failed = record_at(midnight, "red", 11);
  failed.status = 502;
  written.batch({failed});
  const UsageReport report = written.report({"team"});
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.rows[0].group, Group{"blue"});
  EXPECT_EQ(report.rows[0].cost, 7);
  const UsageRow& red = report.rows[1];
  EXPECT_EQ(red.group, Group{"red"});
  EXPECT_EQ(red.requests, 2U);
  EXPECT_EQ(red.attempts, 2U);
  EXPECT_EQ(red.errors, 1U);
  EXPECT_EQ(red.input_tokens, 240U);  // with those of the cache
  EXPECT_EQ(red.cache_read_tokens, 40U);
  EXPECT_EQ(red.output_tokens, 70U);  // with those of reasoning
  EXPECT_EQ(red.reasoning_tokens, 10U);
  EXPECT_EQ(red.cost, 16);
  ASSERT_EQ(written.report({}).rows.size(), 1U);
  EXPECT_EQ(written.report({}).rows[0].cost, 23);
}

TEST(UsageReport, tells_what_caches_saved_and_what_it_would_cost_now) {
  Written written;
  UsageRecord twice = record_at(midnight, "red", 10);
  twice.attempts.push_back(twice.attempts[0]);
  twice.attempts[0].cost = 4;
  twice.attempts[1].cost = 6;
  twice.attempts[1].model = "unheard-of";
  UsageRecord crashed = record_at(midnight, "red", 100);
  crashed.attempts.clear();
  UsageRecord refused = record_at(midnight, "red", 0);
  refused.attempts[0].counts = {};
  refused.attempts[0].cost = refused.attempts[0].saved = 0;
  written.batch({twice, crashed, refused});
  UsageQuery query;
  query.price = [](const AttemptRecord& attempt) -> std::optional<NanoUsd> {
    if (attempt.model == "unheard-of") return std::nullopt;
    return 1'000;
  };
  for (const char* by : {"team", "provider"}) {
    query.by = {by};
    const UsageReport report = taken(read_usage(written.path(), query));
    ASSERT_EQ(report.rows.size(), 1U) << by;
    EXPECT_EQ(report.rows[0].cost, 110) << by;
    EXPECT_EQ(report.rows[0].cache_savings, 6) << by;
    EXPECT_EQ(report.rows[0].repriced, 1'000 + 6 + 100) << by << ": what has no price costs what it did";
    EXPECT_EQ(report.rows[0].unpriced_attempts, 1U) << by;
  }
}

TEST(UsageReport, tells_of_one_team_alone_if_it_is_asked_so) {
  Written written;
  written.batch({record_at(midnight, "red", 5), record_at(midnight, "blue", 7), record_at(midnight, "", 11)});
  written.unpack();
  written.batch({record_at(midnight, "red", 13)});
  const auto cost_of = [&](std::string team) {
    const UsageReport report =
        taken(read_usage(written.path(), {.by = {}, .since = {}, .until = {}, .team = std::move(team), .price = {}}));
    return report.rows.empty() ? -1 : report.rows[0].cost;
  };
  EXPECT_EQ(cost_of("red"), 18);
  EXPECT_EQ(cost_of("blue"), 7);
  EXPECT_EQ(cost_of(""), 11) << "those of no team";
  EXPECT_EQ(cost_of("re"), -1);
  UsageQuery all{.by = {"team"}, .since = {}, .until = {}, .team = "red", .price = {}};
  EXPECT_EQ(taken(read_usage(written.path(), all)).rows.size(), 1U);
}

TEST(UsageReport, counts_nothing_twice_that_was_written_twice) {
  Written written;
  written.batch({record_at(midnight, "red", 5), record_at(midnight, "red", 6)});
  written.batch_again();
  EXPECT_EQ(written.report({}).rows.at(0).requests, 2U);
  written.unpack();
  written.batch_again();
  EXPECT_EQ(written.report({}).rows.at(0).requests, 2U);
  EXPECT_EQ(taken(taken(UsageHistory::open(written.path()))->spent(Level::team, "red", always)), 11);
  written.unpack();
  EXPECT_EQ(written.report({}).rows.at(0).cost, 11);
}

TEST(UsageReport, tells_days_hours_and_tags_apart) {
  Written written;
  UsageRecord untagged = record_at(midnight - seconds(1), "red", 1);
  untagged.tags.clear();
  untagged.route.clear();
  written.batch({untagged, record_at(midnight, "red", 2), record_at(midnight + seconds(7'199), "red", 4)});
  const UsageReport days = written.report({"day"});
  ASSERT_EQ(days.rows.size(), 2U);
  EXPECT_EQ(days.rows[0].group, Group{"2026-11-27"});
  EXPECT_EQ(days.rows[1].group, Group{"2026-11-28"});
  EXPECT_EQ(days.rows[1].cost, 6);
  const UsageReport hours = written.report({"hour", "tag.project"});
  ASSERT_EQ(hours.rows.size(), 3U);
  EXPECT_EQ(hours.rows[0].group, (Group{"2026-11-27T23", std::nullopt}));
  EXPECT_EQ(hours.rows[2].group, (Group{"2026-11-28T01", "p0"}));
  EXPECT_EQ(written.report({"route"}).rows.at(0).group, Group{std::nullopt});
  for (const char* name : {"organisation", "team", "key", "model", "provider", "route", "day", "hour", "tag.a"})
    EXPECT_TRUE(is_usage_dimension(name)) << name;
  for (const char* name : {"", "tag.", "colour", "minute"}) {
    EXPECT_FALSE(is_usage_dimension(name)) << name;
    EXPECT_FALSE(read_usage(written.path(), {{name}, {}, {}})) << name;
  }
}

TEST(UsageReport, begins_with_since_and_ends_before_until) {
  Written written;
  // The last moment of a month and the first of the next are in different tables.
  const UtcTime december{seconds(1'796'083'200)};
  written.batch({record_at(december - seconds(1), "red", 1), record_at(december, "red", 2)});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(written.report({}, december).rows.at(0).cost, 2);
    EXPECT_EQ(written.report({}, std::nullopt, december).rows.at(0).cost, 1);
    EXPECT_EQ(written.report({}, december - seconds(1), december + seconds(1)).rows.at(0).cost, 3);
    EXPECT_TRUE(written.report({}, december + seconds(1)).rows.empty());
    written.unpack();
  }
}

TEST(UsageReport, counts_each_attempt_for_its_own_provider) {
  Written written;
  UsageRecord record = record_at(midnight, "red", 30);
  const AttemptRecord ok = record.attempts[0];
  AttemptRecord timeout = ok;
  timeout.provider = "first";
  timeout.outcome = "timeout";
  timeout.cost = 1;
  timeout.counts = {};
  timeout.counts.input = 3;
  record.attempts = {timeout, timeout, ok};
  record.attempts[2].provider = "second";
  record.attempts[2].cost = 28;
  UsageRecord refused = record_at(midnight, "red", 0);
  refused.provider.clear();
  refused.attempts.clear();
  refused.counts = {};
  refused.status = 429;
  written.batch({record, refused});
  const UsageReport report = written.report({"provider"});
  ASSERT_EQ(report.rows.size(), 3U);
  EXPECT_EQ(report.rows[0].group, Group{std::nullopt});
  EXPECT_EQ(report.rows[0].requests, 1U);
  EXPECT_EQ(report.rows[0].errors, 1U);
  const UsageRow& first = report.rows[1];
  EXPECT_EQ(first.group, Group{"first"});
  EXPECT_EQ(first.requests, 1U);
  EXPECT_EQ(first.attempts, 2U);
  EXPECT_EQ(first.errors, 1U);
  EXPECT_EQ(first.input_tokens, 6U);
  EXPECT_EQ(first.cost, 2);
  EXPECT_EQ(first.first_token_us_p50, 0U);
  const UsageRow& second = report.rows[2];
  EXPECT_EQ(second.attempts, 1U);
  EXPECT_EQ(second.errors, 0U);
  EXPECT_EQ(second.cost, 28);
}

TEST(UsageReport, knows_the_middle_to_three_percent) {
  std::mt19937_64 engine(3);
  Spread spread;
  std::vector<std::uint64_t> numbers;
  for (int count = 0; count < 10'000; ++count) {
    numbers.push_back(engine() >> (engine() % 60 + 3));
    spread.add(numbers.back());
  }
  std::sort(numbers.begin(), numbers.end());
  for (const unsigned percent : {50U, 95U}) {
    const auto exact = static_cast<std::int64_t>(numbers[percent * 100 - 1]);
    EXPECT_LE(std::abs(static_cast<std::int64_t>(spread.percentile(percent)) - exact), exact / 32 + 1) << percent;
  }
  Spread few;
  EXPECT_EQ(few.percentile(50), 0U);
  few.add(20);
  EXPECT_EQ(few.percentile(50), 20U);
  few.add(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(few.percentile(50), 20U);
  EXPECT_GT(few.percentile(95), std::numeric_limits<std::uint64_t>::max() / 32 * 31);
}

TEST(UsageReport, leaves_no_file_where_there_was_none) {
  const test::Scratch scratch;
  EXPECT_FALSE(read_usage(scratch.path("usage.db"), {}));
  EXPECT_FALSE(std::filesystem::exists(scratch.path("usage.db")));
}

TEST(UsageHistory, sums_what_somebody_spent_at_each_level) {
  Written written;
  for (int round = 0; round < 2; ++round) {
    written.batch({record_at(midnight, "red", 5), record_at(midnight + seconds(60), "blue", 7)});
    if (round == 0) written.unpack();
  }
  const auto history = taken(UsageHistory::open(written.path()));
  EXPECT_EQ(taken(history->spent(Level::team, "red", always)), 10);
  EXPECT_EQ(taken(history->spent(Level::team, "green", always)), 0);
  EXPECT_EQ(taken(history->spent(Level::key, "key", always)), 24);
  EXPECT_EQ(taken(history->spent(Level::organisation, "organisation", always)), 24);
  EXPECT_EQ(taken(history->spent(Level::model, "model", always)), 24);
  EXPECT_EQ(taken(history->spent(Level::tag, "project=p0", always)), 24);
  EXPECT_EQ(taken(history->spent(Level::tag, "project=p1", always)), 0);
  EXPECT_EQ(taken(history->spent(Level::key, "key", {midnight, midnight + seconds(60)})), 10);
}

TEST(UsageHistory, reads_the_past_of_all_at_once_while_nothing_is_recorded) {
  Written written;
  const auto record = [&] {
    written.batch({record_at(midnight, "red", 5), record_at(midnight + seconds(60), "blue", 7)});
  };
  record();
  written.unpack();
  record();
  const auto history = taken(UsageHistory::open(written.path()));
  history->nothing_is_recorded(true);
  const auto check = [&](NanoUsd red, NanoUsd blue) {
    EXPECT_EQ(taken(history->spent(Level::team, "red", always)), red);
    EXPECT_EQ(taken(history->spent(Level::team, "blue", always)), blue);
    EXPECT_EQ(taken(history->spent(Level::team, "green", always)), 0);
    EXPECT_EQ(taken(history->spent(Level::key, "key", always)), red + blue);
    EXPECT_EQ(taken(history->spent(Level::tag, "project=p0", {midnight, midnight + seconds(60)})), red);
    EXPECT_EQ(taken(history->spent(Level::team, "blue", {midnight, midnight + seconds(60)})), 0);
  };
  check(10, 14);
  history->nothing_is_recorded(false);
  record();
  check(15, 21);
}

TEST(UsageTables, drop_months_as_a_whole_once_they_are_too_old) {
  Written written;
  const UtcTime october{seconds(1'792'000'000)};
  written.batch({record_at(october, "red", 1), record_at(midnight, "red", 2)});
  written.unpack();
  taken(written.tables().drop_before(midnight - std::chrono::days(28)));
  EXPECT_EQ(written.report({}).rows.at(0).cost, 3);  // the thirty-first of October is not too old
  taken(written.tables().drop_before(midnight - std::chrono::days(27)));
  EXPECT_EQ(written.report({}).rows.at(0).cost, 2);
  written.batch({record_at(october, "red", 4)});
  written.unpack();
  EXPECT_EQ(written.report({}).rows.at(0).cost, 6);
}

TEST(UsageTables, keep_what_they_cannot_read) {
  Written written;
  std::string batch;
  append_kept(batch, {1, 2, "from another version"});
  taken(written.tables().write(batch + "and a torn end"));
  written.unpack();
  EXPECT_TRUE(written.report({}).rows.empty());
  Database database = taken(Database::open(written.path(), {}));
  Statement select = taken(database.prepare("SELECT record FROM unread ORDER BY origin"));
  ASSERT_TRUE(taken(select.step()));
  EXPECT_EQ(select.blob(0), "and a torn end");
  ASSERT_TRUE(taken(select.step()));
  EXPECT_EQ(select.blob(0), "from another version");
}

}  // namespace
}  // namespace sluice::ledger::usage_report_test
