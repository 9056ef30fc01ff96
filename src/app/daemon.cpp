#include "app/daemon.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sluice/net/page_server.hpp>
#include <sluice/telemetry/access_log.hpp>
#include <sluice/telemetry/metrics.hpp>

#include "app/accounting.hpp"
#include "app/admin_keys.hpp"
#include "app/admin_plane.hpp"
#include "app/admin_usage.hpp"
#include "app/alert_webhook.hpp"
#include "app/config_json.hpp"
#include "app/demo.hpp"
#include "app/errands.hpp"
#include "app/health_checks.hpp"
#include "app/key_desk.hpp"
#include "app/lane_gauges.hpp"
#include "app/token_keyring.hpp"
#include "app/trace_json.hpp"
#include "app/trust_shelf.hpp"
#include "app/version.hpp"
#include "app/worker.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
constexpr Duration patience = 1s;  // with a worker that is asked for its counts

// Every connection of a client may need one to a provider, and files and logs need some too.
std::int64_t connections_allowed(std::uint64_t configured) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::uint64_t descriptors = limit.rlim_cur == RLIM_INFINITY ? configured * 2 + 200 : limit.rlim_cur;
  const std::uint64_t possible = descriptors > 202 ? (descriptors - 200) / 2 : 1;
  return static_cast<std::int64_t>(std::min(configured, possible));
}

std::string agent() { return "sluice/" + std::string(version()); }

std::string workers_text(unsigned workers) { return workers == 0 ? "auto" : std::to_string(workers); }

bool needs_built_in(const config::Config& config) {
  return std::any_of(config.providers.begin(), config.providers.end(),
                     [](const auto& provider) { return provider.built_in; });
}

class RunningDaemon final : public Daemon {
 public:
  explicit RunningDaemon(Surface surface)
      : clock_(system_clock()),
        log_(surface.log),
        metrics_(make_metrics(version(), revision())),
        access_log_(make_access_log(surface.access_log)),
        keys_file_(surface.keys),
        started_from_(std::move(surface.origin)),
        errands_(clock_),
        health_checks_(errands_, clock_, log_),
        webhook_(errands_, clock_, log_, agent()),
        keyring_(clock_, log_, agent()) {}

  ~RunningDaemon() override {
    admin_.reset();   // it asks the workers and the desk
    desk_.reset();    // it tells the workers
    errands_.stop();  // so do they
    stop();
    wait();
  }

  Result<> begin(const config::Config& config) {
    auto accounting = Accounting::open(config.storage, clock_, log_);
    if (!accounting) return accounting.error();
    accounting_ = *std::move(accounting);
    accounting_->alerts_to([this](const ledger::Alert& alert) { webhook_.tell(alert); });
    Result<World> world = prepare(config);
    if (!world) return world.error();
    auto desk = KeyDesk::open(keys_file_, clock_, log_);
    if (!desk) return std::move(desk).error();
    desk_ = *std::move(desk);
    remember_start(config);
    take_over(config.server);
    world->page = page_of(config, started_from_);
    put_in_force(*world);
    const Result<> workers = start_workers(config, *world);
    if (!workers) return workers.error();
    stored_keys_ = desk_->first();
    publish(*world);
    accounting_->begin();
    metrics_->gauges_from([this] { return gauges(); });
    if (config.admin.token.empty()) made_token_ = random_token();
    admin_token_ = config.admin.token.empty() ? made_token_ : config.admin.token;
    plane_.emplace(clock_, log_, sources(), token_holders(admin_token_, config.admin.operators));
    auto admin = net::PageServer::start(config.admin.listen,
                                        [this](const net::PageRequest& request) { return plane_->begin(request); });
    if (!admin) return admin.error();
    admin_ = *std::move(admin);
    metrics_->reloaded(true, clock_.utc());
    for (const auto& worker : workers_) worker->start();
    started_ = true;
    tell_trail("config.load", started_from_);
    desk_->watch([this](const ledger::StoredKeys& keys) { publish(keys); });
    return Ok{};
  }

  std::uint16_t port() const override { return workers_.front()->port(); }
  std::uint16_t admin_port() const override { return admin_->port(); }
  const Secret& made_token() const override { return made_token_; }

  using Daemon::reload;
  Result<> reload(const config::Config& config, const Origin& origin) override {
    std::optional<Error> too_much = more_than_a_reload(config);
    Result<World> world = too_much ? Result<World>(*std::move(too_much)) : prepare(config);
    if (!world) {
      reload_failed(origin, world.error().message());
      return world.error();
    }
    metrics_->reloaded(true, clock_.utc());
    world->page = page_of(config, origin);
    warn_of_restart("server.listen", started_with_.listen, config.server.listen);
    warn_of_restart("server.workers", workers_text(started_with_.workers), workers_text(config.server.workers));
    warn_of_restart("admin.listen", admin_listen_, config.admin.listen);
    use_tokens(config.admin);
    take_over(config.server);
    publish(*world);
    tell_trail("config.reload", origin);
    return Ok{};
  }

  void reload_failed(const Origin& origin, const std::string& reason) override {
    metrics_->reloaded(false, clock_.utc());
    tell_trail("config.reload", origin, reason);
  }

  void drain() override {
    draining_ = true;
    for (const auto& worker : workers_) worker->drain(drain_.delay, drain_.grace);
  }

  void stop() override {
    draining_ = true;
    if (!started_) return;
    for (const auto& worker : workers_) worker->stop();
  }

  void wait() override {
    for (const auto& worker : workers_) worker->join();
  }

 private:
  void remember_start(const config::Config& config) {
    started_with_ = config.server;
    started_storage_ = config.storage;
    admin_listen_ = config.admin.listen;
  }

  void take_over(const config::Server& server) {
    drain_ = server.drain;
    load_.most_buffered = static_cast<std::int64_t>(server.limits.buffered);
    serves_tls_ = server.tls.has_value();
  }

  // Half a file may be a whole configuration: one in which the keys are not there yet, or not there any more. What
  // opens a door has to be said.
  std::optional<Error> more_than_a_reload(const config::Config& config) const {
    std::string_view problem;
    if (in_force_->needs_keys() && config.keys.empty() && !config.jwt && !config.auth_none) {
      problem = "it has no keys any more, although callers need one now; write \"auth: none\" if nobody shall";
    } else if (serves_tls_ && !config.server.tls) {
      problem = "it has no server.tls any more; callers are served without TLS after a restart only";
    } else {
      return std::nullopt;
    }
    return Error(Fault::bad_request, Blame::gateway, "configuration", std::string(problem));
  }

  // A configuration made ready for use.
  struct World {
    net::ServerSettings settings;
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const Principals> principals;
    std::shared_ptr<const std::string> page;  // for whoever asks what is in force
    TokenSource tokens;
    AlertReceiver alerts;
  };

  // All workers have the same configuration with the same keys tied to it, in the order in which these came, although
  // configurations come from one thread and keys from another.
  void publish(const World& world) {
    const std::lock_guard lock(publishing_);
    put_in_force(world);
    webhook_.follow(world.alerts);
    const auto keys = link(stored_keys_, world.snapshot);
    const auto token_keys = keyring_.follow(
        world.tokens, errands_,
        [this](const TokenKeyFetch* from, std::shared_ptr<const TokenKeys> fetched) { publish(from, fetched); });
    for (const auto& worker : workers_) worker->use(world.settings, world.snapshot, keys, token_keys);
    health_checks_.use(world.snapshot);
  }
  void publish(const ledger::StoredKeys& stored) {
    const std::lock_guard lock(publishing_);
    stored_keys_ = stored;
    const auto keys = link(stored, in_force());
    for (const auto& worker : workers_) worker->use(keys);
  }
  void publish(const TokenKeyFetch* from, const std::shared_ptr<const TokenKeys>& keys) {
    const std::lock_guard lock(publishing_);
    if (!keyring_.take(from, keys)) return;
    for (const auto& worker : workers_) worker->use(keys);
  }

  std::shared_ptr<const IssuedKeys> link(const ledger::StoredKeys& stored, std::shared_ptr<const Snapshot> world) {
    return IssuedKeys::link(stored, std::move(world), accounting_->book(), {clock_.now(), clock_.utc()});
  }

  // None of these values can be a secret: addresses and numbers only.
  void warn_of_restart(std::string_view key, const std::string& in_force, const std::string& written) {
    if (in_force == written) return;
    log_.warn("a change that takes effect with a restart only",
              {{"key", std::string(key)}, {"in_force", in_force}, {"written", written}});
  }

  // A token of `admin` that is no longer written leaves the one made at start, which somebody was told. Where none was
  // made, nobody could be told a new one, and an open door is no answer either.
  void use_tokens(const config::Admin& written) {
    if (!written.token.empty()) {
      admin_token_ = written.token;
    } else if (!made_token_.empty()) {
      admin_token_ = made_token_;
    } else {
      log_.warn("a change that takes effect with a restart only", {{"key", "admin.token"}});
    }
    plane_->use(token_holders(admin_token_, written.operators));
  }

  // Of a configuration that was accepted, or refused for a reason.
  void tell_trail(std::string action, const Origin& origin, const std::string& reason = {}) {
    ledger::AuditDetails details{{"outcome", reason.empty() ? "accepted" : "refused"}};
    if (!origin.digest.empty()) details.emplace_back("sha256", origin.digest);
    if (!reason.empty()) details.emplace_back("reason", reason);
    desk_->note({std::move(action), origin.name(), std::move(details), {"daemon"}});
  }

  // What takes effect with a restart only is told as it was at the start.
  std::shared_ptr<const std::string> page_of(config::Config config, const Origin& origin) const {
    config.server.listen = started_with_.listen;
    config.server.workers = started_with_.workers;
    config.admin.listen = admin_listen_;
    config.storage = started_storage_;
    return std::make_shared<const std::string>(config_json(config, origin, clock_.utc()));
  }

  Result<World> prepare(const config::Config& config) {
    if (needs_built_in(config) && demo_ == nullptr) {
      auto demo = Demo::start(clock_);
      if (!demo) return demo.error();
      demo_ = *std::move(demo);
    }
    World world;
    world.settings = settings_of(config.server);
    if (config.server.tls) {
      auto identity = net::Identity::load(config.server.tls->certificate, config.server.tls->key);
      if (!identity) return identity.error();
      world.settings.identity = *std::move(identity);
      metrics_->certificate_expires(world.settings.identity->expires());
    }
    const Snapshot::Means means{*metrics_,
                                static_cast<std::uint16_t>(demo_ ? demo_->port() : 0),
                                agent(),
                                [this](const std::string& path) { return trusts_.get(path); },
                                *traffic_->health,
                                accounting_->book(),
                                {clock_.now(), clock_.utc()},
                                in_force_.get()};
    auto snapshot = Snapshot::compile(config, means);
    if (!snapshot) return snapshot.error();
    world.snapshot = *std::move(snapshot);
    world.principals = std::make_shared<const Principals>(Principals::of(config));
    auto tokens = token_source_of(config, trusts_);
    if (!tokens) return std::move(tokens).error();
    world.tokens = *std::move(tokens);
    auto alerts = alert_receiver_of(config, trusts_);
    if (!alerts) return std::move(alerts).error();
    world.alerts = *std::move(alerts);
    return world;
  }

  net::ServerSettings settings_of(const config::Server& server) {
    net::ServerSettings settings;
    settings.limits.body = server.limits.body;
    settings.limits.header = server.limits.header;
    settings.limits.connections = connections_allowed(server.limits.connections);
    load_.most_connections = settings.limits.connections;
    settings.timeouts.header = server.timeouts.header;
    settings.timeouts.body = server.timeouts.body;
    settings.timeouts.idle = server.timeouts.idle;
    settings.name_paths = Gateway::name_paths();
    if (settings.limits.connections < static_cast<std::int64_t>(server.limits.connections) &&
        std::exchange(told_connections_, settings.limits.connections) != settings.limits.connections) {
      log_.info("the descriptor limit allows fewer connections than configured",
                {{"configured", std::to_string(server.limits.connections)},
                 {"allowed", std::to_string(settings.limits.connections)}});
    }
    return settings;
  }

  // The first worker's port, which may have been chosen by the system, is everybody's.
  Result<> start_workers(const config::Config& config, const World& world) {
    const unsigned count =
        config.server.workers > 0 ? config.server.workers : std::max(1u, std::thread::hardware_concurrency());
    const WorkerParts parts{clock_, load_,     *metrics_,           *access_log_,
                            log_,   *traffic_, accounting_->book(), accounting_->recorder()};
    std::string address = config.server.listen;
    for (unsigned i = 0; i < count; ++i) {
      workers_.push_back(std::make_unique<Worker>(parts, world.settings, world.snapshot));
      const Result<> listening = workers_.back()->listen(address);
      if (!listening) return listening;
      address = address.substr(0, address.rfind(':') + 1) + std::to_string(workers_.front()->port());
    }
    return Ok{};
  }

  // Operators' requests come on a thread of their own.
  void put_in_force(const World& world) {
    const std::lock_guard lock(in_force_mutex_);
    in_force_ = world.snapshot;
    principals_ = world.principals;
    page_ = world.page;
  }
  std::shared_ptr<const Snapshot> in_force() const {
    const std::lock_guard lock(in_force_mutex_);
    return in_force_;
  }
  std::shared_ptr<const Principals> principals() const {
    const std::lock_guard lock(in_force_mutex_);
    return principals_;
  }

  std::string page() const {
    const std::lock_guard lock(in_force_mutex_);
    return *page_;
  }

  Gauges gauges() {
    Gauges gauges;
    gauges.lanes = lane_gauges(*in_force(), clock_.now());
    for (const auto& worker : workers_) {
      Worker::Counts counts;
      if (!worker->count(counts, patience)) continue;
      gauges.client.idle += static_cast<std::int64_t>(counts.clients.idle);
      gauges.client.active += static_cast<std::int64_t>(counts.clients.active);
      gauges.upstream.idle += static_cast<std::int64_t>(counts.upstreams.idle);
      gauges.upstream.active += static_cast<std::int64_t>(counts.upstreams.active);
    }
    gauges.budgets = accounting_->budget_gauges({clock_.now(), clock_.utc()});
    gauges.ledger = accounting_->ledger_gauges();
    gauges.log_lines_dropped = access_log_->dropped();
    gauges.alerts = webhook_.gauges();
    const std::lock_guard lock(publishing_);
    gauges.token_keys = keyring_.gauges(clock_.now());
    return gauges;
  }

  // Whether every worker still turns; not whether any provider does.
  bool alive() {
    return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) {
      Worker::Counts counts;
      return worker->count(counts, patience);
    });
  }

  // Whichever worker had it.
  std::optional<std::string> trace_of(std::string_view request_id) const {
    for (const auto& worker : workers_) {
      if (const auto trace = worker->trace_of(request_id, patience)) return trace_json(*trace, *metrics_);
    }
    return std::nullopt;
  }

  AdminPlane::Sources sources() {
    AdminPlane::Sources sources;
    sources.metrics = [this] { return metrics_->scrape(); };
    sources.alive = [this] { return alive(); };
    sources.ready = [this] { return !draining_; };
    sources.request = [this](std::string_view id) { return trace_of(id); };
    sources.providers = [this] { return providers_json(*in_force(), clock_.now()); };
    sources.config = [this] { return page(); };
    sources.more = key_routes(*desk_, clock_, [this] { return principals(); });
    auto usage = usage_routes(accounting_->place(), clock_);
    sources.more.insert(sources.more.end(), usage.begin(), usage.end());
    sources.wrong_token = [this](std::string_view peer) { desk_->refused(peer); };
    return sources;
  }

  const Clock& clock_;
  Log& log_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<AccessLog> access_log_;
  net::SharedLoad load_;
  TrustShelf trusts_;
  const std::unique_ptr<SharedTraffic> traffic_ = SharedTraffic::make();
  std::unique_ptr<Accounting> accounting_;
  const std::string keys_file_;
  const Origin started_from_;
  Errands errands_;
  HealthChecks health_checks_;
  AlertWebhook webhook_;
  std::mutex publishing_;
  TokenKeyring keyring_;               // of these, as what follows
  ledger::StoredKeys stored_keys_;     // as they were told last
  mutable std::mutex in_force_mutex_;  // of what follows, which the main thread alone writes
  std::shared_ptr<const Snapshot> in_force_;
  std::shared_ptr<const Principals> principals_;
  std::shared_ptr<const std::string> page_;
  std::unique_ptr<Demo> demo_;
  config::Server started_with_;
  config::Storage started_storage_;
  std::string admin_listen_;
  bool serves_tls_ = false;
  config::Drain drain_;
  std::atomic<bool> draining_{false};
  bool started_ = false;
  std::int64_t told_connections_ = 0;  // what the log was last told they are limited to
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<KeyDesk> desk_;
  Secret made_token_;
  Secret admin_token_;  // in force: the one that was made, or a written one
  std::optional<AdminPlane> plane_;
  std::unique_ptr<net::PageServer> admin_;
};

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(const config::Config& config, Surface surface) {
  auto daemon = std::make_unique<RunningDaemon>(surface);
  const Result<> begun = daemon->begin(config);
  if (!begun) return begun.error();
  return std::unique_ptr<Daemon>(std::move(daemon));
}

}  // namespace sluice::app
