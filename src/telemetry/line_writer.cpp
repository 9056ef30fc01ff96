#include "telemetry/line_writer.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <mutex>
#include <utility>

namespace sluice::telemetry {
namespace {

std::uint64_t lines_in(std::string_view bytes) {
  return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

enum class FileKind { plain, socket, other };

FileKind kind_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return FileKind::other;
  if (S_ISREG(status.st_mode)) return FileKind::plain;
  return S_ISSOCK(status.st_mode) ? FileKind::socket : FileKind::other;
}

// How much of `bytes` to hand over at once. A pipe or a terminal that poll(2) calls writable takes PIPE_BUF bytes
// without blocking, even if the descriptor is a blocking one, and does not mix them with another writer's
// (pipe(7)); hence whole lines if possible.
std::string_view portion(std::string_view bytes, FileKind kind) {
  if (kind != FileKind::other || bytes.size() <= PIPE_BUF) return bytes;
  const auto end = bytes.rfind('\n', PIPE_BUF - 1);
  return bytes.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

// Signals are for other threads, and a reader that left is an error code here, not SIGPIPE.
void block_signals() {
  ::sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct LineWriter::Shared {
  Shared(int to, Limits with) : descriptor(to), kind(kind_of(to)), limits(with) {
    // Reserved, not touched: pages are taken from the system as they fill.
    gathering.reserve(limits.buffered);
    leaving.reserve(limits.buffered);
  }

  void run();
  std::string_view write_out(std::string_view bytes);
  bool wait_until_writable() const;
  bool filling_up() const { return gathering.size() > limits.buffered / 2; }

  const int descriptor;
  const FileKind kind;
  const Limits limits;
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<bool> given_up{false};  // nobody waits for the thread any more

  std::mutex mutex;
  std::condition_variable wake;      // the thread waits here
  std::condition_variable progress;  // those who wait for the thread
  std::string gathering;
  std::size_t in_flight = 0;   // bytes of `leaving`
  std::uint64_t accepted = 0;  // bytes ever put into `gathering`
  std::uint64_t settled = 0;   // of these, written or dropped
  bool asleep = false;         // the thread waits for a line
  bool hurry = false;          // somebody flushes
  bool closing = false;
  bool finished = false;

  // The thread's own.
  std::string leaving;
  bool torn = false;  // the last byte written was inside a line
};

// Polls in slices, because nothing but a look at `given_up` gets it out.
bool LineWriter::Shared::wait_until_writable() const {
  constexpr int slice = 20;  // milliseconds
  ::pollfd entry{descriptor, POLLOUT, 0};
  while (!given_up.load(std::memory_order_relaxed)) {
    if (::poll(&entry, 1, slice) != 0) return true;  // ready, or broken, which write() will tell
  }
  return false;
}

// Returns what could not be written.
std::string_view LineWriter::Shared::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_until_writable()) return bytes;
    const std::string_view part = portion(bytes, kind);
    const ::ssize_t written = kind == FileKind::socket
                                  ? ::send(descriptor, part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : ::write(descriptor, part.data(), part.size());
    if (written < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return bytes;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    if (written > 0) torn = part[static_cast<std::size_t>(written) - 1] != '\n';
  }
  return bytes;
}

void LineWriter::Shared::run() {
  block_signals();
  std::unique_lock lock(mutex);
  while (!given_up) {
    if (gathering.empty()) {
      if (closing) break;
      asleep = true;
      wake.wait(lock, [this] { return !gathering.empty() || closing; });
      asleep = false;
      continue;
    }
    std::swap(gathering, leaving);
    in_flight = leaving.size();
    lock.unlock();
    // A line that an error cut short is ended, so that the next one stands for itself.
    const bool at_line_start = !torn || write_out("\n").empty();
    const std::string_view lost = at_line_start ? write_out(leaving) : leaving;
    if (!lost.empty()) dropped.fetch_add(lines_in(lost), std::memory_order_relaxed);
    lock.lock();
    // What was dropped is settled too: nobody need wait for it.
    settled += std::exchange(in_flight, 0);
    leaving.clear();
    progress.notify_all();
    wake.wait_for(lock, limits.rest, [this] { return closing || hurry || filling_up(); });
  }
  finished = true;
  progress.notify_all();
}

LineWriter::LineWriter(int descriptor, Limits limits)
    : shared_(std::make_shared<Shared>(descriptor, limits)), last_words_(limits.last_words) {
  thread_ = std::thread([shared = shared_] { shared->run(); });
}

LineWriter::~LineWriter() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->wake.notify_one();
  const auto finished = [this] { return shared_->finished; };
  // The last tenth is for the thread to notice that it should give up.
  shared_->progress.wait_for(lock, last_words_ * 9 / 10, finished);
  shared_->given_up = true;
  const bool ended = shared_->progress.wait_for(lock, last_words_ / 10, finished);
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();  // stuck in a write that another process's output filled the pipe under
  }
}

void LineWriter::write(std::string_view line) {
  Shared& shared = *shared_;
  bool notify = false;
  {
    const std::lock_guard lock(shared.mutex);
    if (shared.gathering.size() + shared.in_flight + line.size() > shared.limits.buffered) {
      shared.dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const bool was_filling_up = shared.filling_up();
    shared.gathering.append(line);
    shared.accepted += line.size();
    notify = std::exchange(shared.asleep, false) || (!was_filling_up && shared.filling_up());
  }
  if (notify) shared.wake.notify_one();
}

bool LineWriter::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  const std::uint64_t goal = shared_->accepted;
  shared_->hurry = true;
  shared_->wake.notify_one();
  const bool reached = shared_->progress.wait_for(lock, patience, [&] { return shared_->settled >= goal; });
  shared_->hurry = false;
  return reached;
}

std::uint64_t LineWriter::dropped() const { return shared_->dropped.load(std::memory_order_relaxed); }

}  // namespace sluice::telemetry
