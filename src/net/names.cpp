#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include <ares.h>
#include <netdb.h>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <sluice/base/text.hpp>
#include "net/resolver.hpp"

namespace sluice::net {
namespace {

// Names that mean this machine wherever they are asked (RFC 6761, section 6.3).
bool means_this_machine(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  constexpr std::string_view local = "localhost";
  if (name.size() < local.size() || !equals_ignoring_case(name.substr(name.size() - local.size()), local)) return false;
  return name.size() == local.size() || name[name.size() - local.size() - 1] == '.';
}

LookedUp this_machine() {
  return {.addresses = {asio::ip::address_v6::loopback(), asio::ip::address_v4::loopback()},
          .time_to_live = DnsCache::longest};
}

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

// Drives a c-ares channel: its sockets are watched by the loop, its time-outs by the wheel.
class SystemNames final : public NameSource, private Timer {
 public:
  explicit SystemNames(LoopParts& loop) : loop_(loop) {
    static std::once_flag once;  // the library asks for one call per process
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    ares_options options{};
    options.timeout = 2000;  // milliseconds per try
    options.tries = 2;
    options.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
      static_cast<SystemNames*>(self)->watch(socket, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    usable_ = ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) ==
              ARES_SUCCESS;
  }
  SystemNames(const SystemNames&) = delete;
  SystemNames& operator=(const SystemNames&) = delete;
  ~SystemNames() override {
    closing_ = true;
    if (usable_) ares_destroy(channel_);
    for (auto& [socket, watched] : watched_) watched->descriptor.release();
  }

  void look_up(const std::string& name, std::function<void(LookedUp)> done) override {
    auto* query = new Query{this, std::move(done)};  // freed by answered()
    if (means_this_machine(name)) {
      finish(query, this_machine());
      return;
    }
    if (!usable_) {
      finish(query, {});
      return;
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &SystemNames::answered, query);
    plan();
  }

 private:
  struct Query {
    SystemNames* names;
    std::function<void(LookedUp)> done;
  };
  // A socket of c-ares under our watch. Shared with the waits under way, which may outlast it by a turn of the loop.
  struct Watched {
    Watched(LoopParts& loop, ares_socket_t socket) : descriptor(loop.context, socket) {}
    Descriptor descriptor;
    bool read = false;
    bool write = false;
    bool reading = false;
    bool writing = false;
    bool gone = false;
  };

  static void answered(void* argument, int, int, ares_addrinfo* result) {
    auto* query = static_cast<Query*>(argument);
    LookedUp found;
    found.time_to_live = DnsCache::longest;
    for (const ares_addrinfo_node* node = result != nullptr ? result->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      Endpoint endpoint;
      if (node->ai_addrlen > endpoint.capacity()) continue;
      std::memcpy(endpoint.data(), node->ai_addr, node->ai_addrlen);
      endpoint.resize(node->ai_addrlen);
      found.addresses.push_back(endpoint.address());
      found.time_to_live = std::min<Duration>(found.time_to_live, std::chrono::seconds(std::max(node->ai_ttl, 0)));
    }
    if (result != nullptr) ares_freeaddrinfo(result);
    query->names->finish(query, std::move(found));
  }

  // The answer may come inside look_up() or inside c-ares: it is delivered on its own turn of the loop.
  void finish(Query* query, LookedUp found) {
    const std::unique_ptr<Query> owned(query);
    if (closing_) return;
    asio::post(loop_.context,
               [done = std::move(owned->done), found = std::move(found)]() mutable { done(std::move(found)); });
  }

  void watch(ares_socket_t socket, bool read, bool write) {
    auto found = watched_.find(socket);
    if (!read && !write) {
      if (found == watched_.end()) return;
      found->second->gone = true;
      found->second->descriptor.release();  // c-ares closes it
      watched_.erase(found);
      return;
    }
    if (found == watched_.end()) found = watched_.emplace(socket, std::make_shared<Watched>(loop_, socket)).first;
    found->second->read = read;
    found->second->write = write;
    arm(socket, found->second);
  }

  void arm(ares_socket_t socket, const std::shared_ptr<Watched>& watched) {
    if (watched->read && !std::exchange(watched->reading, true)) {
      watched->descriptor.async_wait(Descriptor::wait_read, [this, socket, watched](ErrorCode error) {
        watched->reading = false;
        if (!error && !watched->gone) ready(socket, ARES_SOCKET_BAD, watched);
      });
    }
    if (watched->write && !std::exchange(watched->writing, true)) {
      watched->descriptor.async_wait(Descriptor::wait_write, [this, socket, watched](ErrorCode error) {
        watched->writing = false;
        if (!error && !watched->gone) ready(ARES_SOCKET_BAD, socket, watched);
      });
    }
  }

  void ready(ares_socket_t readable, ares_socket_t writable, const std::shared_ptr<Watched>& watched) {
    ares_process_fd(channel_, readable, writable);
    if (!watched->gone) arm(readable != ARES_SOCKET_BAD ? readable : writable, watched);
    plan();
  }

  // Looks again when c-ares wants to: its next try or its last time-out.
  void plan() {
    timeval memory{};
    const timeval* wait = ares_timeout(channel_, nullptr, &memory);
    if (wait == nullptr) {
      cancel();
    } else {
      loop_.schedule(*this,
                     loop_.now() + std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec));
    }
  }
  void expired() override {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    plan();
  }

  LoopParts& loop_;
  ares_channel channel_ = nullptr;
  bool usable_ = false;
  bool closing_ = false;
  std::map<ares_socket_t, std::shared_ptr<Watched>> watched_;
};

}  // namespace

std::unique_ptr<NameSource> system_names(LoopParts& loop) { return std::make_unique<SystemNames>(loop); }

}  // namespace sluice::net
