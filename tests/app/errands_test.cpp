#include "app/errands.hpp"

#include <gtest/gtest.h>

#include <future>

#include "support/scripted_upstream.hpp"

namespace sluice::app::errands_test {
namespace {

using test::response;
using test::Script;
using test::ScriptedUpstream;

config::Peer peer_at(std::uint16_t port, const std::string& path = "/keys", const std::string& host = "127.0.0.1") {
  return {"http://" + host + ":" + std::to_string(port) + path, false, ""};
}

Errand errand_to(const config::Peer& peer, std::size_t largest = 1000) {
  return {origin_of(peer, nullptr), head_for(peer, "GET", "sluice/test", ""), "", largest};
}

// Runs it and waits for what comes of it.
Result<ErrandAnswer> outcome_of(Errands& errands, const Errand& errand) {
  std::promise<Result<ErrandAnswer>> told;
  errands.post([&] { errands.run(errand, [&](Result<ErrandAnswer> answer) { told.set_value(std::move(answer)); }); });
  return told.get_future().get();
}

TEST(Errands, bring_an_answer_back) {
  ScriptedUpstream peer(test::always(response(200, "the keys", "cache-control: max-age=60\r\n")));
  Errands errands(system_clock());
  const auto answer = outcome_of(errands, errand_to(peer_at(peer.port(), "/a/?b=c")));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "the keys");
  EXPECT_EQ(answer->cache_control, "max-age=60");
  ASSERT_EQ(peer.requests(), 1u);
  EXPECT_EQ(peer.seen()[0].target(), "/a/?b=c");
  EXPECT_EQ(peer.seen()[0].field("host"), "127.0.0.1:" + std::to_string(peer.port()));
  EXPECT_EQ(peer.seen()[0].field("user-agent"), "sluice/test");
}

TEST(Errands, go_nowhere_else_when_they_are_told_to) {
  ScriptedUpstream elsewhere(test::always(response(200, "evil")));
  ScriptedUpstream peer(
      test::always(response(302, "", "location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/\r\n")));
  Errands errands(system_clock());
  const auto answer = outcome_of(errands, errand_to(peer_at(peer.port())));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(elsewhere.connections(), 0u);
}

TEST(Errands, do_not_take_more_than_they_were_sent_for) {
  ScriptedUpstream peer(test::always(response(200, std::string(1001, 'x'))));
  Errands errands(system_clock());
  EXPECT_FALSE(outcome_of(errands, errand_to(peer_at(peer.port()))));
  EXPECT_TRUE(outcome_of(errands, errand_to(peer_at(peer.port()), 1001)));
}

TEST(Errands, names_lead_to_private_addresses_only_where_they_may) {
  ScriptedUpstream peer(test::always(response(200, "home")));
  config::Peer at_home = peer_at(peer.port(), "/", "localhost");
  Errands errands(system_clock());
  EXPECT_FALSE(outcome_of(errands, errand_to(at_home)));
  EXPECT_EQ(peer.connections(), 0u);
  at_home.allow_private = true;
  EXPECT_TRUE(outcome_of(errands, errand_to(at_home)));
}

TEST(Errands, never_ask_where_clouds_give_credentials_away) {
  Errands errands(system_clock());
  const config::Peer metadata{"http://169.254.169.254/latest/meta-data/", true, ""};
  EXPECT_FALSE(outcome_of(errands, errand_to(metadata)));
}

TEST(Errands, end_with_their_daemon_although_nobody_answers) {
  ScriptedUpstream peer(Script().read_request().hang());
  Errands errands(system_clock());
  errands.post(
      [&] { errands.run(errand_to(peer_at(peer.port())), [](auto) { ADD_FAILURE() << "told after the end"; }); });
  ASSERT_TRUE(peer.await_requests(1));
  errands.stop();
  EXPECT_TRUE(peer.await_left(0));
}

}  // namespace
}  // namespace sluice::app::errands_test
