#include "gateway/stage.hpp"

#include <algorithm>
#include <ostream>
#include <set>

#include "support/sockets.hpp"

namespace sluice::test {

Stage::Stage() : before_(open_descriptors()) {}
Stage::~Stage() = default;

ScriptedUpstream& Stage::upstream(Script script) { return upstream(std::vector<Script>{std::move(script)}); }

ScriptedUpstream& Stage::upstream(std::vector<Script> scripts, ScriptedUpstream::Options options) {
  return *upstreams_.emplace_back(std::make_unique<ScriptedUpstream>(std::move(scripts), std::move(options)));
}

GatewayUnderTest& Stage::open(const std::vector<std::uint16_t>& ports, const Details& details) {
  return open_with(configuration(ports, details));
}

GatewayUnderTest& Stage::open_with(const std::string& yaml, const Variables& variables) {
  if (gateway_ != nullptr) check_log();
  expected_lines_ = 0;
  refused_ = 0;
  gateway_.reset();
  gateway_ = std::make_unique<GatewayUnderTest>(yaml, variables);
  running_ = open_descriptors();
  return *gateway_;
}

Answer Stage::ask(const std::string& request, Patience limit) {
  ++expected_lines_;
  RawClient client = gateway_->client();
  EXPECT_TRUE(client.send(request));
  Answer answer = client.read_answer(limit, request.starts_with("HEAD "));
  received(answer);
  return answer;
}

void Stage::received(const Answer& answer) { received_ += answer.head + answer.body; }

void Stage::settle() {
  ASSERT_NE(gateway_, nullptr);
  const std::string metrics = ended_ ? std::string() : check_gauges();
  check_log();
  check_secrets(metrics);
  check_descriptors();
}

std::string Stage::check_gauges() {
  EXPECT_EQ(gateway_->await_metric("sluice_requests_in_flight", 0), 0);
  EXPECT_EQ(gateway_->await_metric("sluice_streams_active", 0), 0);
  std::string metrics = gateway_->metrics();
  EXPECT_NE(metrics.find("sluice_requests_in_flight"), std::string::npos) << "there is no such gauge";
  return metrics;
}

void Stage::check_log() {
  const auto all = gateway_->access_lines(expected_lines_);
  EXPECT_GE(all.size(), expected_lines_) << gateway_->access_text();
  EXPECT_LE(all.size(), expected_lines_ + refused_) << gateway_->access_text();
  std::set<std::string> ids;
  for (const auto& line : all) {
    EXPECT_TRUE(ids.insert(line.value("request_id", "")).second) << "told twice: " << line.dump();
    EXPECT_GE(line.value("duration_ms", -1.0), 0) << line.dump();
  }
}

void Stage::check_secrets(const std::string& metrics) {
  for (const std::string_view secret : {caller_key, provider_key}) {
    EXPECT_EQ(gateway_->access_text().find(secret), std::string::npos) << "a secret in the access log";
    EXPECT_EQ(gateway_->log_text().find(secret), std::string::npos) << "a secret in the log";
    EXPECT_EQ(metrics.find(secret), std::string::npos) << "a secret in the metrics";
    EXPECT_EQ(received_.find(secret), std::string::npos) << "a secret went to a client";
  }
  for (const auto& upstream : upstreams_) {
    EXPECT_EQ(received_.find(":" + std::to_string(upstream->port())), std::string::npos)
        << "an upstream's address leaked";
    for (std::size_t i = 0; i < upstream->connections(); ++i) {
      EXPECT_EQ(upstream->visit(i).received.find(caller_key), std::string::npos) << "the caller's key went upstream";
    }
  }
}

void Stage::check_descriptors() {
  for (const auto& upstream : upstreams_) upstream->hang_up();
  // Five are forgiven while it runs (listed as such among the numbers to hold); none when it is gone. A pool
  // may notice only when it next looks that an idle connection ended.
  const auto back = [this] {
    const double idle = gateway_->metric("sluice_connections", {"side=\"upstream\""});
    return open_descriptors() <= running_ + 5 + static_cast<int>(idle);
  };
  EXPECT_TRUE(ended_ || eventually(back)) << open_descriptors() << " descriptors open, at the start " << running_;
  gateway_.reset();
  upstreams_.clear();
  EXPECT_LE(open_descriptors(), before_) << "descriptors leaked";
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

std::string row_name(const ::testing::TestParamInfo<Row>& row) { return row.param.name; }

TEST_P(FaultRow, holds) {
  Stage stage;
  ASSERT_NO_FATAL_FAILURE(GetParam().play(stage));
  stage.settle();
}
// Which files are in the program decides which rows there are.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FaultRow);

void expect_error_among(const Answer& answer, const std::vector<int>& statuses) {
  EXPECT_NE(std::find(statuses.begin(), statuses.end(), answer.status), statuses.end())
      << answer.status << " was not expected\n"
      << answer.head << answer.body;
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(error_shape_trouble(answer.body), "") << answer.body;
  EXPECT_TRUE(answer.field("content-type").starts_with("application/json")) << answer.head;
  EXPECT_NE(answer.field("x-request-id"), "");
  if (answer.status == 429 || answer.status == 503) {
    EXPECT_GE(std::atoi(answer.field("retry-after").c_str()), 1) << answer.head;
    EXPECT_TRUE(answer.has("retry-after-ms")) << answer.head;
  }
}

void expect_error(const Answer& answer, int status, std::string_view code) {
  expect_error_among(answer, {status});
  if (!code.empty()) {
    EXPECT_EQ(error_code(answer.body), code) << answer.body;
  }
}

void expect_words(const Answer& answer, std::string_view words) {
  EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.body, completion_json(words));
}

void expect_broken_stream(const Answer& answer, std::string_view delivered, std::string_view code) {
  EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
  EXPECT_EQ(answer.ending, Ending::closed) << "it must end without its last chunk, but orderly";
  EXPECT_TRUE(answer.body.starts_with(delivered)) << answer.body;
  EXPECT_EQ(answer.body.find("[DONE]"), std::string::npos) << answer.body;
  const std::size_t begin = answer.body.rfind("data: ");
  ASSERT_EQ(begin, delivered.size()) << answer.body;
  EXPECT_TRUE(answer.body.ends_with("\n\n")) << answer.body;
  const std::string event = answer.body.substr(begin + 6, answer.body.find('\n', begin) - begin - 6);
  EXPECT_EQ(error_shape_trouble(event), "") << answer.body;
  if (!code.empty()) {
    EXPECT_EQ(error_code(event), code);
  }
}

void expect_stream(const Answer& answer, std::string_view body) {
  EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
  EXPECT_TRUE(answer.whole());
  EXPECT_TRUE(answer.field("content-type").starts_with("text/event-stream")) << answer.head;
  EXPECT_EQ(answer.body, body);
}

long microseconds_since(Moment then) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - then).count();
}

void record(const std::string& name, long value) { ::testing::Test::RecordProperty(name, std::to_string(value)); }

}  // namespace sluice::test
