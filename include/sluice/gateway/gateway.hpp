#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/id.hpp>
#include <sluice/gateway/issued_keys.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/gateway/token_keys.hpp>
#include <sluice/gateway/trace.hpp>
#include <sluice/ledger/book.hpp>
#include <sluice/ledger/recorder.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/server.hpp>
#include <sluice/net/service.hpp>
#include <sluice/net/transport.hpp>
#include <sluice/telemetry/access_log.hpp>
#include <sluice/telemetry/log.hpp>
#include <sluice/telemetry/metrics.hpp>
#include <sluice/traffic/affinity.hpp>
#include <sluice/traffic/health.hpp>

namespace sluice {

// What all workers know together of those who are asked, and of where conversations are. Outlives all snapshots.
struct SharedTraffic {
  std::unique_ptr<traffic::Health> health;
  traffic::AffinityTable affinity;
  std::uint64_t hash_key = 0;  // of this process; callers cannot know it

  // With randomness of the system's.
  static std::unique_ptr<SharedTraffic> make();
};

// What a worker's gateway is made of; all of it outlives the gateway.
struct GatewayParts {
  const Clock& clock;
  net::Transport& transport;
  WorkerMetrics& metrics;
  Metrics& labels;  // to intern error codes
  AccessLog& access_log;
  Log& log;
  SharedTraffic& traffic;
  ledger::Book& book;
  ledger::Recorder* recorder;  // null: nobody keeps usage records
  const net::SharedLoad& load;
  net::Loop& loop;           // the worker's
  std::string_view version;  // ours, as callers are told it: "0.1.0"
};

// The service of one worker: front door, chain of verbs, and the snapshot new requests start with.
class Gateway : public net::Service {
 public:
  static std::unique_ptr<Gateway> make(GatewayParts parts, Random random, std::shared_ptr<const Snapshot> world);

  // The paths that end in a model's name, which may hold escaped slashes.
  static std::span<const std::string_view> name_paths();

  // For requests from now on; running ones keep theirs. On the worker's thread.
  virtual void use(std::shared_ptr<const Snapshot> world) = 0;
  // Keys made at run time, tied to the snapshot in use; the same holds for them.
  virtual void use(std::shared_ptr<const IssuedKeys> keys) = 0;
  // The keys that tokens of callers are checked with, of the identity provider that the snapshot in use names. Null:
  // none are known yet.
  virtual void use(std::shared_ptr<const TokenKeys> keys) = 0;

  // How a recent request was routed; nothing if it is not known, or not any more. On the worker's thread.
  virtual std::optional<Trace> trace_of(std::string_view request_id) const = 0;

  // Renewals of credentials under way: they belong to no request, and have to end before the loop does. On the
  // worker's thread, as is stop_renewing(), after which they end soon.
  virtual std::size_t renewing() const = 0;
  virtual void stop_renewing() = 0;
};

}  // namespace sluice
