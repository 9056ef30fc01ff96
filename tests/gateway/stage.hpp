#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/gateway_under_test.hpp"
#include "support/raw_client.hpp"
#include "support/scripted_upstream.hpp"

// Where a row of the fault matrix is played: scripted upstreams, the gateway, clients, and what must be true
// afterwards whatever happened.
namespace sluice::test {

class Stage {
 public:
  Stage();
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  ScriptedUpstream& upstream(Script script);
  ScriptedUpstream& upstream(std::vector<Script> scripts, ScriptedUpstream::Options options = {});
  // Starts the gateway, in place of the one before if there was one; see configuration().
  GatewayUnderTest& open(const std::vector<std::uint16_t>& ports, const Details& details = {});
  GatewayUnderTest& open_with(const std::string& yaml, const Variables& variables = {});
  GatewayUnderTest& gateway() { return *gateway_; }

  // Sends one request on a connection of its own and reads the answer.
  Answer ask(const std::string& request, Patience limit = patience);
  // Requests sent by other means, of which the access log must tell as well.
  void count(std::size_t requests) { expected_lines_ += requests; }
  // Messages that never became a request: the access log may tell of them, once each.
  void count_refused(std::size_t messages) { refused_ += messages; }
  // Keeps bytes a client received, to look for secrets in them.
  void received(const Answer& answer);
  // The access-log lines of all requests so far.
  std::vector<nlohmann::json> lines() { return gateway_->access_lines(expected_lines_); }

  // The row ended the gateway itself: its gauges cannot be asked for any more.
  void ended() { ended_ = true; }

  // Checks the post-condition that all rows share. Called once, after the row.
  void settle();

 private:
  std::string check_gauges();
  void check_log();
  void check_secrets(const std::string& metrics);
  void check_descriptors();

  int before_;
  int running_ = 0;
  std::size_t expected_lines_ = 0;
  std::size_t refused_ = 0;
  bool ended_ = false;
  std::string received_;
  std::vector<std::unique_ptr<ScriptedUpstream>> upstreams_;
  std::unique_ptr<GatewayUnderTest> gateway_;
};

// A named row of the matrix.
struct Row {
  const char* name;
  void (*play)(Stage&);
};
void PrintTo(const Row& row, std::ostream* out);

class FaultRow : public ::testing::TestWithParam<Row> {};

std::string row_name(const ::testing::TestParamInfo<Row>& row);

// An answer that is an error as OpenAI has it. An empty code is not looked at.
void expect_error(const Answer& answer, int status, std::string_view code = "");
// An answer that is an error with one of two statuses, where the contract leaves the choice.
void expect_error_among(const Answer& answer, const std::vector<int>& statuses);
// A complete chat completion with those words.
void expect_words(const Answer& answer, std::string_view words);
// A stream that begins with `delivered` and then visibly breaks: an error event, no end marker, no last chunk.
void expect_broken_stream(const Answer& answer, std::string_view delivered, std::string_view code = "");
// A whole stream whose body is exactly this.
void expect_stream(const Answer& answer, std::string_view body);

// Microseconds since then.
long microseconds_since(Moment then);
// Tells the report a measured number.
void record(const std::string& name, long value);

}  // namespace sluice::test
