// A worker's part in keeping a grant, with a clock that a test moves and a real token server.
#include "gateway/credentials.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include <sluice/net/pause.hpp>

#include "gateway/provider_credential.hpp"
#include "gateway/stage.hpp"
#include "net/on_loop.hpp"

namespace sluice::test::renewal_test {
namespace {

using namespace std::chrono_literals;
using GrantPtr = credential::Keeper::GrantPtr;

// The machine's clock, ahead by as much as a test wants.
class ShiftedClock final : public Clock {
 public:
  TimePoint now() const override { return system_clock().now() + ahead_.load(); }
  UtcTime utc() const override {
    return system_clock().utc() + std::chrono::duration_cast<UtcTime::duration>(ahead_.load());
  }
  void advance(Duration by) { ahead_ = ahead_.load() + by; }

 private:
  std::atomic<Duration> ahead_{Duration{}};
};

std::string token_answer(std::string_view token) {
  return response(200, R"({"access_token":")" + std::string(token) + R"(","expires_in":3600})");
}

// One worker without a listener, and a provider whose tokens come from that server.
struct Worker {
  explicit Worker(const ScriptedUpstream& tokens) {
    config::Provider given;
    given.name = "cloud";
    const std::string url = "http://127.0.0.1:" + std::to_string(tokens.port()) + "/token";
    given.credential = config::Credential{credential::ClientToken{"c", Secret("s"), "scope", url}, url, true, {}};
    const Snapshot::Means means{
        *metrics, 0, "sluice/test", [](const std::string&) { return net::Trust::system(); }, *traffic->health,
        *book,    {}};
    auto prepared = prepare_credential(given, "provider.test", means);
    EXPECT_TRUE(prepared);
    provider.name = "cloud";
    if (prepared) provider.credential = *prepared;
  }
  ~Worker() { ::close(nowhere); }

  Async<GrantPtr> grant() {
    net::Stop stop;
    Result<GrantPtr> given = co_await credentials.grant(provider, stop, clock.now() + 10s);
    co_return given;
  }
  std::string token_of(const Result<GrantPtr>& given) {
    return given ? std::string((*given)->token.reveal()) : std::string(given.error().code());
  }
  Async<> renewals_to_end() {
    net::Stop stop;
    while (credentials.renewing() > 0) {
      const Result<> waited = co_await net::pause(loop, clock.now() + 10ms, stop);
      if (!waited) co_return waited.error();
    }
    co_return Ok{};
  }

  ShiftedClock clock;
  net::Loop loop{clock};
  net::SharedLoad load;
  std::unique_ptr<net::Transport> transport = net::make_transport(loop, load);
  std::unique_ptr<Metrics> metrics = make_metrics("0", "0");
  int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::unique_ptr<AccessLog> access_log = make_access_log(nowhere);
  CapturedLog log;
  std::unique_ptr<SharedTraffic> traffic = SharedTraffic::make();
  std::unique_ptr<ledger::Book> book = ledger::Book::make({}, {});
  Provider provider;
  Credentials credentials{GatewayParts{clock, *transport, metrics->add_worker(), *metrics, *access_log, log, *traffic,
                                       *book, nullptr, load, loop, "test"}};
};

Async<> renews_ahead(Worker& worker, const ScriptedUpstream& tokens) {
  const Result<GrantPtr> first = co_await worker.grant();
  EXPECT_EQ(worker.token_of(first), "t1");
  worker.clock.advance(40min);
  const Result<GrantPtr> same = co_await worker.grant();
  EXPECT_EQ(worker.token_of(same), "t1");
  EXPECT_EQ(worker.credentials.renewing(), 0u);
  worker.clock.advance(15min);
  const Result<GrantPtr> meanwhile = co_await worker.grant();
  EXPECT_EQ(worker.token_of(meanwhile), "t1") << "nobody waits for a renewal while the old token is good";
  EXPECT_EQ(worker.credentials.renewing(), 1u);
  const Result<GrantPtr> also = co_await worker.grant();
  EXPECT_EQ(worker.token_of(also), "t1");
  EXPECT_EQ(worker.credentials.renewing(), 1u);
  const Result<> ended = co_await worker.renewals_to_end();
  EXPECT_TRUE(ended);
  const Result<GrantPtr> renewed = co_await worker.grant();
  EXPECT_EQ(worker.token_of(renewed), "t2");
  EXPECT_EQ(tokens.requests(), 2u);
  co_return Ok{};
}

TEST(Renewal, happens_ahead_of_the_end_and_once) {
  Script script;
  script.read_request().send(token_answer("t1")).read_request().send(token_answer("t2")).close();
  Script second;
  second.read_request().send(token_answer("t2")).again();
  // The pooled connection is too old by then, so the second answer is a second connection's.
  const ScriptedUpstream tokens({script, second});
  Worker worker(tokens);
  EXPECT_TRUE(net::run_on(worker.loop, renews_ahead(worker, tokens)));
}

Async<> keeps_the_old(Worker& worker) {
  const Result<GrantPtr> first = co_await worker.grant();
  EXPECT_EQ(worker.token_of(first), "t1");
  worker.clock.advance(55min);
  for (int i = 0; i < 3; ++i) {
    const Result<GrantPtr> old = co_await worker.grant();
    EXPECT_EQ(worker.token_of(old), "t1");
    const Result<> ended = co_await worker.renewals_to_end();
    EXPECT_TRUE(ended);
  }
  worker.clock.advance(5min);
  const Result<GrantPtr> none = co_await worker.grant();
  EXPECT_EQ(worker.token_of(none), "upstream_auth");
  if (!none) {
    EXPECT_TRUE(none.error().retryable());
    EXPECT_EQ(none.error().outcome(), Outcome::server_error);
  }
  co_return Ok{};
}

TEST(Renewal, that_fails_leaves_the_old_token_in_use_while_it_is_good) {
  Script good;
  good.read_request().send(token_answer("t1")).again();
  Script bad;
  bad.read_request().send(response(500, "{}")).again();
  const ScriptedUpstream tokens({good, bad});
  Worker worker(tokens);
  EXPECT_TRUE(net::run_on(worker.loop, keeps_the_old(worker)));
  EXPECT_EQ(tokens.requests(), 3u) << "one good, one ahead of the end, and one after it: it backs off in between";
  EXPECT_NE(worker.log.text().find("reason=the token server answered 500"), std::string::npos) << worker.log.text();
}

Async<> waits_in_vain(Worker& worker, net::Stop& stop) {
  const Result<GrantPtr> late = co_await worker.credentials.grant(worker.provider, stop, worker.clock.now() + 50ms);
  EXPECT_EQ(worker.token_of(late), "upstream_auth");
  if (!late) {
    EXPECT_EQ(late.error().outcome(), Outcome::timeout);
  }
  EXPECT_EQ(worker.credentials.renewing(), 1u) << "it goes on without the one who waited";
  stop.request(net::StopReason::client_left);
  const Result<GrantPtr> left = co_await worker.credentials.grant(worker.provider, stop, worker.clock.now() + 10s);
  EXPECT_EQ(worker.token_of(left), "client_left");
  worker.credentials.stop_renewing();
  const Result<> ended = co_await worker.renewals_to_end();
  EXPECT_TRUE(ended);
  EXPECT_TRUE(worker.provider.credential->keeper.take(worker.clock.now()).renew) << "another worker may try at once";
  co_return Ok{};
}

TEST(Renewal, goes_on_when_those_who_wait_give_up_and_ends_when_it_is_stopped) {
  const ScriptedUpstream tokens(Script().read_request().hang());
  Worker worker(tokens);
  net::Stop stop;
  EXPECT_TRUE(net::run_on(worker.loop, waits_in_vain(worker, stop)));
  EXPECT_EQ(worker.log.text().find("could not"), std::string::npos) << worker.log.text();
}

Async<> is_refused(Worker& worker) {
  const Result<GrantPtr> first = co_await worker.grant();
  worker.clock.advance(10min);
  worker.provider.credential->keeper.refused(*first, worker.clock.now());
  const Result<GrantPtr> still = co_await worker.grant();
  EXPECT_EQ(worker.token_of(still), "t1");
  const Result<> ended = co_await worker.renewals_to_end();
  EXPECT_TRUE(ended);
  const Result<GrantPtr> second = co_await worker.grant();
  EXPECT_EQ(worker.token_of(second), "t2");
  co_return Ok{};
}

TEST(Renewal, follows_a_refusal_by_the_provider) {
  Script first;
  first.read_request().send(token_answer("t1")).hang();
  Script second;
  second.read_request().send(token_answer("t2")).hang();
  const ScriptedUpstream tokens({first, second});
  Worker worker(tokens);
  EXPECT_TRUE(net::run_on(worker.loop, is_refused(worker)));
}

}  // namespace
}  // namespace sluice::test::renewal_test
