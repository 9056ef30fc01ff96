// Rows 40, 41 and 46, and reloading under load: what happens to the process as a whole. Several workers each.
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <thread>

#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

// A stream that sends one event and goes on when told to.
Script paused_stream() {
  Script script;
  script.read_request().send(stream_head() + chunk(delta_event("one"))).wait_for("finish");
  return script.send(chunk(delta_event("two")) + chunk(done_event) + std::string(last_chunk)).again();
}

struct Stream {
  RawClient client;
  Answer answer;
};

// That many streams, each having received its first event.
std::vector<Stream> begin_streams(Stage& stage, std::size_t many) {
  std::vector<Stream> streams;
  for (std::size_t i = 0; i < many; ++i) {
    Stream stream{stage.gateway().client(), {}};
    stage.count(1);
    EXPECT_TRUE(stream.client.send(chat_stream()));
    streams.push_back(std::move(stream));
  }
  for (Stream& stream : streams) {
    stream.answer = stream.client.read_head();
    EXPECT_TRUE(stream.client.read_until(stream.answer, delta_event("one")));
  }
  return streams;
}

void row_40_a_thousand_streams_finish_inside_the_grace(Stage& stage) {
  auto& upstream = stage.upstream(paused_stream());
  auto& gateway = stage.open({upstream.port()}, {.server = "drain: {delay: 1s, grace: 60s}", .workers = 4});
  std::vector<Stream> streams = begin_streams(stage, 1'000);
  const std::uint16_t port = gateway.port();
  EXPECT_EQ(gateway.admin("/readyz").status, 200);
  RawClient kept = gateway.client();
  stage.count(1);
  kept.send(get("/v1/models", bearer()));
  EXPECT_TRUE(kept.read_answer().keeps_open());

  const Moment before = std::chrono::steady_clock::now();
  gateway.daemon().drain();
  EXPECT_EQ(gateway.admin("/readyz").status, 503);
  record("not_ready_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 500'000);  // promised: 50 ms
  EXPECT_EQ(gateway.admin("/livez").status, 200);

  const Answer during = stage.ask(get("/v1/models", bearer()));
  EXPECT_EQ(during.status, 200) << "new connections are served during the delay";
  EXPECT_EQ(during.field("connection"), "close");
  stage.count(1);
  kept.send(get("/v1/models", bearer()));
  EXPECT_EQ(kept.read_answer().field("connection"), "close");
  EXPECT_TRUE(eventually([port] { return !RawClient(port).connected(); })) << "the listener stays open after the delay";

  upstream.signal("finish");
  for (Stream& stream : streams) {
    stream.client.read_rest(stream.answer);
    expect_stream(stream.answer, delta_event("one") + delta_event("two") + std::string(done_event));
  }
  gateway.daemon().wait();
  stage.ended();
}

void row_40_the_grace_ends(Stage& stage) {
  auto& upstream = stage.upstream(paused_stream());
  auto& gateway = stage.open({upstream.port()}, {.server = "drain: {delay: 100ms, grace: 500ms}", .workers = 4});
  std::vector<Stream> streams = begin_streams(stage, 200);
  const Moment before = std::chrono::steady_clock::now();
  gateway.daemon().drain();
  gateway.daemon().wait();
  record("delay_and_grace_600_ms_us", microseconds_since(before));
  EXPECT_GE(microseconds_since(before), 500'000);
  EXPECT_LT(microseconds_since(before), 10'000'000);
  for (Stream& stream : streams) {
    stream.client.read_rest(stream.answer);
    expect_broken_stream(stream.answer, delta_event("one"));
  }
  stage.ended();
}

void row_40_without_work_the_end_comes_after_the_delay(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  auto& gateway = stage.open({upstream.port()}, {.server = "drain: {delay: 100ms, grace: 60s}", .workers = 4});
  RawClient idle = gateway.client();
  expect_words(stage.ask(chat()), "fine");
  const Moment before = std::chrono::steady_clock::now();
  gateway.daemon().drain();
  gateway.daemon().wait();
  record("delay_100_ms_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 10'000'000);
  EXPECT_EQ(idle.await_close(), Ending::closed);
  stage.ended();
}

void stops_at_once(Stage& stage, bool drained_before) {
  auto& upstream = stage.upstream(paused_stream());
  auto& gateway = stage.open({upstream.port()}, {.server = "drain: {delay: 60s, grace: 60s}", .workers = 4});
  std::vector<Stream> streams = begin_streams(stage, 200);
  if (drained_before) gateway.daemon().drain();
  const Moment before = std::chrono::steady_clock::now();
  gateway.daemon().stop();
  gateway.daemon().wait();
  record("stopped_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 20'000'000);  // promised: 2 s
  for (Stream& stream : streams) {
    stream.client.read_rest(stream.answer);
    expect_broken_stream(stream.answer, delta_event("one"));
  }
  stage.ended();
}

void row_41_a_second_signal_stops_at_once(Stage& stage) { stops_at_once(stage, true); }
void row_41_stopping_without_draining(Stage& stage) { stops_at_once(stage, false); }

// A stop must not wait for a client that does not read.
void row_41_a_blocked_client_does_not_hold_the_end_up(Stage& stage) {
  Script script;
  script.read_request().send(stream_head()).flood(chunk(delta_event(std::string(60'000, 'x'))), 4'000).hang();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()}, {.workers = 2});
  RawClient client(gateway.port(), RawClient::Security::plain, "", 64 * 1024);
  stage.count(1);
  client.send(chat_stream());
  ASSERT_TRUE(upstream.await_stall(std::chrono::milliseconds(300)));
  const Moment before = std::chrono::steady_clock::now();
  gateway.daemon().drain();
  gateway.daemon().stop();
  gateway.daemon().wait();
  EXPECT_LT(microseconds_since(before), 20'000'000);  // promised: 2 s
  Ending ending = Ending::waiting;
  const std::string rest = client.read_to_close(ending);
  EXPECT_NE(ending, Ending::waiting);
  EXPECT_EQ(rest.find("[DONE]"), std::string::npos);
  EXPECT_FALSE(rest.ends_with("\r\n0\r\n\r\n"));
  stage.ended();
}

int highest_descriptor() {
  int highest = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (const dirent* const entry = ::readdir(folder)) highest = std::max(highest, std::atoi(entry->d_name));
  ::closedir(folder);
  return highest;
}

// Takes away all descriptors that are not in use, until it is destroyed.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(highest_descriptor()) + 1;
    ::setrlimit(RLIMIT_NOFILE, &now);
    for (int filler = 0; (filler = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fillers_.push_back(filler);
  }
  ~NoDescriptors() {
    ::setrlimit(RLIMIT_NOFILE, &before_);
    for (const int filler : fillers_) ::close(filler);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<int> fillers_;
};

// Sockets made in advance, that connect when there are no descriptors left.
class Crowd {
 public:
  explicit Crowd(std::size_t many) {
    for (std::size_t i = 0; i < many; ++i)
      sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }
  ~Crowd() {
    for (const int socket : sockets_) ::close(socket);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void connect(std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (const int socket : sockets_) ::connect(socket, std::bit_cast<sockaddr*>(&where), sizeof where);
  }

 private:
  std::vector<int> sockets_;
};

long processor_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

void row_46_no_descriptors_left(Stage& stage) {
  auto& upstream = stage.upstream(paused_stream());
  auto& gateway = stage.open({upstream.port()}, {.workers = 2});
  const std::uint16_t port = gateway.port();
  std::vector<Stream> streams = begin_streams(stage, 3);
  Crowd crowd(200);
  {
    const NoDescriptors none;
    crowd.connect(port);
    const long used_before = processor_us();
    EXPECT_FALSE(streams[0].client.read_until(streams[0].answer, delta_event("two"), Patience(1'000)));
    EXPECT_EQ(streams[0].answer.ending, Ending::waiting);
    const long used = processor_us() - used_before;
    record("processor_us_in_one_second", used);
    // The promise itself, without a margin: a slower or busier machine makes an idle loop use no more.
    EXPECT_LT(used, 200'000) << "the accept loop spins";
    upstream.signal("finish");
    for (Stream& stream : streams) {
      stream.client.read_rest(stream.answer);
      expect_stream(stream.answer, delta_event("one") + delta_event("two") + std::string(done_event));
    }
  }
  const Answer answer = stage.ask(chat_stream());
  expect_stream(answer, delta_event("one") + delta_event("two") + std::string(done_event));
  const std::string log = gateway.log_text();
  EXPECT_LT(std::count(log.begin(), log.end(), '\n'), 100) << "the log was flooded";
}

// Not a row of the matrix, but a promise about the process: no request is dropped by a reload.
void reload_200_times_under_load(Stage& stage) {
  auto& one = stage.upstream(always(completion("one")));
  auto& other = stage.upstream(always(completion("other")));
  auto& gateway = stage.open({one.port()}, {.workers = 4});
  const std::uint16_t port = gateway.port();
  std::atomic<bool> over{false};
  std::atomic<std::size_t> answered{0};
  std::atomic<std::size_t> failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      RawClient client(port);
      for (int n = 0; !over; ++n) {
        if (n % 50 == i) client = RawClient(port);
        const bool whole = client.send(chat()) && client.read_answer().status == 200;
        ++(whole ? answered : failed);
        if (!whole) client = RawClient(port);
      }
    });
  }
  const config::Config first = GatewayUnderTest::read(configuration({one.port()}, {.workers = 4}));
  const config::Config second = GatewayUnderTest::read(configuration({other.port()}, {.workers = 4}));
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(gateway.daemon().reload(i % 2 == 0 ? second : first));
    const std::size_t before = answered + failed;
    EXPECT_TRUE(eventually([&] { return answered + failed >= before + 4; }));
  }
  over = true;
  for (std::thread& caller : callers) caller.join();
  stage.count(answered);
  record("answered", static_cast<long>(answered.load()));
  EXPECT_EQ(failed, 0u);
  EXPECT_GT(other.requests(), 0u);
  EXPECT_EQ(gateway.metric("sluice_config_reload_success"), 1);
}

constexpr Row rows[] = {
    {"row_40_a_thousand_streams_finish_inside_the_grace", row_40_a_thousand_streams_finish_inside_the_grace},
    {"row_40_the_grace_ends", row_40_the_grace_ends},
    {"row_40_without_work_the_end_comes_after_the_delay", row_40_without_work_the_end_comes_after_the_delay},
    {"row_41_a_second_signal_stops_at_once", row_41_a_second_signal_stops_at_once},
    {"row_41_stopping_without_draining", row_41_stopping_without_draining},
    {"row_41_a_blocked_client_does_not_hold_the_end_up", row_41_a_blocked_client_does_not_hold_the_end_up},
    {"row_46_no_descriptors_left", row_46_no_descriptors_left},
    {"reload_200_times_under_load", reload_200_times_under_load},
};
INSTANTIATE_TEST_SUITE_P(process_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test
