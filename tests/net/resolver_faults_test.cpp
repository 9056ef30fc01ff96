// Rows 6, 7 and 8: names that do not resolve, lead elsewhere than before, or where no provider may be.
#include <gtest/gtest.h>

#include <algorithm>
#include <list>

#include "net/client.hpp"
#include "net/connector.hpp"
#include "net/on_loop.hpp"
#include "net/scripted_names.hpp"
#include "net/wait.hpp"
#include "support/scripted_upstream.hpp"

namespace sluice::net::resolver_faults_test {
namespace {

using namespace std::chrono_literals;
using test::Script;
using test::ScriptedUpstream;

constexpr const char* host = "provider.test";

// A transport whose names are the test's, and its time too unless another clock is given. An answer about a name is
// good for ten seconds.
struct Fixture {
  Fixture() : Fixture(nullptr) {}
  explicit Fixture(const Clock* other) : loop(other != nullptr ? *other : clock) {
    auto source = std::make_unique<ScriptedNames>(loop.parts(), std::map<std::string, std::vector<std::string>>{});
    names = source.get();
    auto caching = caching_resolver(loop.parts(), std::move(source));
    resolver = caching.get();
    client = std::make_unique<Client>(loop.parts(), load, TransportLimits{}, std::move(caching));
    origin.host = host;
    origin.tls = false;
    origin.allow_private = true;
  }

  Result<Addresses> resolve(const std::string& name) {
    loop.parts().context.restart();
    Stop stop;
    return run_on(loop, resolver->resolve(name, clock.now() + 5s, stop));
  }
  // Asks the origin once; the body that came, or how it failed.
  std::string ask() {
    loop.parts().context.restart();
    Stop stop;
    const Result<std::string> answer = run_on(loop, answer_of(stop));
    if (answer) return *answer;
    const bool was_kept_away = answer.error().message().find("private address") != std::string::npos;
    return was_kept_away ? "kept away" : std::string(to_string(answer.error().outcome()));
  }
  Async<std::string> answer_of(Stop& stop) {
    Outgoing outgoing;
    outgoing.head = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n";
    outgoing.body.add("{}");
    const Deadlines deadlines{2s, 5s, 5s, loop.clock().now() + 20s};
    Result<CallPtr> call = co_await client->send(origin, outgoing, deadlines, stop);
    if (!call) co_return std::move(call).error();
    const Result<> collected = co_await (*call)->collect(1u << 20);
    if (!collected) co_return collected.error();
    co_return std::string((*call)->pending());
  }

  ManualClock clock;
  Loop loop;
  SharedLoad load;
  ScriptedNames* names = nullptr;
  Resolver* resolver = nullptr;
  std::unique_ptr<Client> client;
  Origin origin;
};

// What a name can suffer, and what is done to its source.
using Suffering = void (*)(ScriptedNames& names);
constexpr Suffering ends = [](ScriptedNames& names) { names.say(host, {}); };
constexpr Suffering falls_silent = [](ScriptedNames& names) { names.fall_silent(host); };

class Row06 : public ::testing::TestWithParam<Suffering> {};

TEST_P(Row06, row_06_an_old_answer_is_served_for_five_minutes) {
  Fixture fixture;
  fixture.names->say(host, {"192.0.2.7"});
  ASSERT_TRUE(fixture.resolve(host));
  GetParam()(*fixture.names);
  const TimePoint learned = fixture.clock.now();
  // Ten seconds fresh, and five minutes beyond.
  while (fixture.clock.now() + 1s < learned + 310s) {
    fixture.clock.advance(1s);
    const Result<Addresses> addresses = fixture.resolve(host);
    ASSERT_TRUE(addresses) << (fixture.clock.now() - learned) / 1s << " s";
    ASSERT_EQ(addresses->front().to_string(), "192.0.2.7");
  }
  EXPECT_GT(fixture.names->asked[host], 1) << "nobody asked whether it is back";
  EXPECT_LE(fixture.names->asked[host], 302) << "asked more than once a second";
}

INSTANTIATE_TEST_SUITE_P(all, Row06, ::testing::Values(ends, falls_silent),
                         [](const auto& row) { return row.index == 0 ? "fails" : "is_silent"; });

TEST(ResolverFaults, row_06_after_five_minutes_the_failure_is_told_and_a_recovery_is_noticed) {
  Fixture fixture;
  fixture.names->say(host, {"192.0.2.7"});
  ASSERT_TRUE(fixture.resolve(host));
  fixture.names->say(host, {});
  fixture.clock.advance(311s);
  const Result<Addresses> gone = fixture.resolve(host);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().outcome(), Outcome::connect);
  EXPECT_TRUE(gone.error().retryable()) << "the next target is asked";
  fixture.names->say(host, {"192.0.2.8"});
  fixture.clock.advance(1s);
  const Result<Addresses> back = fixture.resolve(host);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->front().to_string(), "192.0.2.8");
}

Async<std::size_t> resolve_beside(Fixture& fixture, std::size_t silent, std::size_t alive) {
  std::vector<std::optional<Result<Addresses>>> waiting(silent);
  Stop stop;
  const TimePoint deadline = fixture.clock.now() + 5s;
  std::list<std::string> dead;
  std::list<Stop> stops;
  for (std::size_t i = 0; i < silent; ++i) {
    dead.push_back("silent" + std::to_string(i) + ".test");
    keep(fixture.resolver->resolve(dead.back(), deadline, stops.emplace_back()), waiting[i], [] {});
  }
  std::size_t answered = 0;
  for (std::size_t i = 0; i < alive; ++i) {
    const std::string name = "alive" + std::to_string(i) + ".test";
    const Result<Addresses> addresses = co_await fixture.resolver->resolve(name, deadline, stop);
    if (addresses) ++answered;
  }
  for (const auto& result : waiting) EXPECT_FALSE(result) << "nobody answered, and time stood still";
  for (Stop& one : stops) one.request(StopReason::client_left);
  while (std::any_of(waiting.begin(), waiting.end(), [](const auto& result) { return !result; })) {
    co_await Yield(fixture.loop.parts());
  }
  co_return answered;
}

// Time stands still meanwhile: whoever waited for a dead zone would wait for ever.
TEST(ResolverFaults, row_06_dead_zones_hold_up_no_other_name) {
  Fixture fixture;
  for (int i = 0; i < 100; ++i) fixture.names->say("alive" + std::to_string(i) + ".test", {"192.0.2.1"});
  const Result<std::size_t> answered = run_on(fixture.loop, resolve_beside(fixture, 100, 100));
  ASSERT_TRUE(answered);
  EXPECT_EQ(*answered, 100u);
}

Script answering(const std::string& words) { return Script().read_request().send(test::response(200, words)).again(); }

TEST(ResolverFaults, row_06_requests_go_on_while_the_name_cannot_be_resolved) {
  ScriptedUpstream upstream(Script().read_request().send(test::response(200, "here")).close());
  Fixture fixture;
  fixture.origin.port = upstream.port();
  fixture.names->say(host, {"127.0.0.1"});
  EXPECT_EQ(fixture.ask(), "here");
  fixture.names->say(host, {});
  for (int i = 0; i < 4; ++i) {
    fixture.clock.advance(60s);
    EXPECT_EQ(fixture.ask(), "here") << i;
  }
  EXPECT_EQ(upstream.connections(), 5u) << "each was connected anew";
}

// Two machines of the provider's: the name leads from one to the other.
TEST(ResolverFaults, row_07_a_new_address_is_followed_when_the_old_answer_has_aged) {
  ScriptedUpstream before({Script().read_request().send(test::response(200, "before")).close()});
  ScriptedUpstream after({answering("after")}, {.address = "127.0.0.2", .port = before.port()});
  Fixture fixture;
  fixture.origin.port = before.port();
  fixture.names->say(host, {"127.0.0.1"});
  EXPECT_EQ(fixture.ask(), "before");
  fixture.names->say(host, {"127.0.0.2"});
  fixture.clock.advance(9s);
  EXPECT_EQ(fixture.ask(), "before") << "the answer is good for ten seconds";
  fixture.clock.advance(1s);
  fixture.ask();  // is what makes somebody ask again
  EXPECT_EQ(fixture.ask(), "after");
}

// The old connection is never idle for long, and would do for ever.
TEST(ResolverFaults, row_07_old_connections_are_used_for_a_minute_at_most) {
  ScriptedUpstream before({answering("before")});
  ScriptedUpstream after({answering("after")}, {.address = "127.0.0.2", .port = before.port()});
  Fixture fixture;
  fixture.origin.port = before.port();
  fixture.names->say(host, {"127.0.0.1"});
  EXPECT_EQ(fixture.ask(), "before");
  fixture.names->say(host, {"127.0.0.2"});
  for (int i = 0; i < 59; ++i) {
    fixture.clock.advance(1s);
    ASSERT_EQ(fixture.ask(), "before") << i;
  }
  EXPECT_EQ(before.connections(), 1u);
  fixture.clock.advance(1s);
  ASSERT_TRUE(fixture.resolve(host));  // as a request to another path of the provider would
  EXPECT_EQ(fixture.ask(), "after");
  EXPECT_TRUE(before.await_left(0)) << "the old connection was kept";
  EXPECT_EQ(fixture.ask(), "after");
  EXPECT_EQ(after.connections(), 1u);
}

// A listener stands at each of them, so that nothing but the check can keep us away.
TEST(ResolverFaults, row_08_a_name_that_leads_home_is_not_connected_to) {
  ScriptedUpstream here({answering("home")});
  ScriptedUpstream other({answering("home")}, {.address = "127.0.0.2", .port = here.port()});
  Fixture fixture;
  fixture.origin.port = here.port();
  fixture.origin.allow_private = false;
  for (const char* address : {"127.0.0.1", "127.0.0.2", "::ffff:127.0.0.1", "0.0.0.0"}) {
    fixture.names->say(host, {address});
    EXPECT_EQ(fixture.ask(), "kept away") << address;
    fixture.clock.advance(1h);
  }
  EXPECT_EQ(here.connections() + other.connections(), 0u);
  fixture.origin.allow_private = true;
  fixture.names->say(host, {"127.0.0.1"});
  EXPECT_EQ(fixture.ask(), "home") << "the check is all that was in the way";
}

TEST(ResolverFaults, row_08_no_private_range_is_connected_to) {
  for (const char* address :
       {"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "::1", "::", "fe80::1", "fd00::1", "fc00::1", "fd00:ec2::254", "::ffff:10.0.0.1", "::ffff:169.254.169.254"}) {
    Fixture fixture;
    fixture.origin.allow_private = false;
    fixture.origin.port = 9;
    fixture.names->say(host, {address});
    EXPECT_EQ(fixture.ask(), "kept away") << address;
  }
}

// Rebinding: first the name is honest, then it leads home. What is checked is what is connected to, every time.
TEST(ResolverFaults, row_08_a_name_that_is_rebound_is_checked_anew) {
  ScriptedUpstream here({answering("home")});
  Fixture fixture;
  fixture.origin.port = here.port();
  fixture.origin.allow_private = false;
  fixture.names->say(host, {"192.0.2.1"});
  ASSERT_TRUE(fixture.resolve(host));
  fixture.names->say(host, {"127.0.0.1"});
  fixture.clock.advance(10s);
  ASSERT_TRUE(fixture.resolve(host));  // is what makes somebody ask again
  const Result<Addresses> rebound = fixture.resolve(host);
  ASSERT_TRUE(rebound);
  ASSERT_TRUE(rebound->front().is_loopback());
  EXPECT_EQ(fixture.ask(), "kept away");
  EXPECT_EQ(here.connections(), 0u);
}

TEST(ResolverFaults, row_08_of_several_addresses_only_public_ones_are_tried) {
  ScriptedUpstream here({answering("home")});
  Fixture fixture(&system_clock());
  fixture.origin.port = here.port();
  fixture.origin.allow_private = false;
  // The public one is of a range for documents: it refuses or is silent.
  fixture.names->say(host, {"127.0.0.1", "2001:db8::1"});
  const std::string outcome = fixture.ask();
  EXPECT_TRUE(outcome == "connect" || outcome == "timeout") << outcome;
  EXPECT_EQ(here.connections(), 0u);
}

TEST(ResolverFaults, row_08_metadata_is_no_provider_although_private_ones_are_allowed) {
  for (const char* address : {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "fd00:ec2::254"}) {
    Fixture fixture;
    fixture.origin.port = 80;
    fixture.names->say(host, {address});
    EXPECT_EQ(fixture.ask(), "kept away") << address;
  }
}

}  // namespace
}  // namespace sluice::net::resolver_faults_test
