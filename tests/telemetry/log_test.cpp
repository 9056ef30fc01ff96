#include <sluice/telemetry/log.hpp>

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "telemetry/log.hpp"
#include "telemetry/pipe.hpp"

namespace sluice {
namespace {

using telemetry::make_log_to;
using telemetry::Pipe;

constexpr std::size_t time_length = 24;  // 2026-01-02T03:04:05.678Z

// Whether `text` is a time in RFC 3339's form, in UTC, with milliseconds.
bool is_time(const std::string& text) {
  const std::string form = "dddd-dd-ddTdd:dd:dd.dddZ";
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char expected) {
           return expected == 'd' ? c >= '0' && c <= '9' : c == expected;
         });
}

TEST(Log, writes_json_with_the_fields_in_order) {
  Pipe pipe;
  const auto log = make_log_to(pipe.writer(), LogLevel::debug, LogFormat::json);
  log->warn("it went wrong", {{"file", "a.yaml"}, {"line", "12"}});
  const std::string line = pipe.read_lines(1);
  const auto read = nlohmann::json::parse(line);
  const std::string time = read["time"];
  EXPECT_TRUE(is_time(time)) << time;
  EXPECT_EQ(line, R"({"time":")" + time + R"(","level":"warn","message":"it went wrong","file":"a.yaml","line":"12"})" +
                      "\n");
}

TEST(Log, writes_text_with_the_fields_in_order) {
  Pipe pipe;
  const auto log = make_log_to(pipe.writer(), LogLevel::debug, LogFormat::text);
  log->info("listening", {{"address", "127.0.0.1:8080"}, {"why", "asked to"}, {"empty", ""}});
  const std::string line = pipe.read_lines(1);
  EXPECT_TRUE(is_time(line.substr(0, time_length))) << line;
  EXPECT_EQ(line.substr(time_length), " info listening address=127.0.0.1:8080 why=\"asked to\" empty=\"\"\n");
}

TEST(Log, names_the_levels) {
  for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
    Pipe pipe;
    const auto log = make_log_to(pipe.writer(), LogLevel::debug, format);
    log->debug("m");
    log->info("m");
    log->warn("m");
    log->error("m");
    for (const std::string name : {"debug", "info", "warn", "error"}) {
      const std::string line = pipe.read_lines(1);
      const std::string expected = format == LogFormat::json ? R"("level":")" + name + '"' : " " + name + " m\n";
      EXPECT_NE(line.find(expected), std::string::npos) << line;
    }
  }
}

TEST(Log, leaves_out_what_is_below_its_level) {
  Pipe pipe;
  const auto log = make_log_to(pipe.writer(), LogLevel::warn, LogFormat::text);
  log->debug("no");
  log->info("no");
  log->warn("yes");
  log->configure(LogLevel::debug, LogFormat::text);
  log->debug("now too");
  EXPECT_EQ(pipe.read_lines(1).substr(time_length), " warn yes\n");
  EXPECT_EQ(pipe.read_lines(1).substr(time_length), " debug now too\n");
}

TEST(Log, changes_its_format_while_it_runs) {
  Pipe pipe;
  const auto log = make_log_to(pipe.writer(), LogLevel::info, LogFormat::text);
  log->info("a");
  log->configure(LogLevel::info, LogFormat::json);
  log->info("b");
  EXPECT_EQ(pipe.read_lines(1).substr(time_length), " info a\n");
  EXPECT_EQ(nlohmann::json::parse(pipe.read_lines(1))["message"], "b");
}

TEST(Log, values_cannot_forge_a_line_or_a_field) {
  std::string hostile = "a\nb\r\t\x1b[2J\"c\" d=e \\ %v {} \xff";
  hostile += '\0';
  for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
    Pipe pipe;
    {
      const auto log = make_log_to(pipe.writer(), LogLevel::info, format);
      log->info(hostile, {{"value", hostile}});
    }
    pipe.close_writer();
    const std::string line = pipe.read_all();
    EXPECT_EQ(std::count_if(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }), 1) << line;
    EXPECT_EQ(line.back(), '\n');
    if (format == LogFormat::json) {
      const auto read = nlohmann::json::parse(line);
      EXPECT_EQ(read.size(), 4u);
      EXPECT_EQ(read["value"], read["message"]);
    } else {
      EXPECT_NE(line.find(R"( info a\nb\r\t\u001b[2J"c" d=e \\ %v {} )"), std::string::npos) << line;
      EXPECT_NE(line.find(R"( value="a\nb\r\t\u001b[2J\"c\" d=e \\ %v {} )"), std::string::npos) << line;
    }
  }
}

TEST(Log, flush_returns_when_the_lines_are_out) {
  Pipe pipe(O_NONBLOCK);
  const auto log = make_log_to(pipe.writer(), LogLevel::info, LogFormat::text);
  log->info("once");
  log->flush();
  std::array<char, 100> bytes;
  EXPECT_GT(::read(pipe.reader(), bytes.data(), bytes.size()), 0);
}

}  // namespace
}  // namespace sluice
