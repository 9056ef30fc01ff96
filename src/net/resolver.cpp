#include "net/resolver.hpp"

#include <coroutine>
#include <list>
#include <unordered_map>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/wait.hpp"

namespace sluice::net {
namespace {

Error unknown_name() {
  return Error(Fault::unavailable, Blame::upstream, "upstream_unavailable",
               "The provider's name could not be resolved.")
      .with_outcome(Outcome::connect)
      .worth_retrying();
}

// Someone suspended until a lookup has ended. Woken by the lookup, the deadline or a stop.
class Waiter final : public Timer, public Stop::Waiting {
 public:
  Waiter(LoopParts& loop, TimePoint deadline, Stop& stop, std::list<Waiter*>& queue)
      : loop_(loop), deadline_(deadline), stop_(stop), queue_(queue) {}

  bool await_ready() const { return stop_.requested(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    place_ = queue_.insert(queue_.end(), this);
    if (deadline_ != TimePoint::max()) loop_.schedule(*this, deadline_);
    stop_.enter(*this);
  }
  void await_resume() const {}

  // The lookup ended; the queue has dropped this entry already.
  void wake() {
    cancel();
    stop_.leave();
    waiter_.resume();
  }
  void expired() override {
    queue_.erase(place_);
    stop_.leave();
    waiter_.resume();
  }
  void stop_requested() override {
    queue_.erase(place_);
    cancel();
    // On a turn of its own: whoever stops us is in the middle of something.
    asio::post(loop_.context, [waiter = waiter_] { waiter.resume(); });
  }

 private:
  LoopParts& loop_;
  TimePoint deadline_;
  Stop& stop_;
  std::list<Waiter*>& queue_;
  std::list<Waiter*>::iterator place_;
  std::coroutine_handle<> waiter_;
};

class CachingResolver final : public Resolver {
 public:
  CachingResolver(LoopParts& loop, std::unique_ptr<NameSource> names) : loop_(loop), names_(std::move(names)) {}

  Async<Addresses> resolve(const std::string& name, TimePoint deadline, Stop& stop) override {
    const DnsCache::Answer known = cache_.find(name, loop_.now());
    if (known.freshness == DnsCache::Freshness::failed) co_return unknown_name();
    if (known.addresses != nullptr) {
      Addresses addresses = *known.addresses;
      if (known.freshness == DnsCache::Freshness::stale) ask(name);
      co_return addresses;
    }
    ask(name);
    const auto lookup = lookups_.find(name);
    if (lookup != lookups_.end()) co_await Waiter(loop_, deadline, stop, lookup->second);
    if (stop.requested()) co_return stop.error();
    const DnsCache::Answer learned = cache_.find(name, loop_.now());
    if (learned.addresses != nullptr) co_return *learned.addresses;
    if (loop_.now() < deadline) co_return unknown_name();
    co_return Error(Fault::upstream_timeout, Blame::upstream, "upstream_timeout",
                    "The provider's name took too long to resolve.")
        .with_outcome(Outcome::timeout)
        .worth_retrying();
  }

 private:
  void ask(const std::string& name) {
    if (!lookups_.try_emplace(name).second) return;
    names_->look_up(name, [this, name](LookedUp result) { answered(name, std::move(result)); });
  }

  void answered(const std::string& name, LookedUp result) {
    if (result.addresses.empty()) {
      cache_.failed(name, loop_.now());
    } else {
      cache_.learned(name, std::move(result.addresses), result.time_to_live, loop_.now());
    }
    // Waking runs other people's code, but nobody queues up again: the cache answers now.
    std::list<Waiter*>& waiting = lookups_.find(name)->second;
    while (!waiting.empty()) {
      Waiter* waiter = waiting.front();
      waiting.pop_front();
      waiter->wake();
    }
    lookups_.erase(name);
  }

  LoopParts& loop_;
  std::unique_ptr<NameSource> names_;
  DnsCache cache_;
  std::unordered_map<std::string, std::list<Waiter*>> lookups_;  // under way, and who waits
};

}  // namespace

std::unique_ptr<Resolver> caching_resolver(LoopParts& loop, std::unique_ptr<NameSource> names) {
  return std::make_unique<CachingResolver>(loop, std::move(names));
}

}  // namespace sluice::net
