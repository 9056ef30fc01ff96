#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { json, text };

struct LogField {
  std::string_view name;
  std::string value;
};

// What the operator should know, on stderr; everything but the access log. Thread-safe, written by a
// thread of its own, new lines dropped when it cannot keep up. There is no way to log a Secret.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) = 0;
  virtual void configure(LogLevel level, LogFormat format) = 0;
  // Waits until what was logged before is written, at most a second.
  virtual void flush() = 0;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }
};

std::unique_ptr<Log> make_log(LogLevel level, LogFormat format);

}  // namespace sluice
