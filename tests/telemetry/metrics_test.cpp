#include <sluice/telemetry/metrics.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

// The page, taken apart by what the text exposition format says, version 0.0.4.
struct Scraped {
  std::map<std::string, std::string> help;
  std::map<std::string, std::string> type;
  std::map<std::string, double> samples;  // by name and labels, as written
  std::vector<std::string> wrong;

  double at(const std::string& series) const {
    const auto found = samples.find(series);
    return found == samples.end() ? std::nan("") : found->second;
  }
};

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// The family a sample belongs to: histograms' samples have suffixes.
std::string family_of(const std::string& sample, const Scraped& page) {
  if (page.type.count(sample) != 0) return sample;
  return sample.substr(0, sample.rfind('_'));
}

// How long the labels at the start of `text` are, with their braces; nothing if they are not properly written.
std::optional<std::size_t> length_of_labels(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size() && text[at] != '}') {
    const auto equals = text.find("=\"", at);
    if (equals == std::string_view::npos || !is_name(text.substr(at, equals - at))) return std::nullopt;
    at = equals + 2;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    ++at;
    if (at < text.size() && text[at] == ',') ++at;
  }
  if (at >= text.size()) return std::nullopt;
  return at + 1;
}

void take_comment(std::string_view line, Scraped& page) {
  const std::string_view kind = line.substr(0, 7);
  const auto blank = line.find(' ', 7);
  if ((kind != "# HELP " && kind != "# TYPE ") || blank == std::string_view::npos) {
    page.wrong.push_back("not understood: " + std::string(line));
    return;
  }
  auto& said = kind == "# HELP " ? page.help : page.type;
  const bool fresh = said.emplace(line.substr(7, blank - 7), line.substr(blank + 1)).second;
  if (!fresh) page.wrong.push_back("twice: " + std::string(line));
}

void take_sample(const std::string& line, Scraped& page) {
  const std::string name = line.substr(0, line.find_first_of("{ "));
  std::size_t end = name.size();
  if (line[end] == '{') end += length_of_labels(std::string_view(line).substr(end)).value_or(line.size());
  if (!is_name(name) || end + 1 >= line.size() || line[end] != ' ') {
    page.wrong.push_back("not understood: " + line);
    return;
  }
  std::size_t taken = 0;
  const double value = std::stod(line.substr(end + 1), &taken);
  if (end + 1 + taken != line.size()) page.wrong.push_back("no number: " + line);
  const std::string family = family_of(name, page);
  if (page.help.count(family) == 0 || page.type.count(family) == 0) page.wrong.push_back("not introduced: " + line);
  if (!page.samples.emplace(line.substr(0, end), value).second) page.wrong.push_back("twice: " + line);
}

Scraped scraped(const Metrics& metrics) {
  Scraped page;
  std::istringstream lines(metrics.scrape());
  for (std::string line; std::getline(lines, line);)
    line[0] == '#' ? take_comment(line, page) : take_sample(line, page);
  EXPECT_EQ(page.wrong, std::vector<std::string>());
  return page;
}

// Metrics in which everything that can happen has happened once.
class MetricsTest : public testing::Test {
 protected:
  void happen(WorkerMetrics& worker) {
    worker.request_began();
    worker.request_began();
    worker.stream_began();
    worker.stream_began();
    worker.stream_ended();
    worker.spent(Phase::auth, 60us);
    worker.attempted(north, big, Outcome::rate_limited);
    worker.fell_back(north, south);
    worker.retried(north);
    worker.token_gap(big, south, 80ms);
    worker.usage_missing(south);
    worker.field_dropped(south, big);
    worker.rejected(Rejection::too_large);
    Answered answered;
    answered.route = smart;
    answered.model = big;
    answered.provider = south;
    answered.status = 200;
    answered.stream = true;
    answered.reached_upstream = true;
    answered.took = 3s;
    answered.first_token = 350ms;
    answered.input = 1;
    answered.cache_read = 2;
    answered.cache_write = 3;
    answered.output = 4;
    answered.reasoning = 5;
    worker.answered(answered);
  }

  void happen_around() {
    metrics->reloaded(true, UtcTime(1'700'000'000s));
    metrics->certificate_expires(UtcTime(1'800'000'000s));
    metrics->gauges_from([] {
      Gauges gauges;
      gauges.client = {1, 2};
      gauges.upstream = {3, 4};
      gauges.log_lines_dropped = 5;
      gauges.lanes = {{"north", "big", 1, 0, 0, 7}, {"north", "big", 2, 1, 2.5, 7}};
      gauges.budgets = {{"team", "red", "day", 5'000'000'000, 1'250'000'000, 1}};
      gauges.ledger = {2, 3, 4, 5};
      gauges.token_keys = {1.5, 6, 7};
      gauges.alerts = {8, 9, 10, 11};
      return gauges;
    });
  }

  std::unique_ptr<Metrics> metrics = make_metrics("1.2.3", "abc");
  Label north = metrics->label("north");
  Label south = metrics->label("south");
  Label big = metrics->label("big");
  Label smart = metrics->label("smart");
};

TEST_F(MetricsTest, interns_labels_for_life) {
  EXPECT_EQ(metrics->label(""), labels::none);
  EXPECT_EQ(metrics->label("other"), labels::other);
  EXPECT_EQ(metrics->label("north"), north);
  EXPECT_NE(metrics->label("north"), metrics->label("south"));
}

TEST_F(MetricsTest, counts_a_request_with_all_its_labels) {
  happen(metrics->add_worker());
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at(R"(sluice_requests_total{route="smart",model="big",provider="south",status_class="2xx",code=""})"),
            1);
  const std::string labels = R"({route="smart",model="big",provider="south",stream="true")";
  EXPECT_EQ(page.at("sluice_request_duration_seconds_count" + labels + "}"), 1);
  EXPECT_EQ(page.at("sluice_request_duration_seconds_sum" + labels + "}"), 3);
  EXPECT_EQ(page.at("sluice_request_duration_seconds_bucket" + labels + ",le=\"2.5\"}"), 0);
  EXPECT_EQ(page.at("sluice_request_duration_seconds_bucket" + labels + ",le=\"5\"}"), 1);
  EXPECT_EQ(page.at("sluice_request_duration_seconds_bucket" + labels + ",le=\"+Inf\"}"), 1);
  EXPECT_EQ(page.at(R"(sluice_time_to_first_token_seconds_bucket{model="big",provider="south",le="0.2"})"), 0);
  EXPECT_EQ(page.at(R"(sluice_time_to_first_token_seconds_bucket{model="big",provider="south",le="0.35"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_tokens_total{model="big",provider="south",type="input"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_tokens_total{model="big",provider="south",type="cache_read"})"), 2);
  EXPECT_EQ(page.at(R"(sluice_tokens_total{model="big",provider="south",type="cache_write"})"), 3);
  EXPECT_EQ(page.at(R"(sluice_tokens_total{model="big",provider="south",type="output"})"), 4);
  EXPECT_EQ(page.at(R"(sluice_tokens_total{model="big",provider="south",type="reasoning"})"), 5);
}

TEST_F(MetricsTest, counts_what_happens_on_the_way) {
  happen(metrics->add_worker());
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_requests_in_flight"), 1);
  EXPECT_EQ(page.at("sluice_streams_active"), 1);
  EXPECT_EQ(page.at(R"(sluice_upstream_attempts_total{provider="north",deployment="big",outcome="429"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_fallbacks_total{from="north",to="south"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_retries_total{provider="north"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_usage_missing_total{provider="south"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_dropped_fields_total{provider="south",field="big"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_rejected_total{reason="too_large"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_inter_token_seconds_bucket{model="big",provider="south",le="0.075"})"), 0);
  EXPECT_EQ(page.at(R"(sluice_inter_token_seconds_bucket{model="big",provider="south",le="0.1"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_overhead_seconds_bucket{phase="auth",le="5e-05"})"), 0);
  EXPECT_EQ(page.at(R"(sluice_overhead_seconds_bucket{phase="auth",le="0.0001"})"), 1);
}

TEST_F(MetricsTest, adds_the_workers_up) {
  happen(metrics->add_worker());
  happen(metrics->add_worker());
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_requests_in_flight"), 2);
  EXPECT_EQ(page.at(R"(sluice_tokens_total{model="big",provider="south",type="reasoning"})"), 10);
  EXPECT_DOUBLE_EQ(page.at(R"(sluice_time_to_first_token_seconds_sum{model="big",provider="south"})"), 0.7);
}

TEST_F(MetricsTest, tells_the_classes_of_status_apart) {
  const std::map<int, std::string> classes{{101, "1xx"}, {200, "2xx"}, {302, "3xx"}, {429, "4xx"},
                                           {499, "4xx"}, {503, "5xx"}, {0, "other"}, {600, "other"}};
  for (const auto& [status, expected] : classes) {
    const auto fresh = make_metrics("1", "2");
    Answered answered;
    answered.status = status;
    fresh->add_worker().answered(answered);
    EXPECT_EQ(scraped(*fresh).at(R"(sluice_requests_total{route="",model="",provider="",status_class=")" + expected +
                                 R"(",code=""})"),
              1)
        << status;
  }
}

TEST_F(MetricsTest, refused_requests_have_no_duration) {
  WorkerMetrics& worker = metrics->add_worker();
  Answered refused;
  refused.code = metrics->label("invalid_api_key");
  refused.status = 401;
  refused.took = 1ms;
  worker.answered(refused);
  const std::string page = metrics->scrape();
  EXPECT_NE(page.find(R"(status_class="4xx",code="invalid_api_key"} 1)"), std::string::npos);
  EXPECT_EQ(page.find("sluice_request_duration_seconds_count"), std::string::npos);
}

TEST_F(MetricsTest, says_how_each_attempt_ended) {
  WorkerMetrics& worker = metrics->add_worker();
  const std::vector<std::string> outcomes{"ok",      "429", "4xx",   "5xx",       "timeout",
                                          "connect", "tls", "reset", "truncated", "cancelled"};
  for (std::size_t i = 0; i < outcomes.size(); ++i) worker.attempted(north, big, static_cast<Outcome>(i));
  const Scraped page = scraped(*metrics);
  for (const std::string& outcome : outcomes) {
    EXPECT_EQ(
        page.at(R"(sluice_upstream_attempts_total{provider="north",deployment="big",outcome=")" + outcome + "\"}"), 1);
  }
}

TEST_F(MetricsTest, shows_a_zero_for_what_has_not_happened_yet) {
  const Scraped page = scraped(*metrics);
  for (const std::string reason : {"auth", "model", "malformed", "too_large", "too_slow", "overload", "draining"}) {
    EXPECT_EQ(page.at("sluice_rejected_total{reason=\"" + reason + "\"}"), 0);
  }
  for (const std::string phase : {"auth", "receive", "route"}) {
    EXPECT_EQ(page.at("sluice_overhead_seconds_count{phase=\"" + phase + "\"}"), 0);
  }
  EXPECT_EQ(page.at("sluice_config_reload_success"), 1);
  EXPECT_EQ(page.at("sluice_log_dropped_total"), 0);
  EXPECT_EQ(page.type.count("sluice_cert_expiry_timestamp_seconds"), 0u);
}

TEST_F(MetricsTest, tells_what_is_known_of_each_lane) {
  happen_around();
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at(R"(sluice_breaker_state{provider="north",deployment="big",key="2"})"), 1);
  EXPECT_EQ(page.at(R"(sluice_cooldown_seconds{provider="north",deployment="big",key="2"})"), 2.5);
  EXPECT_EQ(page.at(R"(sluice_upstream_in_flight{provider="north",deployment="big"})"), 7);
}

TEST_F(MetricsTest, tells_how_old_the_keys_for_tokens_are_where_they_are_fetched) {
  happen_around();
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_token_keys_age_seconds"), 1.5);
  EXPECT_EQ(page.at(R"(sluice_token_key_fetches_total{result="fetched"})"), 6);
  EXPECT_EQ(page.at(R"(sluice_token_key_fetches_total{result="failed"})"), 7);
  metrics->gauges_from([] { return Gauges{}; });
  const Scraped without = scraped(*metrics);
  EXPECT_EQ(without.samples.count("sluice_token_keys_age_seconds"), 0u);
  EXPECT_EQ(without.samples.count(R"(sluice_token_key_fetches_total{result="failed"})"), 0u);
}

TEST_F(MetricsTest, tells_what_became_of_alerts) {
  happen_around();
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_budget_alerts_total"), 8);
  EXPECT_EQ(page.at(R"(sluice_alerts_total{result="delivered"})"), 9);
  EXPECT_EQ(page.at(R"(sluice_alerts_total{result="failed"})"), 10);
  EXPECT_EQ(page.at(R"(sluice_alerts_total{result="dropped"})"), 11);
}

TEST_F(MetricsTest, asks_for_the_gauges_at_each_scrape) {
  int asked = 0;
  metrics->gauges_from([&asked] {
    Gauges gauges;
    gauges.client = {++asked, 2};
    gauges.upstream = {3, 4};
    gauges.log_lines_dropped = 5;
    return gauges;
  });
  EXPECT_EQ(scraped(*metrics).at(R"(sluice_connections{side="client",state="idle"})"), 1);
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at(R"(sluice_connections{side="client",state="idle"})"), 2);
  EXPECT_EQ(page.at(R"(sluice_connections{side="client",state="active"})"), 2);
  EXPECT_EQ(page.at(R"(sluice_connections{side="upstream",state="idle"})"), 3);
  EXPECT_EQ(page.at(R"(sluice_connections{side="upstream",state="active"})"), 4);
  EXPECT_EQ(page.at("sluice_log_dropped_total"), 5);
}

TEST_F(MetricsTest, a_refused_configuration_keeps_the_time_of_the_accepted_one) {
  metrics->reloaded(true, UtcTime(1'700'000'000s + 250ms));
  metrics->reloaded(false, UtcTime(1'700'000'500s));
  Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_config_reload_success"), 0);
  EXPECT_EQ(page.at("sluice_config_last_reload_timestamp_seconds"), 1'700'000'000.25);
  metrics->reloaded(true, UtcTime(1'700'001'000s));
  page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_config_reload_success"), 1);
  EXPECT_EQ(page.at("sluice_config_last_reload_timestamp_seconds"), 1'700'001'000);
}

TEST_F(MetricsTest, tells_about_the_certificate_the_build_and_the_process) {
  happen_around();
  const Scraped page = scraped(*metrics);
  EXPECT_EQ(page.at("sluice_cert_expiry_timestamp_seconds"), 1'800'000'000);
  EXPECT_EQ(page.at(R"(sluice_build_info{version="1.2.3",revision="abc"})"), 1);
  EXPECT_GE(page.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(page.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(page.at("process_open_fds"), 0);
  EXPECT_GT(page.at("process_max_fds"), 0);
  EXPECT_GT(page.at("process_start_time_seconds"), 1.7e9);
}

TEST_F(MetricsTest, escapes_label_values) {
  Answered answered;
  answered.model = metrics->label("a\"b\\c\nd");
  metrics->add_worker().answered(answered);
  EXPECT_NE(metrics->scrape().find(R"(model="a\"b\\c\nd")"), std::string::npos);
  scraped(*metrics);
}

TEST_F(MetricsTest, names_follow_the_conventions) {
  happen(metrics->add_worker());
  happen_around();
  const Scraped page = scraped(*metrics);
  EXPECT_GT(page.type.size(), 20u);
  for (const auto& [name, type] : page.type) {
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    EXPECT_EQ(total, type == "counter") << name;
    EXPECT_TRUE(type != "histogram" || name.ends_with("_seconds") || name.ends_with("_ratio")) << name;
    EXPECT_TRUE(type == "counter" || type == "gauge" || type == "histogram") << name;
    EXPECT_TRUE(name.rfind("sluice_", 0) == 0 || name.rfind("process_", 0) == 0) << name;
    EXPECT_EQ(page.help.at(name).back(), '.') << name;
  }
}

TEST_F(MetricsTest, buckets_rise_and_end_with_the_count) {
  happen(metrics->add_worker());
  std::istringstream lines(metrics->scrape());
  double last = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto suffix = line.find("_bucket{");
    const double value = line[0] == '#' ? 0 : std::stod(line.substr(line.rfind(' ')));
    if (suffix != std::string::npos) {
      EXPECT_GE(value, last) << line;
      last = value;
      if (line.find("le=\"+Inf\"") != std::string::npos) last = 0;
    }
  }
}

TEST_F(MetricsTest, every_family_is_in_the_reference_and_the_other_way_round) {
  happen(metrics->add_worker());
  happen_around();
  std::set<std::string> told;
  for (const auto& [name, type] : scraped(*metrics).type) told.insert(name);

  std::ostringstream text;
  text << std::ifstream(SLUICE_REFERENCE "/metrics.md").rdbuf();
  const std::string reference = text.str();
  ASSERT_FALSE(reference.empty());
  std::set<std::string> documented;
  const std::string row = "\n| `";
  for (auto at = reference.find(row); at != std::string::npos; at = reference.find(row, at + 1)) {
    const auto name = at + row.size();
    documented.insert(reference.substr(name, reference.find('`', name) - name));
  }
  EXPECT_EQ(told, documented);
}

}  // namespace
}  // namespace sluice
