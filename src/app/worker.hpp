#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/config/config.hpp>
#include <sluice/gateway/gateway.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/server.hpp>
#include <sluice/net/transport.hpp>

namespace sluice::app {

// What all workers share, and who owns it outlives them.
struct WorkerParts {
  const Clock& clock;
  net::SharedLoad& load;
  Metrics& metrics;
  AccessLog& access_log;
  Log& log;
  SharedTraffic& traffic;
  ledger::Book& book;
  ledger::Recorder* recorder;  // null: nobody keeps usage records
};

// One thread and its world: event loop, listener, sessions, connection pool, gateway. Its methods may be called from
// another thread; what they ask for happens on the worker's own.
class Worker {
 public:
  Worker(const WorkerParts& parts, const net::ServerSettings& settings, std::shared_ptr<const Snapshot> world);
  ~Worker();  // joins; stop() must have been called if the thread runs
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before start().
  Result<> listen(const std::string& address);
  std::uint16_t port() const { return server_.port(); }
  void start();

  // The keys are those tied to that snapshot, and those of its identity provider.
  void use(net::ServerSettings settings, std::shared_ptr<const Snapshot> world, std::shared_ptr<const IssuedKeys> keys,
           std::shared_ptr<const TokenKeys> token_keys);
  // Keys tied to the snapshot in use.
  void use(std::shared_ptr<const IssuedKeys> keys);
  // Keys of its identity provider.
  void use(std::shared_ptr<const TokenKeys> keys);
  // Announces the end now, closes the listener after `delay`, and after `grace` more what still runs.
  void drain(Duration delay, Duration grace);
  // Ends everything that can end at once; two seconds later the rest.
  void stop();
  void join();

  struct Counts {
    net::Server::Counts clients;
    net::Transport::Counts upstreams;
  };
  // Asks the worker. False when it does not answer in time: it is stuck.
  bool count(Counts& counts, Duration patience);
  // How a recent request of this worker was routed; nothing if it does not know it, or does not answer in
  // time.
  std::optional<Trace> trace_of(std::string_view request_id, Duration patience);

 private:
  void close_listener();
  void stop_exchanges();
  void finish_if_empty();

  const Clock& clock_;
  net::Loop loop_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<Gateway> gateway_;
  net::Server server_;
  bool finishing_ = false;  // on the worker's thread
  std::thread thread_;
};

}  // namespace sluice::app
