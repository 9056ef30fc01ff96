#include <sluice/telemetry/metrics.hpp>

#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include "telemetry/exposition.hpp"
#include "telemetry/process.hpp"
#include "telemetry/worker_counters.hpp"

namespace sluice {
namespace {

using telemetry::Exposition;
using telemetry::Totals;
using Names = std::vector<std::string_view>;  // the text of each Label

constexpr auto counter = prometheus::MetricType::Counter;
constexpr auto gauge = prometheus::MetricType::Gauge;
constexpr auto histogram = prometheus::MetricType::Histogram;

constexpr std::array<std::string_view, 6> status_classes{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
// In the order of TokenKind, Rejection and Phase.
constexpr std::array<std::string_view, telemetry::token_kind_count> token_kinds{"input", "output", "cache_read",
                                                                                "cache_write", "reasoning"};
constexpr std::array<std::string_view, telemetry::rejection_count> rejections{
    "auth",     "model", "malformed", "too_large",   "too_slow", "overload",
    "draining", "rpm",   "tpm",       "concurrency", "budget",   "price"};
constexpr std::array<std::string_view, telemetry::phase_count> phases{"auth", "receive", "route"};

// What is known of the process as a whole, not of one worker.
struct Whole {
  std::string version;
  std::string revision;
  bool accepted = true;  // the newest configuration
  std::optional<UtcTime> reloaded;
  std::optional<UtcTime> certificate_expires;
};

double unix_seconds(UtcTime when) { return std::chrono::duration<double>(when.time_since_epoch()).count(); }

void add_requests(Exposition& out, const Totals& totals, const Names& names) {
  out.family(counter, "sluice_requests_total", "Requests on the API endpoints, refused ones included.");
  for (const auto& [key, count] : totals.requests) {
    out.add({{"route", names[key[0]]},
             {"model", names[key[1]]},
             {"provider", names[key[2]]},
             {"status_class", status_classes[key[3]]},
             {"code", names[key[4]]}},
            count);
  }
  out.family(histogram, "sluice_request_duration_seconds",
             "How long requests took, from head to last byte; only those that reached a provider.");
  for (const auto& [key, totals_of_key] : totals.durations) {
    out.add({{"route", names[key[0]]},
             {"model", names[key[1]]},
             {"provider", names[key[2]]},
             {"stream", key[3] == 1 ? "true" : "false"}},
            telemetry::request_bounds, totals_of_key);
  }
  out.family(counter, "sluice_rejected_total", "Requests refused before any provider was asked.");
  for (std::size_t i = 0; i < rejections.size(); ++i) out.add({{"reason", rejections[i]}}, totals.rejected[i]);
  out.single(gauge, "sluice_requests_in_flight", "Requests being served now.", totals.in_flight);
  out.single(gauge, "sluice_streams_active", "Streamed answers being sent now.", totals.streams);
  out.family(histogram, "sluice_overhead_seconds", "Time a request spends in a phase of the gateway's own work.");
  for (std::size_t i = 0; i < phases.size(); ++i) {
    out.add({{"phase", phases[i]}}, telemetry::overhead_bounds, totals.overhead[i]);
  }
}

void add_models(Exposition& out, const Totals& totals, const Names& names) {
  out.family(histogram, "sluice_time_to_first_token_seconds",
             "From a streamed request's head to the first token of its answer.");
  for (const auto& [key, model] : totals.models) {
    out.add({{"model", names[key[0]]}, {"provider", names[key[1]]}}, telemetry::first_token_bounds, model.first_token);
  }
  out.family(histogram, "sluice_inter_token_seconds", "Time between one piece of a streamed answer and the next.");
  for (const auto& [key, model] : totals.models) {
    out.add({{"model", names[key[0]]}, {"provider", names[key[1]]}}, telemetry::token_gap_bounds, model.gap);
  }
  out.family(counter, "sluice_tokens_total",
             "Tokens the providers reported; no type includes another, input is without cached ones.");
  for (const auto& [key, model] : totals.models) {
    for (std::size_t kind = 0; kind < token_kinds.size(); ++kind) {
      out.add({{"model", names[key[0]]}, {"provider", names[key[1]]}, {"type", token_kinds[kind]}}, model.tokens[kind]);
    }
  }
}

void add_money(Exposition& out, const Totals& totals, const Names& names) {
  out.family(counter, "sluice_cost_usd_total", "What answers did cost, in USD.");
  for (const auto& [key, nano] : totals.costs) {
    out.add({{"team", names[key[0]]}, {"model", names[key[1]]}, {"provider", names[key[2]]}},
            static_cast<double>(nano) / 1e9);
  }
  out.family(counter, "sluice_price_missing_total", "Attempts at a target whose price is not known.");
  for (const auto& [key, count] : totals.price_missing) out.add({{"model", names[key[0]]}}, count);
  out.family(histogram, "sluice_token_estimate_ratio",
             "How many tokens prompts were thought to have before they were sent, for each one the provider reported.");
  for (const auto& [key, ratios] : totals.estimates) {
    out.add({{"model", names[key[0]]}}, telemetry::estimate_bounds, ratios);
  }
}

void add_upstream(Exposition& out, const Totals& totals, const Names& names) {
  out.family(counter, "sluice_upstream_attempts_total", "Attempts at a target, by how they ended.");
  for (const auto& [key, count] : totals.attempts) {
    out.add({{"provider", names[key[0]]},
             {"deployment", names[key[1]]},
             {"outcome", to_string(static_cast<Outcome>(key[2]))}},
            count);
  }
  out.family(counter, "sluice_fallbacks_total", "Requests that went on to another provider.");
  for (const auto& [key, count] : totals.fallbacks) {
    out.add({{"from", names[key[0]]}, {"to", names[key[1]]}}, count);
  }
  out.family(counter, "sluice_retries_total", "Attempts at a target that had failed the same request before.");
  for (const auto& [key, count] : totals.retries) out.add({{"provider", names[key[0]]}}, count);
  out.family(counter, "sluice_usage_missing_total", "Answers whose provider did not say how many tokens they took.");
  for (const auto& [key, count] : totals.usage_missing) out.add({{"provider", names[key[0]]}}, count);
  out.family(counter, "sluice_dropped_fields_total", "Requests' fields that the provider's dialect could not express.");
  for (const auto& [key, count] : totals.dropped) {
    out.add({{"provider", names[key[0]]}, {"field", names[key[1]]}}, count);
  }
}

// Of each deployment behind each key, what is known of it.
void add_lanes(Exposition& out, const std::vector<Gauges::Lane>& lanes) {
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    out.family(gauge, name, help);
    for (const Gauges::Lane& lane : lanes) {
      out.add({{"provider", lane.provider}, {"deployment", lane.deployment}, {"key", std::to_string(lane.key)}},
              value(lane));
    }
  };
  each("sluice_breaker_state", "Whether it may be asked: 0 yes, 1 half open, 2 no.",
       [](const Gauges::Lane& lane) { return static_cast<double>(lane.breaker); });
  each("sluice_cooldown_seconds", "How long it is still left alone.",
       [](const Gauges::Lane& lane) { return lane.cooldown; });
  out.family(gauge, "sluice_upstream_in_flight", "Attempts at the deployment that are under way, over all keys.");
  for (const Gauges::Lane& lane : lanes) {
    if (lane.key == 1) out.add({{"provider", lane.provider}, {"deployment", lane.deployment}}, lane.in_flight);
  }
}

// What accounts have left, and how the books are kept.
void add_ledger(Exposition& out, const std::vector<Gauges::Budget>& budgets, const Gauges::Ledger& ledger) {
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    out.family(gauge, name, help);
    for (const Gauges::Budget& budget : budgets) {
      out.add({{"scope", budget.scope}, {"id", budget.id}, {"window", budget.window}},
              static_cast<double>(value(budget)) / 1e9);
    }
  };
  each("sluice_budget_limit_usd", "The budget of the current window, with raises.",
       [](const Gauges::Budget& budget) { return budget.limit; });
  each("sluice_budget_spent_usd", "What was spent of it.", [](const Gauges::Budget& budget) { return budget.spent; });
  each("sluice_reserved_usd", "What is set aside of it for requests under way.",
       [](const Gauges::Budget& budget) { return budget.reserved; });
  out.single(gauge, "sluice_ledger_queue_depth", "Usage records that are not written yet.", ledger.waiting);
  out.single(counter, "sluice_ledger_written_total", "Usage records written.", ledger.written);
  out.single(counter, "sluice_ledger_dropped_total", "Usage records lost because the store did not keep up.",
             ledger.dropped);
  out.single(counter, "sluice_ledger_errors_total", "Attempts to write usage records that failed.", ledger.errors);
}

// Of the keys for tokens of callers, where they are fetched.
void add_token_keys(Exposition& out, const std::optional<Gauges::TokenKeys>& keys) {
  out.family(gauge, "sluice_token_keys_age_seconds", "Since the identity provider's keys were last fetched.");
  if (keys && keys->age) out.add({}, *keys->age);
  out.family(counter, "sluice_token_key_fetches_total", "Attempts to fetch the identity provider's keys.");
  if (!keys) return;
  out.add({{"result", "fetched"}}, keys->fetched);
  out.add({{"result", "failed"}}, keys->failed);
}

void add_alerts(Exposition& out, const Gauges::Alerts& alerts) {
  out.single(counter, "sluice_budget_alerts_total", "Thresholds of budgets that were reached.", alerts.raised);
  out.family(counter, "sluice_alerts_total", "Alerts for the webhook, by what became of them.");
  out.add({{"result", "delivered"}}, alerts.delivered);
  out.add({{"result", "failed"}}, alerts.failed);
  out.add({{"result", "dropped"}}, alerts.dropped);
}

void add_gauges(Exposition& out, const Gauges& gauges) {
  out.family(gauge, "sluice_connections", "Open connections.");
  out.add({{"side", "client"}, {"state", "idle"}}, gauges.client.idle);
  out.add({{"side", "client"}, {"state", "active"}}, gauges.client.active);
  out.add({{"side", "upstream"}, {"state", "idle"}}, gauges.upstream.idle);
  out.add({{"side", "upstream"}, {"state", "active"}}, gauges.upstream.active);
  add_lanes(out, gauges.lanes);
  add_ledger(out, gauges.budgets, gauges.ledger);
  add_token_keys(out, gauges.token_keys);
  add_alerts(out, gauges.alerts);
  out.single(counter, "sluice_log_dropped_total", "Log lines lost because nobody took them fast enough.",
             gauges.log_lines_dropped);
}

void add_whole(Exposition& out, const Whole& whole) {
  out.single(gauge, "sluice_config_reload_success", "1 if the newest configuration was accepted, else 0.",
             whole.accepted ? 1 : 0);
  if (whole.reloaded) {
    out.single(gauge, "sluice_config_last_reload_timestamp_seconds", "When a configuration was last accepted.",
               unix_seconds(*whole.reloaded));
  }
  if (whole.certificate_expires) {
    out.single(gauge, "sluice_cert_expiry_timestamp_seconds", "When the listener's certificate expires.",
               unix_seconds(*whole.certificate_expires));
  }
  out.family(gauge, "sluice_build_info", "Always 1; the labels say what is running.");
  out.add({{"version", whole.version}, {"revision", whole.revision}}, 1);
}

// The names every Prometheus client library uses for these.
void add_process(Exposition& out, const telemetry::ProcessFacts& facts) {
  const auto add = [&](auto type, std::string_view name, std::string_view help, std::optional<double> value) {
    if (value) out.single(type, name, help, *value);
  };
  add(counter, "process_cpu_seconds_total", "Processor time used, user and system.", facts.cpu_seconds);
  add(gauge, "process_resident_memory_bytes", "Memory held in RAM.", facts.resident_bytes);
  add(gauge, "process_open_fds", "Open file descriptors.", facts.open_descriptors);
  add(gauge, "process_max_fds", "How many file descriptors may be open.", facts.most_descriptors);
  add(gauge, "process_start_time_seconds", "When the process began, in seconds since 1970.", facts.start_time);
}

// Everything above, from all workers. The mutex guards what changes rarely; counting does not touch it.
class Registry final : public Metrics, private prometheus::Collectable {
 public:
  Registry(std::string_view version, std::string_view revision) {
    whole_.version = version;
    whole_.revision = revision;
    label("");
    label("other");
  }

  Label label(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    const auto known = labels_.find(text);
    if (known != labels_.end()) return known->second;
    const Label fresh{static_cast<std::uint32_t>(texts_.size())};
    labels_.emplace(texts_.emplace_back(text), fresh);
    return fresh;
  }

  std::string text(Label label) const override {
    const std::lock_guard lock(mutex_);
    const auto index = static_cast<std::size_t>(label);
    return index < texts_.size() ? texts_[index] : std::string();
  }

  WorkerMetrics& add_worker() override {
    const std::lock_guard lock(mutex_);
    return workers_.emplace_back();
  }

  void reloaded(bool accepted, UtcTime when) override {
    const std::lock_guard lock(mutex_);
    whole_.accepted = accepted;
    if (accepted) whole_.reloaded = when;
  }

  void certificate_expires(UtcTime when) override {
    const std::lock_guard lock(mutex_);
    whole_.certificate_expires = when;
  }

  void gauges_from(std::function<Gauges()> source) override {
    const std::lock_guard lock(mutex_);
    gauges_ = std::move(source);
  }

  std::string scrape() const override {
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, Collect());
    return std::move(text).str();
  }

 private:
  std::vector<prometheus::MetricFamily> Collect() const override {
    Exposition out;
    Totals totals;
    Whole whole;
    std::function<Gauges()> gauges;
    Names names;
    {
      const std::lock_guard lock(mutex_);
      for (const telemetry::WorkerCounters& worker : workers_) worker.add_to(totals);
      // After the counters, so that every label they hold is among them.
      names.assign(texts_.begin(), texts_.end());
      whole = whole_;
      gauges = gauges_;
    }
    add_requests(out, totals, names);
    add_models(out, totals, names);
    add_money(out, totals, names);
    add_upstream(out, totals, names);
    add_gauges(out, gauges ? gauges() : Gauges{});
    add_whole(out, whole);
    add_process(out, telemetry::read_process_facts());
    return std::move(out).take();
  }

  mutable std::mutex mutex_;
  std::deque<std::string> texts_;  // by Label; never move
  std::map<std::string_view, Label> labels_;
  std::deque<telemetry::WorkerCounters> workers_;
  Whole whole_;
  std::function<Gauges()> gauges_;
};

}  // namespace

std::unique_ptr<Metrics> make_metrics(std::string_view version, std::string_view revision) {
  return std::make_unique<Registry>(version, revision);
}

}  // namespace sluice
