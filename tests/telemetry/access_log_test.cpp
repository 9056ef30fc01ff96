#include <sluice/telemetry/access_log.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "telemetry/counting_new.hpp"
#include "telemetry/pipe.hpp"

namespace sluice {
namespace {

using telemetry::Pipe;
using namespace std::chrono_literals;

AccessRecord full_record() {
  using namespace std::chrono;
  AccessRecord record;
  record.time = sys_days(2026y / 2 / 3) + 4h + 5min + 6s + 78ms;
  record.request_id = "req_1";
  record.client = "192.0.2.7";
  record.method = "POST";
  record.path = "/v1/chat/completions";
  record.status = 200;
  record.error = "upstream_error";
  record.key = "ci";
  record.team = "search";
  record.route = "smart";
  record.model = "big";
  record.provider = "north";
  record.attempts = 2;
  record.stream = true;
  record.cut = true;
  record.counted = true;
  record.input_tokens = 12;
  record.output_tokens = 345;
  record.cost_nano_usd = 6'789;
  record.first_byte = 12'345'678ns;
  record.duration = 2s + 7us;
  record.bytes_in = 300;
  record.bytes_out = 18'446'744'073'709'551'615u;
  record.dropped = "seed, n";
  return record;
}

std::string line_of(const AccessRecord& record) {
  Pipe pipe;
  const auto log = make_access_log(pipe.writer());
  log->write(record);
  return pipe.read_lines(1);
}

TEST(AccessLog, writes_every_field_in_the_documented_order) {
  EXPECT_EQ(line_of(full_record()),
            R"({"time":"2026-02-03T04:05:06.078Z","request_id":"req_1","client":"192.0.2.7","method":"POST",)"
            R"("path":"/v1/chat/completions","status":200,"error":"upstream_error","key":"ci","team":"search",)"
            R"("route":"smart","model":"big","provider":"north","attempts":2,"stream":true,"cut":true,)"
            R"("input_tokens":12,"output_tokens":345,"cost_nano_usd":6789,"first_byte_ms":12.345,)"
            R"("duration_ms":2000.007,"bytes_in":300,"bytes_out":18446744073709551615,"dropped":"seed, n"})"
            "\n");
}

TEST(AccessLog, says_null_for_what_is_not_known) {
  AccessRecord record;
  record.method = "GET";
  record.path = "/";
  record.status = 401;
  record.duration = 40us;
  EXPECT_EQ(line_of(record),
            R"({"time":"1970-01-01T00:00:00.000Z","request_id":"","client":"","method":"GET","path":"/","status":401,)"
            R"("error":null,"key":null,"team":null,"route":null,"model":null,"provider":null,"attempts":0,)"
            R"("stream":false,"cut":false,"input_tokens":null,"output_tokens":null,"cost_nano_usd":null,)"
            R"("first_byte_ms":null,"duration_ms":0.040,"bytes_in":0,"bytes_out":0})"
            "\n");
}

TEST(AccessLog, counts_of_zero_are_not_unknown_ones) {
  AccessRecord record;
  record.counted = true;
  record.cost_nano_usd = 0;
  const auto line = nlohmann::json::parse(line_of(record));
  EXPECT_EQ(line["input_tokens"], 0);
  EXPECT_EQ(line["output_tokens"], 0);
  EXPECT_EQ(line["cost_nano_usd"], 0);
}

TEST(AccessLog, times_are_in_utc_and_cut_to_milliseconds) {
  using namespace std::chrono;
  const struct {
    UtcTime time;
    std::string text;
  } cases[] = {
      {sys_days(2024y / 2 / 29) + 23h + 59min + 59s + 999ms + 999us, "2024-02-29T23:59:59.999Z"},
      {sys_days(2025y / 12 / 31), "2025-12-31T00:00:00.000Z"},
      {sys_days(1969y / 12 / 31) + 23h + 1us, "1969-12-31T23:00:00.000Z"},
  };
  for (const auto& example : cases) {
    AccessRecord record;
    record.time = example.time;
    EXPECT_EQ(nlohmann::json::parse(line_of(record))["time"], example.text);
  }
}

TEST(AccessLog, a_negative_duration_is_none) {
  AccessRecord record;
  record.duration = -5ms;
  EXPECT_NE(line_of(record).find(R"("duration_ms":0.000,)"), std::string::npos);
}

TEST(AccessLog, a_hostile_path_stays_one_line_of_valid_json) {
  std::string hostile = "/a\"b\\c\n{\"status\":200}\r\t";
  hostile += '\0';
  hostile += "\x1b[31m\xff\xc3";
  AccessRecord record = full_record();
  record.path = hostile;
  const std::string line = line_of(record);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  const auto read = nlohmann::json::parse(line);
  EXPECT_EQ(read["status"], 200);
  EXPECT_EQ(read["path"].get<std::string>().substr(0, 24), hostile.substr(0, 24));
}

TEST(AccessLog, long_paths_are_cut_at_a_kibibyte) {
  AccessRecord record;
  const std::string path(5'000, 'p');
  record.path = path;
  EXPECT_EQ(nlohmann::json::parse(line_of(record))["path"], std::string(1'024, 'p'));
}

TEST(AccessLog, writes_whole_lines_from_many_threads) {
  Pipe pipe;
  std::string all;
  std::thread reader([&] { all = pipe.read_all(); });
  {
    const auto log = make_access_log(pipe.writer());
    std::vector<std::thread> writers;
    for (int id = 0; id < 4; ++id) {
      writers.emplace_back([&log, id] {
        const std::string key = "key-" + std::to_string(id);
        AccessRecord record = full_record();
        record.key = key;
        for (int i = 0; i < 500; ++i) log->write(record);
      });
    }
    for (std::thread& thread : writers) thread.join();
    EXPECT_EQ(log->dropped(), 0u);
  }
  pipe.close_writer();
  reader.join();
  std::istringstream lines(all);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) ASSERT_TRUE(nlohmann::json::accept(line)) << line;
  EXPECT_EQ(count, 2'000);
}

TEST(AccessLog, allocates_nothing_for_ordinary_lines) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const auto log = make_access_log(nowhere);
  const AccessRecord record = full_record();
  log->write(record);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 1'000; ++i) log->write(record);
  EXPECT_EQ(allocations_of_this_thread(), before);
  ::close(nowhere);
}

TEST(AccessLog, counts_lines_that_a_blocked_descriptor_did_not_take) {
  Pipe pipe;
  pipe.fill();
  const auto log = make_access_log(pipe.writer());
  AccessRecord record = full_record();
  const std::string path(1'000, 'p');
  record.path = path;
  for (int i = 0; i < 5'000; ++i) log->write(record);
  // Lines of some 1.4 KB into 4 MiB.
  EXPECT_GT(log->dropped(), 1'500u);
  EXPECT_LT(log->dropped(), 2'500u);
  pipe.close_reader();
}

}  // namespace
}  // namespace sluice
