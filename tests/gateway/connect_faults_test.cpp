// Rows 1, 2 and 4: providers that cannot be reached, or are not who they should be.
#include <openssl/ssl.h>

#include "gateway/stage.hpp"
#include "support/certificates.hpp"

namespace sluice::test::connect_faults_test {
namespace {

constexpr long second_us = 1'000'000;

void row_01_refused_goes_to_the_next_target(Stage& stage) {
  const RefusingPort refusing;
  auto& second = stage.upstream(always(completion("from the second")));
  auto& gateway = stage.open({refusing.port(), second.port()});
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = stage.ask(chat());
  const long took = microseconds_since(before);
  record("failover_us", took);
  EXPECT_LT(took, second_us);  // promised: 10 ms
  expect_words(answer, "from the second");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  EXPECT_EQ(answer.field("x-sluice-provider"), "p2");
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 1, {"provider=\"p1\"", "outcome=\"connect\""}), 1);
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 1, {"provider=\"p2\"", "outcome=\"ok\""}), 1);
  EXPECT_EQ(gateway.await_metric("sluice_fallbacks_total", 1), 1);
}

void row_01_refused_everywhere_is_503(Stage& stage) {
  const RefusingPort one;
  const RefusingPort other;
  stage.open({one.port(), other.port()});
  expect_error(stage.ask(chat()), 503, "upstream_unavailable");
  expect_error(stage.ask(chat_stream()), 503, "upstream_unavailable");
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["status"], 503);
  EXPECT_EQ(lines[0]["error"], "upstream_unavailable");
}

void row_02_blackhole_goes_to_the_next_target(Stage& stage) {
  const Blackhole blackhole;
  auto& second = stage.upstream(always(completion("from the second")));
  auto& gateway = stage.open({blackhole.port(), second.port()}, {.model = "timeouts: {connect: 200ms}"});
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = stage.ask(chat());
  const long took = microseconds_since(before);
  record("connect_timeout_us", took);
  EXPECT_GE(took, 190'000);
  EXPECT_LT(took, 2 * second_us);
  expect_words(answer, "from the second");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  const double given_up = gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"timeout\""}) +
                          gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"connect\""});
  EXPECT_EQ(given_up, 1);
}

void row_02_blackhole_alone_is_an_error(Stage& stage) {
  const Blackhole blackhole;
  stage.open({blackhole.port()}, {.model = "timeouts: {connect: 200ms}, retry: {attempts: 1}"});
  const Moment before = std::chrono::steady_clock::now();
  expect_error_among(stage.ask(chat()), {503, 504});
  EXPECT_LT(microseconds_since(before), 2 * second_us);
}

// The name leads to ::1, where nobody answers, and to 127.0.0.1. Where there is no ::1, the address refuses.
void row_02_a_dead_address_does_not_hide_a_live_one(Stage& stage) {
  auto& live = stage.upstream(always(completion("alive")));
  const Blackhole dead("::1", live.port());
  stage.open({live.port()}, {.model = "retry: {attempts: 1}", .host = "localhost"});
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = stage.ask(chat());
  const long took = microseconds_since(before);
  record("happy_eyeballs_us", took);
  EXPECT_LT(took, 5 * second_us / 2);  // promised: 250 ms; the connect timeout would be 3 s
  expect_words(answer, "alive");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
}

// A provider that is not to be trusted never sees a request, and the next one is asked. Alone it is an error.
void distrusted(Stage& stage, ScriptedUpstream& bad, Authority& trusted, const std::vector<int>& statuses) {
  const KeyPair pair = trusted.issue();
  auto& good = stage.upstream({always(completion("trusted"))}, {.tls = UpstreamTls{pair.certificate, pair.key}});
  auto& gateway =
      stage.open({bad.port(), good.port()},
                 {.provider = "tls: {ca: \"" + trusted.file() + "\"}", .scheme = "https", .host = "localhost"});
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = stage.ask(chat());
  record("failover_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 50 * second_us);  // the handshake's own limit is 5 s
  expect_words(answer, "trusted");
  EXPECT_EQ(answer.field("x-sluice-provider"), "p2");
  EXPECT_GE(gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"tls\""}) +
                gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"timeout\""}),
            1);
  EXPECT_EQ(good.visit(0).server_name, "localhost");

  const auto alone =
      GatewayUnderTest::read(configuration({bad.port()}, {.model = "retry: {attempts: 1}",
                                                          .provider = "tls: {ca: \"" + trusted.file() + "\"}",
                                                          .scheme = "https",
                                                          .host = "localhost"}));
  ASSERT_TRUE(gateway.daemon().reload(alone));
  expect_error_among(stage.ask(chat()), statuses);

  EXPECT_EQ(bad.requests(), 0u);
  for (std::size_t i = 0; i < bad.connections(); ++i) {
    EXPECT_EQ(bad.visit(i).received.find("uthorization"), std::string::npos);
    EXPECT_EQ(bad.visit(i).received.find(provider_key), std::string::npos);
  }
}

ScriptedUpstream& with_pair(Stage& stage, const KeyPair& pair, int newest = 0) {
  return stage.upstream({always(completion("not to be trusted"))},
                        {.tls = UpstreamTls{pair.certificate, pair.key, newest}});
}

void row_04_tls_expired(Stage& stage) {
  Authority authority;
  distrusted(stage, with_pair(stage, authority.issue({.begins_in_days = -30, .ends_in_days = -1})), authority,
             {502, 503});
}

void row_04_tls_not_yet_valid(Stage& stage) {
  Authority authority;
  distrusted(stage, with_pair(stage, authority.issue({.begins_in_days = 2})), authority, {502, 503});
}

void row_04_tls_self_signed(Stage& stage) {
  Authority authority;
  distrusted(stage, with_pair(stage, authority.self_signed()), authority, {502, 503});
}

void row_04_tls_wrong_host(Stage& stage) {
  Authority authority;
  const KeyPair pair = authority.issue({.dns_name = "other.example", .address = ""});
  distrusted(stage, with_pair(stage, pair), authority, {502, 503});
}

void row_04_tls_address_instead_of_the_name(Stage& stage) {
  Authority authority;
  distrusted(stage, with_pair(stage, authority.issue({.dns_name = ""})), authority, {502, 503});
}

void row_04_tls_unknown_authority(Stage& stage) {
  Authority authority;
  Authority stranger("Stranger");
  distrusted(stage, with_pair(stage, stranger.issue()), authority, {502, 503});
}

void row_04_tls_1_0_only(Stage& stage) {
  Authority authority;
  distrusted(stage, with_pair(stage, authority.issue(), TLS1_VERSION), authority, {502, 503});
}

void row_04_tls_1_1_only(Stage& stage) {
  Authority authority;
  distrusted(stage, with_pair(stage, authority.issue(), TLS1_1_VERSION), authority, {502, 503});
}

void row_04_tls_handshake_hangs(Stage& stage) {
  Authority authority;
  distrusted(stage, stage.upstream(Script().hang()), authority, {502, 503, 504});
}

void row_04_tls_handshake_truncated(Stage& stage) {
  Authority authority;
  distrusted(stage, stage.upstream(Script().send("\x16\x03\x03").pause(std::chrono::milliseconds(20)).close()),
             authority, {502, 503});
}

void row_04_tls_answered_in_plain_text(Stage& stage) {
  Authority authority;
  distrusted(stage, stage.upstream(Script().send(completion("plain")).hang()), authority, {502, 503});
}

void row_04_the_system_authorities_do_not_know_ours(Stage& stage) {
  Authority authority;
  const KeyPair pair = authority.issue();
  auto& bad = with_pair(stage, pair);
  stage.open({bad.port()}, {.model = "retry: {attempts: 1}", .scheme = "https", .host = "localhost"});
  expect_error_among(stage.ask(chat()), {502, 503});
  EXPECT_EQ(bad.requests(), 0u);
}

void row_04_a_literal_address_is_verified_too(Stage& stage) {
  Authority authority;
  auto& named_only = with_pair(stage, authority.issue({.address = ""}));
  const KeyPair pair = authority.issue();
  auto& good = stage.upstream({always(completion("trusted"))}, {.tls = UpstreamTls{pair.certificate, pair.key}});
  stage.open({named_only.port(), good.port()},
             {.provider = "tls: {ca: \"" + authority.file() + "\"}", .scheme = "https"});
  expect_words(stage.ask(chat()), "trusted");
  EXPECT_EQ(named_only.requests(), 0u);
  EXPECT_EQ(good.visit(0).server_name, "") << "a literal address is no server name (RFC 6066 §3)";
}

constexpr Row rows[] = {
    {"row_01_refused_goes_to_the_next_target", row_01_refused_goes_to_the_next_target},
    {"row_01_refused_everywhere_is_503", row_01_refused_everywhere_is_503},
    {"row_02_blackhole_goes_to_the_next_target", row_02_blackhole_goes_to_the_next_target},
    {"row_02_blackhole_alone_is_an_error", row_02_blackhole_alone_is_an_error},
    {"row_02_a_dead_address_does_not_hide_a_live_one", row_02_a_dead_address_does_not_hide_a_live_one},
    {"row_04_tls_expired", row_04_tls_expired},
    {"row_04_tls_not_yet_valid", row_04_tls_not_yet_valid},
    {"row_04_tls_self_signed", row_04_tls_self_signed},
    {"row_04_tls_wrong_host", row_04_tls_wrong_host},
    {"row_04_tls_address_instead_of_the_name", row_04_tls_address_instead_of_the_name},
    {"row_04_tls_unknown_authority", row_04_tls_unknown_authority},
    {"row_04_tls_1_0_only", row_04_tls_1_0_only},
    {"row_04_tls_1_1_only", row_04_tls_1_1_only},
    {"row_04_tls_handshake_hangs", row_04_tls_handshake_hangs},
    {"row_04_tls_handshake_truncated", row_04_tls_handshake_truncated},
    {"row_04_tls_answered_in_plain_text", row_04_tls_answered_in_plain_text},
    {"row_04_the_system_authorities_do_not_know_ours", row_04_the_system_authorities_do_not_know_ours},
    {"row_04_a_literal_address_is_verified_too", row_04_a_literal_address_is_verified_too},
};
INSTANTIATE_TEST_SUITE_P(connect_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::connect_faults_test
