// Rows 3, 5 and 8: providers that take a connection and no request, that change their certificate, or that lie where
// no provider may be.
#include <algorithm>
#include <fstream>

#include "gateway/stage.hpp"
#include "support/certificates.hpp"

namespace sluice::test::reach_faults_test {
namespace {

constexpr long second_us = 1'000'000;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

Script deaf() { return Script().stop_reading().hang(); }

// More than the kernels on both ends take for somebody who does not read.
std::string large_chat() {
  return post("/v1/chat/completions", chat_body("m", std::string(24 * mebibyte, 'x')), bearer());
}

void row_03_a_provider_that_never_reads_is_followed_by_the_next_target(Stage& stage) {
  auto& first = stage.upstream(deaf());
  auto& second = stage.upstream(always(completion("from the second")));
  auto& gateway = stage.open({first.port(), second.port()}, {.model = "timeouts: {first_byte: 2s}"});
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = stage.ask(large_chat());
  record("limit_2_s_us", microseconds_since(before));
  EXPECT_GE(microseconds_since(before), 19 * second_us / 10);
  expect_words(answer, "from the second");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 1, {"provider=\"p1\"", "outcome=\"timeout\""}), 1);
  EXPECT_EQ(first.requests(), 0u);
  ASSERT_EQ(second.requests(), 1u);
  EXPECT_GT(second.seen()[0].body.size(), 24 * mebibyte) << "the second gets the whole request";
}

// The promise: ten seconds without a byte taken, whatever the limits on answers are.
void row_03_the_limit_on_writing_is_ten_seconds(Stage& stage) {
  auto& upstream = stage.upstream(deaf());
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  const Moment before = std::chrono::steady_clock::now();
  expect_error(stage.ask(large_chat(), Patience(60'000)), 504, "upstream_timeout");
  record("limit_10_s_us", microseconds_since(before));
  EXPECT_GE(microseconds_since(before), 99 * second_us / 10);
  EXPECT_LT(microseconds_since(before), 30 * second_us);
}

// It takes some, then no more: the limit is on silence, and counts anew.
void row_03_a_provider_that_stops_reading_in_the_middle(Stage& stage) {
  Script script;
  script.read_head().stop_reading().hang();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}, timeouts: {first_byte: 500ms}"});
  expect_error(stage.ask(large_chat()), 504, "upstream_timeout");
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  long value = 0;
  while (status >> word) {
    if (word == "VmRSS:") status >> value;
  }
  return value;
}

// A file on its way: what the provider does not take is not taken from the caller either.
void row_03_what_is_not_taken_is_not_kept(Stage& stage) {
  constexpr std::size_t all = 512 * mebibyte;
  auto& upstream = stage.upstream(deaf());
  auto& gateway = stage.open({upstream.port()}, {.model = "retry: {attempts: 1}, timeouts: {first_byte: 1s}",
                                                 .server = "limits: {body: 1GiB}"});
  const std::string part = "--sep\r\nContent-Disposition: form-data; name=\"";
  const std::string beginning = part + "model\"\r\n\r\nm\r\n" + part + "file\"; filename=\"a.wav\"\r\n\r\n";
  RawClient client = gateway.client();
  stage.count(1);
  const long before = resident_kib();
  ASSERT_TRUE(client.send("POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\n" + bearer() +
                          "content-type: multipart/form-data; boundary=sep\r\ncontent-length: " + std::to_string(all) +
                          "\r\n\r\n" + beginning));
  const std::string block(mebibyte, 'w');
  std::size_t sent = 0;
  while (sent < all && client.send(block)) sent += block.size();
  const long grown = resident_kib() - before;
  record("sent_until_refused_bytes", static_cast<long>(sent));
  record("grown_kib", grown);
  EXPECT_LT(sent, 100 * mebibyte) << "the caller was not slowed down";  // the kernel's buffers are most of it
  EXPECT_LT(grown, 16 * 1024);                                          // promised: 64 KiB
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["error"], "upstream_timeout") << lines[0].dump();
}

// A provider with a certificate of that authority.
ScriptedUpstream& secure(Stage& stage, Authority& authority, std::vector<Script> scripts) {
  const KeyPair pair = authority.issue();
  return stage.upstream(std::move(scripts), {.tls = UpstreamTls{pair.certificate, pair.key}});
}

Details trusting(const Authority& authority) {
  return {.provider = "tls: {ca: \"" + authority.file() + "\"}", .scheme = "https", .host = "localhost"};
}

UpstreamTls next_of(Authority& authority) {
  const KeyPair pair = authority.issue();
  return {pair.certificate, pair.key};
}

void row_05_a_new_certificate_disturbs_nobody(Stage& stage) {
  Authority authority;
  auto& upstream = secure(stage, authority, {always(completion("fine"))});
  stage.open({upstream.port()}, trusting(authority));
  expect_words(stage.ask(chat()), "fine");
  upstream.show(next_of(authority));
  expect_words(stage.ask(chat()), "fine");
  EXPECT_EQ(upstream.connections(), 1u) << "the old connection was in order";
  upstream.hang_up();
  ASSERT_TRUE(upstream.await([](const auto& visits) { return visits[0].closed.has_value(); }));
  const Answer answer = stage.ask(chat());
  expect_words(answer, "fine");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
  EXPECT_EQ(upstream.connections(), 2u);
  EXPECT_FALSE(upstream.visit(1).resumed) << "its session went with the certificate";
}

// Every connection serves three requests, so that new ones are made all the time.
void row_05_many_new_certificates_between_requests(Stage& stage) {
  Authority authority;
  Script script;
  for (int i = 0; i < 3; ++i) script.read_request().send(completion("fine"));
  auto& upstream = secure(stage, authority, {script.close()});
  auto& gateway = stage.open({upstream.port()}, trusting(authority));
  for (int i = 0; i < 60; ++i) {
    if (i % 10 == 0) upstream.show(next_of(authority));
    const Answer answer = stage.ask(chat());
    expect_words(answer, "fine");
    EXPECT_EQ(answer.field("x-sluice-attempts"), "1") << i;
  }
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 60, {"outcome=\"ok\""}), 60);
  EXPECT_EQ(gateway.metric("sluice_upstream_attempts_total", {"outcome=\"tls\""}), 0);
  EXPECT_GE(upstream.connections(), 20u);
}

// What was trusted before does not vouch for what comes after.
void row_05_a_stranger_s_certificate_is_refused_although_the_last_one_was_good(Stage& stage) {
  Authority authority;
  Authority stranger("Stranger");
  auto& upstream = secure(stage, authority, {always(completion("first"))});
  auto& second = secure(stage, authority, {always(completion("second"))});
  auto& gateway = stage.open({upstream.port(), second.port()}, trusting(authority));
  expect_words(stage.ask(chat()), "first");
  upstream.show(next_of(stranger));
  expect_words(stage.ask(chat()), "first");
  upstream.hang_up();
  ASSERT_TRUE(upstream.await([](const auto& visits) { return visits[0].closed.has_value(); }));
  expect_words(stage.ask(chat()), "second");
  EXPECT_EQ(upstream.requests(), 2u) << "a request went to a stranger";
  EXPECT_GE(gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"tls\""}), 1);
  for (std::size_t i = 1; i < upstream.connections(); ++i) EXPECT_EQ(upstream.visit(i).received, "") << i;
}

// Two providers at one port: one by a name that leads to this machine, the other by its address.
std::string named_and_literal(const ScriptedUpstream& upstream, const std::string& allowed) {
  std::string yaml = configuration({upstream.port(), upstream.port()});
  const std::string literal = "127.0.0.1:" + std::to_string(upstream.port()) + "/v1\"";
  const std::size_t at = yaml.find(literal);
  EXPECT_NE(at, std::string::npos);
  return yaml.replace(at, literal.size(), "localhost:" + std::to_string(upstream.port()) + "/v1\"" + allowed);
}

void row_08_a_name_that_leads_to_this_machine_is_passed_over(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("by its address")));
  auto& gateway = stage.open_with(named_and_literal(upstream, ""));
  const Answer answer = stage.ask(chat());
  expect_words(answer, "by its address");
  EXPECT_EQ(answer.field("x-sluice-provider"), "p2");
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 1, {"provider=\"p1\"", "outcome=\"connect\""}), 1);
  EXPECT_EQ(upstream.connections(), 1u);
}

void row_08_alone_such_a_name_is_an_error(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  std::string yaml = configuration({upstream.port()}, {.host = "localhost"});
  const std::string allowed = ", allow_private: true";
  yaml.erase(yaml.find(allowed), allowed.size());
  stage.open_with(yaml);
  expect_error(stage.ask(chat()), 503, "upstream_unavailable");
  expect_error(stage.ask(chat_stream()), 503, "upstream_unavailable");
  EXPECT_EQ(upstream.connections(), 0u);
}

void row_08_a_name_that_may_lead_here_does(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("by its name")));
  stage.open_with(named_and_literal(upstream, ", allow_private: true"));
  const Answer answer = stage.ask(chat());
  expect_words(answer, "by its name");
  EXPECT_EQ(answer.field("x-sluice-provider"), "p1");
}

constexpr Row rows[] = {
    {"row_03_a_provider_that_never_reads_is_followed_by_the_next_target",
     row_03_a_provider_that_never_reads_is_followed_by_the_next_target},
    {"row_03_the_limit_on_writing_is_ten_seconds", row_03_the_limit_on_writing_is_ten_seconds},
    {"row_03_a_provider_that_stops_reading_in_the_middle", row_03_a_provider_that_stops_reading_in_the_middle},
    {"row_03_what_is_not_taken_is_not_kept", row_03_what_is_not_taken_is_not_kept},
    {"row_05_a_new_certificate_disturbs_nobody", row_05_a_new_certificate_disturbs_nobody},
    {"row_05_many_new_certificates_between_requests", row_05_many_new_certificates_between_requests},
    {"row_05_a_stranger_s_certificate_is_refused_although_the_last_one_was_good",
     row_05_a_stranger_s_certificate_is_refused_although_the_last_one_was_good},
    {"row_08_a_name_that_leads_to_this_machine_is_passed_over",
     row_08_a_name_that_leads_to_this_machine_is_passed_over},
    {"row_08_alone_such_a_name_is_an_error", row_08_alone_such_a_name_is_an_error},
    {"row_08_a_name_that_may_lead_here_does", row_08_a_name_that_may_lead_here_does},
};
INSTANTIATE_TEST_SUITE_P(reach_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::reach_faults_test
