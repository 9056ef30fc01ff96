#include "telemetry/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <sluice/base/text.hpp>

#include "telemetry/line_writer.hpp"

namespace sluice::telemetry {
namespace {

constexpr std::chrono::milliseconds flush_patience{1'000};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      break;
  }
  return "error";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

// Everything but the time, which the sink's pattern puts in front.
std::string json_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = R"("level":")";
  line += name_of(level);
  line += R"(","message":")";
  append_json_escaped(line, message);
  for (const LogField& field : fields) {
    line += R"(",")";
    append_json_escaped(line, field.name);
    line += R"(":")";
    append_json_escaped(line, field.value);
  }
  line += "\"}";
  return line;
}

// As inside a JSON string, but quotes are left alone, because here nothing ends at one.
void append_message(std::string& line, std::string_view message) {
  while (true) {
    const auto quote = message.find('"');
    append_json_escaped(line, message.substr(0, quote));
    if (quote == std::string_view::npos) return;
    line += '"';
    message.remove_prefix(quote + 1);
  }
}

bool needs_no_quotes(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '=';
  });
}

std::string text_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line(name_of(level));
  line += ' ';
  append_message(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    if (needs_no_quotes(field.value)) {
      line += field.value;
    } else {
      line += '"';
      append_json_escaped(line, field.value);
      line += '"';
    }
  }
  return line;
}

// Where spdlog's lines go. The logger's owner locks.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LineSink(int descriptor) : writer_(descriptor) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_.write({line.data(), line.size()});
  }
  void flush_() override { writer_.flush(flush_patience); }

  LineWriter writer_;
};

class SpdLog final : public Log {
 public:
  SpdLog(int descriptor, LogLevel level, LogFormat format) : logger_("sluice", std::make_shared<LineSink>(descriptor)) {
    configure(level, format);
  }

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    const std::lock_guard lock(mutex_);
    const auto severity = spdlog_level(level);
    if (!logger_.should_log(severity)) return;
    const auto line =
        format_ == LogFormat::json ? json_line(level, message, fields) : text_line(level, message, fields);
    logger_.log(severity, spdlog::string_view_t(line));
  }

  void configure(LogLevel level, LogFormat format) override {
    const std::lock_guard lock(mutex_);
    format_ = format;
    logger_.set_level(spdlog_level(level));
    const std::string time = "%Y-%m-%dT%H:%M:%S.%eZ";
    const std::string pattern = format == LogFormat::json ? R"({"time":")" + time + R"(",%v)" : time + " %v";
    logger_.set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, std::string("\n")));
  }

  // Not under the lock: who logs shall not wait for who flushes.
  void flush() override { logger_.flush(); }

 private:
  std::mutex mutex_;
  LogFormat format_ = LogFormat::json;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> make_log_to(int descriptor, LogLevel level, LogFormat format) {
  return std::make_unique<SpdLog>(descriptor, level, format);
}

}  // namespace sluice::telemetry

namespace sluice {

std::unique_ptr<Log> make_log(LogLevel level, LogFormat format) {
  return telemetry::make_log_to(STDERR_FILENO, level, format);
}

}  // namespace sluice
