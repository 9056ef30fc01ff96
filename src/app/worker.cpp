#include "app/worker.hpp"

#include <future>
#include <utility>

#include "app/version.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
constexpr Duration last_moment = 1500ms;  // for exchanges to end after they were told to
constexpr Duration tell_again = 50ms;     // connections that were just beginning then

}  // namespace

Worker::Worker(const WorkerParts& parts, const net::ServerSettings& settings, std::shared_ptr<const Snapshot> world)
    : clock_(parts.clock),
      loop_(parts.clock),
      transport_(net::make_transport(loop_, parts.load)),
      gateway_(Gateway::make({parts.clock, *transport_, parts.metrics.add_worker(), parts.metrics, parts.access_log,
                              parts.log, parts.traffic, parts.book, parts.recorder, parts.load, loop_, version()},
                             random_from_system(), std::move(world))),
      server_(loop_, *gateway_, parts.load, settings) {
  server_.on_session_end([this] { finish_if_empty(); });
}

Worker::~Worker() { join(); }

Result<> Worker::listen(const std::string& address) { return server_.listen(address); }

void Worker::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::use(net::ServerSettings settings, std::shared_ptr<const Snapshot> world,
                 std::shared_ptr<const IssuedKeys> keys, std::shared_ptr<const TokenKeys> token_keys) {
  loop_.post([this, settings = std::move(settings), world = std::move(world), keys = std::move(keys),
              token_keys = std::move(token_keys)] {
    server_.apply(settings);
    gateway_->use(world);
    gateway_->use(keys);
    gateway_->use(token_keys);
  });
}

void Worker::use(std::shared_ptr<const TokenKeys> keys) {
  loop_.post([this, keys = std::move(keys)] { gateway_->use(keys); });
}

void Worker::use(std::shared_ptr<const IssuedKeys> keys) {
  loop_.post([this, keys = std::move(keys)] { gateway_->use(keys); });
}

void Worker::drain(Duration delay, Duration grace) {
  const TimePoint now = clock_.now();
  loop_.post([this] { server_.announce_close(); });
  loop_.post_at(now + delay, [this] { close_listener(); });
  loop_.post_at(now + delay + grace, [this] { stop_exchanges(); });
  loop_.post_at(now + delay + grace + last_moment, [this] { loop_.stop(); });
}

void Worker::stop() {
  loop_.post([this] {
    close_listener();
    stop_exchanges();
  });
  loop_.post_at(clock_.now() + last_moment, [this] { loop_.stop(); });
}

void Worker::close_listener() {
  finishing_ = true;
  server_.close_listener();
  finish_if_empty();
}

void Worker::stop_exchanges() {
  server_.stop_exchanges();
  finish_if_empty();
  if (server_.sessions() > 0) loop_.post_at(clock_.now() + tell_again, [this] { stop_exchanges(); });
}

void Worker::finish_if_empty() {
  if (!finishing_ || server_.sessions() > 0) return;
  if (gateway_->renewing() == 0) return loop_.stop();
  gateway_->stop_renewing();
  loop_.post_at(clock_.now() + tell_again, [this] { finish_if_empty(); });
}

bool Worker::count(Counts& counts, Duration patience) {
  // Shared with the worker, which may answer when nobody waits any more.
  const auto answer = std::make_shared<std::promise<Counts>>();
  std::future<Counts> asked = answer->get_future();
  loop_.post([this, answer] { answer->set_value({server_.counts(), transport_->counts()}); });
  if (asked.wait_for(patience) != std::future_status::ready) return false;
  counts = asked.get();
  return true;
}

std::optional<Trace> Worker::trace_of(std::string_view request_id, Duration patience) {
  const auto answer = std::make_shared<std::promise<std::optional<Trace>>>();
  std::future<std::optional<Trace>> asked = answer->get_future();
  loop_.post([this, answer, id = std::string(request_id)] { answer->set_value(gateway_->trace_of(id)); });
  if (asked.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return asked.get();
}

}  // namespace sluice::app
