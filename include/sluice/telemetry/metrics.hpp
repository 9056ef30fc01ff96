#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>

namespace sluice {

// A label value, interned. Values come from the configuration or from lists in the code, never from a
// caller: an unknown model is labels::other.
enum class Label : std::uint32_t {};
namespace labels {
inline constexpr Label none{0};   // ""
inline constexpr Label other{1};  // "other"
}  // namespace labels

enum class Rejection : std::uint8_t {
  auth,
  model,
  malformed,
  too_large,
  too_slow,
  overload,
  draining,
  rpm,
  tpm,
  concurrency,
  budget,
  price
};
enum class Phase : std::uint8_t { auth, receive, route };

// One finished request on an API endpoint, refused ones included.
struct Answered {
  Label route = labels::none;
  Label model = labels::none;
  Label provider = labels::none;
  Label code = labels::none;  // the error object's code
  int status = 0;
  bool stream = false;
  bool reached_upstream = false;  // durations of refused requests would hide the others
  Duration took{};
  std::optional<Duration> first_token;
  std::uint64_t input = 0;
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write = 0;
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
};

// The counters of one worker. Written on its thread only, read by scrape() from another; nothing here locks
// once a combination of labels has been seen, and nothing allocates.
class WorkerMetrics {
 public:
  virtual ~WorkerMetrics() = default;
  virtual void request_began() = 0;
  virtual void answered(const Answered& request) = 0;
  virtual void stream_began() = 0;
  virtual void stream_ended() = 0;
  virtual void attempted(Label provider, Label deployment, Outcome outcome) = 0;
  virtual void fell_back(Label from, Label to) = 0;  // providers
  virtual void retried(Label provider) = 0;          // one that had failed the same request before
  virtual void rejected(Rejection reason) = 0;
  virtual void usage_missing(Label provider) = 0;
  // What an attempt did cost. `team`: the caller's, or none.
  virtual void cost(Label team, Label model, Label provider, std::int64_t nano_usd) = 0;
  virtual void price_missing(Label model) = 0;
  // How many tokens a prompt was thought to have, and has. `reported` is not 0.
  virtual void estimated(Label model, std::uint64_t estimate, std::uint64_t reported) = 0;
  // A request's member that the provider's dialect could not express.
  virtual void field_dropped(Label provider, Label field) = 0;
  virtual void token_gap(Label model, Label provider, Duration gap) = 0;
  virtual void spent(Phase phase, Duration took) = 0;
};

// Numbers that are looked up when somebody scrapes.
struct Gauges {
  struct Connections {
    std::int64_t idle = 0;
    std::int64_t active = 0;
  };
  Connections client;
  Connections upstream;
  std::uint64_t log_lines_dropped = 0;
  // One way to be answered by a deployment.
  struct Lane {
    std::string provider;
    std::string deployment;
    unsigned key = 1;            // which of the provider's
    int breaker = 0;             // 0 closed, 1 half open, 2 open
    double cooldown = 0;         // seconds until it is asked again
    std::int64_t in_flight = 0;  // of the deployment, over all keys
  };
  std::vector<Lane> lanes;
  // In nano-USD.
  struct Budget {
    std::string scope;  // "key", "team"…
    std::string id;     // its name
    std::string window;
    std::int64_t limit = 0;
    std::int64_t spent = 0;
    std::int64_t reserved = 0;
  };
  std::vector<Budget> budgets;
  struct Ledger {
    std::uint64_t waiting = 0;
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
    std::uint64_t errors = 0;
  };
  Ledger ledger;
  // The keys of the identity provider whose tokens callers may show.
  struct TokenKeys {
    std::optional<double> age;  // seconds since they were fetched; nothing: they never were
    std::uint64_t fetched = 0;
    std::uint64_t failed = 0;
  };
  std::optional<TokenKeys> token_keys;  // nothing: none are fetched
  // Thresholds of budgets that were reached, and what became of telling the one whom the configuration names.
  struct Alerts {
    std::uint64_t raised = 0;
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::uint64_t dropped = 0;
  };
  Alerts alerts;
};

// Everything the process tells Prometheus about itself. Thread-safe, but for WorkerMetrics as said there.
// Names, labels and buckets: docs/reference/metrics.md.
class Metrics {
 public:
  virtual ~Metrics() = default;
  // Interned for the life of the process.
  virtual Label label(std::string_view text) = 0;
  virtual std::string text(Label label) const = 0;
  // One per worker, living as long as the Metrics.
  virtual WorkerMetrics& add_worker() = 0;
  virtual void reloaded(bool accepted, UtcTime when) = 0;
  virtual void certificate_expires(UtcTime when) = 0;
  // Asked at each scrape, on the scraping thread.
  virtual void gauges_from(std::function<Gauges()> source) = 0;
  // The text exposition format, version 0.0.4.
  virtual std::string scrape() const = 0;
};

std::unique_ptr<Metrics> make_metrics(std::string_view version, std::string_view revision);

}  // namespace sluice
