#include "ledger/store_writer.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::ledger {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds group_time{8};  // what is settled within it is one commit
constexpr int quiet_enough = 25;       // rounds with nothing to do before batches become rows, and then it sleeps
constexpr milliseconds sleep_time{3'600'000};
constexpr milliseconds first_pause{50};  // after a failure; then the double
constexpr milliseconds longest_pause{5'000};
constexpr std::size_t most_batch_bytes = 1024 * 1024;
// Under load batches wait for a quiet moment. So many are unpacked although there is none.
constexpr std::uint64_t many_batches = 1'024;
constexpr int batches_at_a_time = 16;

int new_event() {
  const int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

}  // namespace

StoreWriter::StoreWriter(Slots& slots, UsageTables tables, Place place, const Clock& clock)
    : slots_(slots),
      place_(std::move(place)),
      clock_(clock),
      event_(new_event()),
      tables_(std::move(tables)),
      thread_([this] { run(); }) {}

StoreWriter::~StoreWriter() {
  stopping_.store(true);
  wake();
  thread_.join();
  close(event_);
}

void StoreWriter::nudge() {
  // Who settles has put its record on the list before it looks whether the thread sleeps, and the thread looks at the
  // list after it said that it does: one of the two sees the other.
  if (sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false)) wake();
}

bool StoreWriter::flush(Duration at_most) {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++wanted_;
  wake();
  answered_.wait_for(lock, at_most, [&] { return flushed_ >= mine || refused_ >= mine; });
  return flushed_ >= mine;
}

void StoreWriter::look(Recorder::Health& health) const {
  health.written = written_.load();
  health.waiting = slots_.settled() + in_hand_.load();
  health.failures = failures_.load();
  health.errors = errors_.load();
  const std::scoped_lock lock(mutex_);
  health.trouble = trouble_;
}

void StoreWriter::run() {
  while (!stopping_.load()) {
    const Round last = round();
    if (last != Round::failed && tidy_up(last == Round::idle)) continue;
    rest(last);
  }
  round();
}

StoreWriter::Round StoreWriter::round() {
  std::uint64_t wanted = 0;
  {
    const std::scoped_lock lock(mutex_);
    wanted = wanted_;
  }
  slots_.take_settled(pending_);
  in_hand_.store(pending_.size());
  const bool nothing = pending_.empty();
  const bool written = write_pending();
  answer(wanted, written);
  if (slots_.few_free()) grow();
  if (!written) return Round::failed;
  return nothing ? Round::idle : Round::wrote;
}

bool StoreWriter::write_pending() {
  while (!pending_.empty()) {
    if (auto done = write_some(); !done) {
      failed(done.error());
      return false;
    }
    recovered();
  }
  return true;
}

// One commit. A slot is free only when its record is on the disk.
Result<> StoreWriter::write_some() {
  if (auto reached = reach_tables(); !reached) return reached;
  batch_.clear();
  std::size_t count = 0;
  while (count < pending_.size() && batch_.size() < most_batch_bytes)
    append_kept(batch_, slots_.look(pending_[count++]));
  if (auto done = tables_->write(batch_); !done) return done;
  slots_.release({pending_.data(), count});
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
  in_hand_.store(pending_.size());
  written_.fetch_add(count);
  return {};
}

Result<> StoreWriter::reach_tables() {
  if (tables_) return {};
  auto tables = UsageTables::open(place_.tables);
  if (!tables && trouble_of(tables.error()) == StoreTrouble::corrupt) {
    auto aside = set_aside(place_.tables.path, clock_.utc());
    if (!aside) return std::move(aside.error());
    tell(StoreEvent::set_aside, *aside);
    tables = UsageTables::open(place_.tables);
  }
  if (!tables) return std::move(tables.error());
  tables_.emplace(*std::move(tables));
  return {};
}

void StoreWriter::tell(StoreEvent event, const std::string& words) const {
  if (place_.tell) place_.tell(event, words);
}

void StoreWriter::failed(const Error& error) {
  errors_.fetch_add(1);
  if (failures_.fetch_add(1) == 0) tell(StoreEvent::failing, error.message());
  const StoreTrouble trouble = trouble_of(error);
  // A connection may be left in a state it does not get out of by itself; one that only waits is not.
  if (trouble != StoreTrouble::busy && trouble != StoreTrouble::full && place_.tables.path != ":memory:")
    tables_.reset();
  const std::scoped_lock lock(mutex_);
  trouble_ = error.message();
}

void StoreWriter::recovered() {
  if (failures_.exchange(0) == 0) return;
  tell(StoreEvent::recovered, place_.tables.path);
  const std::scoped_lock lock(mutex_);
  trouble_.clear();
}

void StoreWriter::grow() {
  if (clock_.now() < grow_again_) return;
  const Result<> grown = slots_.grow();
  if (grown) return;
  grow_again_ = clock_.now() + std::chrono::seconds(1);
  const std::scoped_lock lock(mutex_);
  trouble_ = grown.error().message();
}

// Makes rows of batches and drops old ones, a little at a time. True: there is more to do.
bool StoreWriter::tidy_up(bool idle) {
  quiet_rounds_ = idle ? quiet_rounds_ + 1 : 0;
  if (!tables_) return false;
  const bool quiet = quiet_rounds_ > quiet_enough;
  if (tables_->batches() > (quiet ? 0 : many_batches)) {
    auto gone = tables_->unpack(batches_at_a_time);
    if (!gone)
      failed(gone.error());
    else
      recovered();
    return gone && quiet && *gone > 0 && tables_->batches() > 0;
  }
  if (quiet && place_.retention && clock_.now() >= drop_again_) {
    drop_again_ = clock_.now() + std::chrono::hours(1);
    if (auto dropped = tables_->drop_before(clock_.utc() - *place_.retention); !dropped) failed(dropped.error());
  }
  return false;
}

void StoreWriter::rest(Round last) {
  const std::uint64_t failures = failures_.load();
  if (last == Round::failed || failures > 0) {
    const auto doubled = first_pause * (std::int64_t{1} << std::min<std::uint64_t>(failures, 10));
    return nap(std::min(doubled, longest_pause));
  }
  if (quiet_rounds_ <= quiet_enough) return nap(group_time);
  sleeping_.store(true, std::memory_order_seq_cst);
  if (slots_.settled() == 0) nap(sleep_time);
  sleeping_.store(false);
}

void StoreWriter::nap(milliseconds at_most) {
  pollfd wait{event_, POLLIN, 0};
  if (poll(&wait, 1, static_cast<int>(at_most.count())) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(event_, &count, sizeof count);
}

void StoreWriter::wake() {
  const std::uint64_t one = 1;
  // Cannot fail: the counter of an eventfd is far from full.
  [[maybe_unused]] const ssize_t written = ::write(event_, &one, sizeof one);
}

void StoreWriter::answer(std::uint64_t wanted, bool written) {
  {
    const std::scoped_lock lock(mutex_);
    (written ? flushed_ : refused_) = wanted;
  }
  answered_.notify_all();
}

}  // namespace sluice::ledger
