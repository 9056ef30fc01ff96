#include "net/connector.hpp"

#include <gtest/gtest.h>

#include "net/on_loop.hpp"
#include "net/scripted_names.hpp"
#include "support/scripted_upstream.hpp"
#include "support/sockets.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  explicit Fixture(std::vector<std::string> addresses) : loop(system_clock()) {
    std::map<std::string, std::vector<std::string>> answers{{"provider.test", std::move(addresses)}};
    resolver = caching_resolver(loop.parts(), std::make_unique<ScriptedNames>(loop.parts(), std::move(answers)));
    origin.host = "provider.test";
    origin.tls = false;
    origin.allow_private = true;
  }
  Result<Stream> connect_within(Duration limit) {
    Stop stop;
    return run_on(loop, connect(loop.parts(), *resolver, origin, nullptr, holder, limit, TimePoint::max(), stop));
  }
  Loop loop;
  std::unique_ptr<Resolver> resolver;
  Origin origin;
  SessionHolder holder;
};

test::Script answering() { return test::Script().hang(); }

TEST(Interleaved, lets_families_alternate_beginning_with_the_resolvers_first) {
  const auto v4 = [](int i) { return asio::ip::make_address("192.0.2." + std::to_string(i)); };
  const auto v6 = [](int i) { return asio::ip::make_address("2001:db8::" + std::to_string(i)); };
  EXPECT_EQ(interleaved({v6(1), v6(2), v6(3), v4(1)}), (Addresses{v6(1), v4(1), v6(2), v6(3)}));
  EXPECT_EQ(interleaved({v4(1), v4(2), v6(1)}), (Addresses{v4(1), v6(1), v4(2)}));
  EXPECT_TRUE(interleaved({}).empty());
}

TEST(Connect, goes_on_to_the_next_address_when_one_refuses) {
  test::ScriptedUpstream upstream({answering()});
  Fixture fixture({"127.0.0.2", "127.0.0.1"});  // nobody listens on the first
  fixture.origin.port = upstream.port();
  EXPECT_TRUE(fixture.connect_within(5s));
}

TEST(Connect, tries_the_next_address_beside_one_that_is_silent) {
  test::ScriptedUpstream upstream({answering()});
  test::Blackhole blackhole("127.0.0.2", upstream.port());
  Fixture fixture({"127.0.0.2", "127.0.0.1"});
  fixture.origin.port = upstream.port();
  const TimePoint before = system_clock().now();
  EXPECT_TRUE(fixture.connect_within(20s));
  const Duration took = system_clock().now() - before;
  EXPECT_GE(took, next_address_after);
  EXPECT_LT(took, 10 * next_address_after);
}

TEST(Connect, gives_up_on_silence_at_the_deadline) {
  test::Blackhole blackhole("127.0.0.1", 0);
  Fixture fixture({"127.0.0.1"});
  fixture.origin.port = blackhole.port();
  const Result<Stream> stream = fixture.connect_within(50ms);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().outcome(), Outcome::timeout);
}

TEST(Connect, refuses_private_addresses_behind_a_name_unless_they_are_allowed) {
  for (const char* address : {"127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"}) {
    Fixture fixture({address});
    fixture.origin.allow_private = false;
    fixture.origin.port = 1;
    const Result<Stream> stream = fixture.connect_within(1s);
    ASSERT_FALSE(stream) << address;
    EXPECT_NE(stream.error().message().find("private"), std::string::npos) << address;
  }
}

TEST(Connect, takes_a_literal_address_as_written) {
  test::ScriptedUpstream upstream({answering()});
  Fixture fixture({});
  fixture.origin.host = "127.0.0.1";
  fixture.origin.allow_private = false;
  fixture.origin.port = upstream.port();
  EXPECT_TRUE(fixture.connect_within(5s));
}

TEST(MayLieAt, lets_nobody_but_sources_of_credentials_lie_where_these_are_handed_out) {
  Origin origin;
  origin.allow_private = true;
  const auto private_one = asio::ip::make_address("10.0.0.1");
  for (const char* metadata : {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}) {
    const auto address = asio::ip::make_address(metadata);
    origin.gives_credentials = false;
    EXPECT_FALSE(may_lie_at(origin, address, true)) << metadata;
    EXPECT_FALSE(may_lie_at(origin, address, false)) << metadata;
    origin.gives_credentials = true;
    EXPECT_TRUE(may_lie_at(origin, address, true)) << metadata;
  }
  origin.allow_private = false;
  EXPECT_TRUE(may_lie_at(origin, private_one, true));
  EXPECT_FALSE(may_lie_at(origin, private_one, false));
}

TEST(Connect, refuses_addresses_that_hand_out_credentials_although_private_ones_are_allowed) {
  for (const char* const host : {"provider.test", "169.254.169.254", "fd00:ec2::23"}) {
    Fixture fixture({"169.254.169.254", "169.254.170.2"});
    fixture.origin.host = host;
    const auto connected = fixture.connect_within(1h);
    ASSERT_FALSE(connected) << host;
    EXPECT_EQ(connected.error().outcome(), Outcome::connect) << host;
  }
}

}  // namespace
}  // namespace sluice::net
