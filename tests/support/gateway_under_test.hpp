#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <app/daemon.hpp>
#include <nlohmann/json.hpp>
#include <sluice/telemetry/log.hpp>

#include "support/raw_client.hpp"

// The whole gateway inside the test's process, with everything it says within reach.
namespace sluice::test {

// Credentials that must never be seen anywhere but where they belong.
inline constexpr std::string_view caller_key = "sk-caller-canary-3f9a1c";
inline constexpr std::string_view provider_key = "sk-provider-canary-b71e0d";

// What a test's configuration has beyond its providers. Each is YAML, flow style, without the key.
struct Details {
  std::string model = "";     // more members of the model: "timeouts: {idle: 200ms}, retry: {attempts: 1}"
  std::string server = "";    // more members of server
  std::string provider = "";  // more members of each provider
  std::string scheme = "http";
  std::string host = "127.0.0.1";  // of the providers
  int workers = 1;
  std::string more = "";  // whole lines at the end
};

// Providers p1, p2… at those ports, and the model `m` whose targets they are in that order, each called
// `real-model` there. One caller key, `app`.
std::string configuration(const std::vector<std::uint16_t>& ports, const Details& details = {});

// Keeps what is logged.
class CapturedLog : public Log {
 public:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override;
  void configure(LogLevel, LogFormat) override {}
  void flush() override {}
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// Environment variables of one gateway, beside those that all have.
using Variables = std::map<std::string, std::string>;

class GatewayUnderTest {
 public:
  // Throws when the configuration is not accepted or the gateway does not start.
  // `keys` is the file of keys made at run time; empty: in memory.
  explicit GatewayUnderTest(const std::string& yaml, const Variables& variables = {}, const std::string& keys = "");
  ~GatewayUnderTest();
  GatewayUnderTest(const GatewayUnderTest&) = delete;
  GatewayUnderTest& operator=(const GatewayUnderTest&) = delete;

  std::uint16_t port() const { return daemon_->port(); }
  app::Daemon& daemon() { return *daemon_; }
  RawClient client() const { return RawClient(port()); }
  // Stops the gateway; what it wrote stays readable.
  void stop() { daemon_.reset(); }

  // Waits for that many access-log lines since the start and tells all there are.
  std::vector<nlohmann::json> access_lines(std::size_t count);
  // Everything written to the access log so far, raw.
  const std::string& access_text();
  std::string log_text() const { return log_.text(); }

  Answer admin(std::string_view path) const;
  std::string metrics() const;
  // The sum of all series of that name that carry all these labels ("side=\"client\"").
  double metric(std::string_view name, const std::vector<std::string>& labels = {}) const;
  // Waits until the metric has that value; tells the last one seen.
  double await_metric(std::string_view name, double value, const std::vector<std::string>& labels = {}) const;

  // A configuration read as the gateway does it. Throws with all complaints.
  static config::Config read(const std::string& yaml, const Variables& variables = {});

 private:
  void drain_access_log(int wait_ms);

  CapturedLog log_;
  int access_file_ = -1;
  std::string access_;
  std::unique_ptr<app::Daemon> daemon_;
};

// Looks again and again, a few milliseconds apart, until the condition holds; false when it did not in time.
bool eventually(const std::function<bool()>& condition, Patience limit = patience);

// Request bodies.
std::string chat_body(std::string_view model = "m", std::string_view words = "hi");
std::string stream_body(std::string_view model = "m");
// Whole requests for the model `m` with the caller's key.
std::string chat(std::string_view more_fields = "");
std::string chat_stream(std::string_view more_fields = "");
std::string bearer(std::string_view key = caller_key);

// Why this is not an error body as OpenAI has it, all four keys and no others; empty if it is.
std::string error_shape_trouble(std::string_view body);
// The `code` of an error body, "" when it is null or there is none.
std::string error_code(std::string_view body);

}  // namespace sluice::test
