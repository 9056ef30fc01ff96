#include "net/resolver.hpp"

#include <gtest/gtest.h>

#include "net/on_loop.hpp"
#include "net/scripted_names.hpp"

namespace sluice::net::resolver_test {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  using Answers = std::map<std::string, std::vector<std::string>>;
  explicit Fixture(Answers answers) : loop(system_clock()) {
    auto source = std::make_unique<ScriptedNames>(loop.parts(), std::move(answers));
    names = source.get();
    resolver = caching_resolver(loop.parts(), std::move(source));
  }
  Result<Addresses> resolve(const std::string& name, Duration limit = 5s) {
    Stop stop;
    return run_on(loop, resolver->resolve(name, loop.clock().now() + limit, stop));
  }
  Loop loop;
  ScriptedNames* names;
  std::unique_ptr<Resolver> resolver;
};

TEST(Resolver, asks_once_and_then_remembers) {
  Fixture fixture(Fixture::Answers{{"provider.test", {"192.0.2.7"}}});
  for (int i = 0; i < 3; ++i) {
    fixture.loop.parts().context.restart();
    const Result<Addresses> addresses = fixture.resolve("provider.test");
    ASSERT_TRUE(addresses);
    EXPECT_EQ(addresses->front().to_string(), "192.0.2.7");
  }
  EXPECT_EQ(fixture.names->asked["provider.test"], 1);
}

TEST(Resolver, reports_a_name_that_does_not_exist_as_a_connection_failure) {
  Fixture fixture(Fixture::Answers{{"gone.test", {}}});
  const Result<Addresses> addresses = fixture.resolve("gone.test");
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().outcome(), Outcome::connect);
  EXPECT_TRUE(addresses.error().retryable());
}

TEST(Resolver, gives_up_on_silence_at_the_deadline) {
  Fixture fixture(Fixture::Answers{});
  const Result<Addresses> addresses = fixture.resolve("silent.test", 30ms);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().outcome(), Outcome::timeout);
}

Async<Addresses> both(Resolver& resolver, Loop& loop) {
  Stop stop;
  const Result<Addresses> dead = co_await resolver.resolve("silent.test", loop.clock().now() + 20ms, stop);
  EXPECT_FALSE(dead);
  co_return co_await resolver.resolve("alive.test", loop.clock().now() + 5s, stop);
}

TEST(Resolver, a_dead_zone_holds_up_nobody_else) {
  Fixture fixture(Fixture::Answers{{"alive.test", {"192.0.2.1"}}});
  const Result<Addresses> addresses = run_on(fixture.loop, both(*fixture.resolver, fixture.loop));
  EXPECT_TRUE(addresses);
}

Async<Addresses> stopped(Resolver& resolver, Loop& loop, Stop& stop) {
  loop.post([&stop] { stop.request(StopReason::client_left); });
  co_return co_await resolver.resolve("silent.test", TimePoint::max(), stop);
}

TEST(Resolver, ends_at_once_when_the_exchange_is_to_stop) {
  Fixture fixture(Fixture::Answers{});
  Stop stop;
  const Result<Addresses> addresses = run_on(fixture.loop, stopped(*fixture.resolver, fixture.loop, stop));
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().fault(), Fault::client_left);
}

// RFC 6761, section 6.3: without a network, and without a file of hosts too.
TEST(SystemNames, means_this_machine_by_localhost) {
  Loop loop(system_clock());
  const auto resolver = caching_resolver(loop.parts(), system_names(loop.parts()));
  for (const char* name : {"localhost", "LocalHost", "localhost.", "api.localhost"}) {
    loop.parts().context.restart();
    Stop stop;
    const Result<Addresses> addresses = run_on(loop, resolver->resolve(name, loop.clock().now() + 10s, stop));
    ASSERT_TRUE(addresses) << name;
    for (const auto& address : *addresses) EXPECT_TRUE(address.is_loopback()) << name;
    EXPECT_EQ(addresses->size(), 2U) << name;
  }
}

}  // namespace
}  // namespace sluice::net::resolver_test
