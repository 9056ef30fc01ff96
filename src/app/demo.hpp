#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/server.hpp>
#include <sluice/net/service.hpp>

namespace sluice::app {

// Serves the demo provider's answers; each event of a stream is a write of its own.
class DemoService final : public net::Service {
 public:
  Async<> serve(net::Incoming& incoming, net::Reply& reply) override;
  Refusal refuse(int status, std::string_view reason, std::string_view peer) override;

 private:
  std::string refusal_;
};

// The demo provider as a small server on a loopback port of its own, on a thread of its own. It exists while a
// configuration names it, and is called like any other provider.
class Demo {
 public:
  // Listens when it returns. `clock` must outlive it. The error says why there is no port.
  static Result<std::unique_ptr<Demo>> start(const Clock& clock);
  // Stops at once, whatever is being answered, and joins.
  ~Demo();
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  // On 127.0.0.1.
  std::uint16_t port() const { return port_; }

 private:
  explicit Demo(const Clock& clock);

  net::Loop loop_;
  net::SharedLoad load_;
  DemoService service_;
  net::Server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::app
