#include "telemetry/line_writer.hpp"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "telemetry/pipe.hpp"

namespace sluice::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(LineWriter, writes_lines_in_order) {
  Pipe pipe;
  LineWriter writer(pipe.writer());
  writer.write("one\n");
  writer.write("two\n");
  writer.write("three\n");
  EXPECT_EQ(pipe.read_lines(3), "one\ntwo\nthree\n");
  EXPECT_EQ(writer.dropped(), 0u);
}

TEST(LineWriter, writes_what_is_left_before_it_is_gone) {
  Pipe pipe;
  {
    LineWriter writer(pipe.writer());
    for (int i = 0; i < 100; ++i) writer.write("line " + std::to_string(i) + "\n");
  }
  pipe.close_writer();
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += "line " + std::to_string(i) + "\n";
  EXPECT_EQ(pipe.read_all(), expected);
}

TEST(LineWriter, flush_returns_when_everything_before_is_out) {
  Pipe pipe;
  LineWriter writer(pipe.writer());
  for (int i = 0; i < 20; ++i) {
    writer.write("a line\n");
    ASSERT_TRUE(writer.flush(milliseconds(10'000)));
    int waiting = 0;
    ASSERT_EQ(::ioctl(pipe.reader(), FIONREAD, &waiting), 0);
    ASSERT_EQ(waiting, 7 * (i + 1));
  }
}

TEST(LineWriter, loses_and_mixes_nothing_when_many_threads_write) {
  Pipe pipe;
  constexpr int threads = 4;
  constexpr int lines = 2'000;
  std::string all;
  std::thread reader([&] { all = pipe.read_all(); });
  {
    LineWriter writer(pipe.writer());
    std::vector<std::thread> writers;
    for (int id = 0; id < threads; ++id) {
      writers.emplace_back([&writer, id] {
        for (int i = 0; i < lines; ++i) writer.write(std::to_string(id) + " " + std::to_string(i) + "\n");
      });
    }
    for (std::thread& thread : writers) thread.join();
    EXPECT_EQ(writer.dropped(), 0u);
  }
  pipe.close_writer();
  reader.join();

  std::istringstream text(all);
  std::vector<int> next(threads, 0);
  int id = 0;
  int number = 0;
  while (text >> id >> number) ASSERT_EQ(number, next.at(static_cast<std::size_t>(id))++);
  EXPECT_EQ(next, std::vector<int>(threads, lines));
}

class BlockedLineWriter : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(pipes, BlockedLineWriter, testing::Values(0, O_NONBLOCK),
                         [](const auto& tested) { return tested.param == 0 ? "blocking" : "non_blocking"; });

TEST_P(BlockedLineWriter, drops_and_counts_when_its_buffer_is_full) {
  Pipe pipe(GetParam());
  const std::size_t filled = pipe.fill();
  const std::string line(99, 'x');
  std::optional<LineWriter> writer(std::in_place, pipe.writer(), LineWriter::Limits{.buffered = 1'000});
  for (int i = 0; i < 30; ++i) writer->write(line + "\n");
  // The thread has taken one batch or none; either way ten lines of 100 bytes fit.
  EXPECT_EQ(writer->dropped(), 20u);
  EXPECT_FALSE(writer->flush(milliseconds(1)));

  std::string all;
  std::thread reader([&] { all = pipe.read_lines(10); });
  EXPECT_TRUE(writer->flush(milliseconds(10'000)));
  reader.join();
  EXPECT_EQ(all.size(), filled + 10 * 100);
  writer->write("again\n");
  EXPECT_EQ(pipe.read_lines(1), "again\n");
}

TEST_P(BlockedLineWriter, is_gone_within_its_last_words) {
  Pipe pipe(GetParam() == 0 ? 0 : O_NONBLOCK);
  pipe.fill();
  std::optional<LineWriter> writer(std::in_place, pipe.writer(), LineWriter::Limits{.last_words = milliseconds(300)});
  writer->write("nobody reads this\n");
  const auto began = steady_clock::now();
  writer.reset();
  const auto took = steady_clock::now() - began;
  EXPECT_GE(took, milliseconds(250));
  EXPECT_LT(took, milliseconds(5'000));
}

TEST(LineWriter, write_does_not_wait_for_a_blocked_descriptor) {
  Pipe pipe;
  pipe.fill();
  LineWriter writer(pipe.writer(), {.buffered = 10'000, .last_words = milliseconds(10)});
  const auto began = steady_clock::now();
  for (int i = 0; i < 10'000; ++i) writer.write("a line that nobody reads\n");
  EXPECT_LT(steady_clock::now() - began, milliseconds(2'000));
  EXPECT_EQ(writer.dropped(), 10'000u - 10'000u / 25u);
}

TEST(LineWriter, counts_what_a_reader_that_left_does_not_get) {
  Pipe pipe;
  pipe.close_reader();
  LineWriter writer(pipe.writer());
  for (std::uint64_t i = 1; i <= 3; ++i) {
    writer.write("to nobody\n");
    ASSERT_TRUE(writer.flush(milliseconds(10'000)));
    EXPECT_EQ(writer.dropped(), i);
  }
}

TEST(LineWriter, goes_on_after_a_full_disk_with_a_line_of_its_own) {
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  const std::string path = testing::TempDir() + "/" + test.name();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  // A limit on the file's size fails like a full disk (EFBIG for ENOSPC), in the middle of the second line.
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  {
    LineWriter writer(file);
    const ::rlimit small{12, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    writer.write("first\n");
    EXPECT_TRUE(writer.flush(milliseconds(10'000)));
    writer.write("second line\nthird\n");
    EXPECT_TRUE(writer.flush(milliseconds(10'000)));
    EXPECT_EQ(writer.dropped(), 2u);
    writer.write("fourth\n");
    EXPECT_TRUE(writer.flush(milliseconds(10'000)));
    EXPECT_EQ(writer.dropped(), 3u);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    writer.write("fifth\n");
  }
  std::signal(SIGXFSZ, signal_before);
  ::close(file);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  ::unlink(path.c_str());
  EXPECT_EQ(text.str(), "first\nsecond\nfifth\n");
}

TEST(LineWriter, is_gone_even_if_a_write_blocks_that_poll_had_promised_would_not) {
  // An eventfd adds eight bytes up as a number; poll(2) calls it writable as long as a 1 could still be added, but
  // these lines are large numbers.
  const int counter = ::eventfd(0, EFD_CLOEXEC);
  std::optional<LineWriter> writer(std::in_place, counter, LineWriter::Limits{.last_words = milliseconds(100)});
  bool flows = true;
  for (int i = 0; flows && i < 40; ++i) {
    writer->write("1234567\n");
    flows = writer->flush(milliseconds(500));
  }
  EXPECT_FALSE(flows);
  const auto began = steady_clock::now();
  writer.reset();
  EXPECT_LT(steady_clock::now() - began, milliseconds(5'000));
  // Lets the thread go.
  std::uint64_t sum = 0;
  EXPECT_EQ(::read(counter, &sum, sizeof sum), 8);
  ::close(counter);
}

TEST(LineWriter, never_blocks_on_a_socket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const std::string line(1'000'000, 'x');
  std::optional<LineWriter> writer(std::in_place, ends[1], LineWriter::Limits{.last_words = milliseconds(50)});
  writer->write(line + "\n");
  EXPECT_FALSE(writer->flush(milliseconds(50)));
  const auto began = steady_clock::now();
  writer.reset();
  EXPECT_LT(steady_clock::now() - began, milliseconds(5'000));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sluice::telemetry
