#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/config/config.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/server.hpp>
#include <sluice/net/stop.hpp>
#include <sluice/net/transport.hpp>

#include "app/trust_shelf.hpp"

namespace sluice::app {

// One request of the daemon's own.
struct Errand {
  net::Origin origin;
  std::string head;  // complete, blank line included
  std::string body;
  std::size_t largest_answer = 4u << 10;  // bytes of its body; one that is larger is an Error
};

struct ErrandAnswer {
  int status = 0;
  std::string cache_control;  // the field, or nothing
  std::string body;
};

// Requests that the daemon makes by itself, beside those of callers and away from their event loops: one thread with
// its own loop, connections and names. Redirects are not followed: their answer is an answer.
class Errands {
 public:
  // Starts the thread. The clock outlives it.
  explicit Errands(const Clock& clock);
  ~Errands();  // stop()
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // Everything else is done on the errands' own thread.
  void post(std::function<void()> work) { loop_.post(std::move(work)); }
  void post_at(TimePoint at, std::function<void()> work) { loop_.post_at(at, std::move(work)); }

  // Runs an errand, for five seconds at most, and tells what came of it. Errors are for operators. On the errands' own
  // thread; `done` is not called any more once the errands are stopped.
  using Done = std::function<void(Result<ErrandAnswer>)>;
  void run(Errand errand, Done done);

  // Ends what is under way and the thread. What is posted from then on never runs.
  void stop();

 private:
  Detached go(Errand errand, Done done);
  Async<ErrandAnswer> ask(const Errand& errand, net::Stop& stop);
  void end_soon();

  const Clock& clock_;
  net::Loop loop_;
  net::SharedLoad load_;
  const std::unique_ptr<net::Transport> transport_;
  std::list<net::Stop> stops_;  // of the errands under way
  bool stopping_ = false;       // on the errands' thread
  std::thread thread_;
};

// The authorities for a peer that is reached over https, else null. An Error says why they cannot be used.
Result<std::shared_ptr<const net::Trust>> trust_for(const config::Peer& peer, TrustShelf& trusts);
// Where a peer is asked, as the transport wants it. `trust` is used for https only.
net::Origin origin_of(const config::Peer& peer, std::shared_ptr<const net::Trust> trust);
// The head of a request to it; `lines` are further fields, CRLF included. Empty: it cannot be written.
std::string head_for(const config::Peer& peer, std::string_view method, std::string_view agent, std::string_view lines);

}  // namespace sluice::app
