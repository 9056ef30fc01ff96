#include "net/connection.hpp"

#include <algorithm>
#include <utility>

#include "net/unframe.hpp"

namespace sluice::net {
namespace {

constexpr std::size_t read_room = 4 * 1024;
constexpr int most_interim = 10;  // 1xx heads before the final one
// Bytes read without letting others have a turn. Also the most that more() brings at once, so that whoever has a limit
// on what is pending passes it by no more than that.
constexpr std::size_t fair_share = 256 * 1024;
constexpr Duration write_limit = std::chrono::seconds(10);  // without the provider taking a byte

}  // namespace

Connection::Connection(LoopParts& loop, Account account, Stream stream, Connection::Home& home, ConnectionId id)
    : loop_(loop), stream_(std::move(stream)), home_(home), id_(id), born_(loop.now()), in_(loop.buffers, account) {
  fields_.resize(http::default_response_limits.fields);
}

Error Connection::broke(Outcome outcome) const {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error",
               outcome == Outcome::truncated ? "The provider's answer ended too early."
                                             : "The connection to the provider broke.")
      .with_outcome(outcome)
      .worth_retrying();
}

Error Connection::silence(std::string_view what) const {
  return Error(Fault::upstream_timeout, Blame::upstream, "upstream_timeout", std::string(what))
      .with_outcome(Outcome::timeout)
      .worth_retrying();
}

Async<> Connection::open(const Outgoing& outgoing, const Deadlines& deadlines, Stop& stop) {
  stop_ = &stop;
  idle_ = deadlines.idle;
  total_ = deadlines.total;
  ++calls_;
  unseen_ = true;
  drained_ = true;  // nothing can be there yet
  broken_ = true;   // until the head is there
  was_quiet_ = false;
  interim_ = 0;
  content_ = 0;
  in_.consume(in_.size());
  const Result<> written = co_await write_request(outgoing, deadlines);
  if (!written) co_return written.error();
  const Result<> read = co_await read_head(std::min(loop_.now() + deadlines.first_byte, total_));
  if (!read) co_return read.error();
  broken_ = false;
  co_return Ok{};
}

Async<> Connection::write_request(const Outgoing& outgoing, const Deadlines& deadlines) {
  if (outgoing.sent != nullptr) *outgoing.sent = true;
  Gather pieces;
  pieces.add(outgoing.head);
  pieces.add(outgoing.body);
  Result<bool> written = co_await write(pieces, deadlines);
  while (written && *written && outgoing.rest != nullptr) {
    const Result<std::string_view> piece = co_await outgoing.rest->next_piece();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    Gather more;
    more.add(*piece);
    written = co_await write(more, deadlines);
  }
  if (!written) co_return written.error();
  // It may have answered before it closed (413, say): then that answer counts.
  if (!*written) drained_ = false;
  co_return Ok{};
}

Async<bool> Connection::write(Gather pieces, const Deadlines& deadlines) {
  while (!pieces.empty()) {
    const Tried tried = stream_.write(pieces);
    if (tried.state == Tried::State::done) continue;
    if (!tried.blocked()) co_return false;
    const TimePoint deadline = std::min({loop_.now() + std::min(write_limit, deadlines.first_byte), total_});
    const Result<> ready = co_await wait(tried.direction(), deadline, "The provider stopped reading the request.");
    if (!ready) co_return ready.error();
  }
  co_return true;
}

Async<> Connection::wait(Direction direction, TimePoint deadline, std::string_view what) {
  const Woken woken = co_await Wait(loop_, stream_.socket(), direction, deadline, stop_);
  if (woken == Woken::ready) co_return Ok{};
  if (woken == Woken::stopped) co_return stop_->error();
  co_return silence(what);
}

Tried Connection::fill() {
  const std::size_t room = std::min(in_.room().size(), fair_share);
  const Tried tried = stream_.read(in_.room().first(room));
  if (tried.state == Tried::State::done) {
    in_.added(tried.bytes);
    unsuspended_ += tried.bytes;
    unseen_ = false;
    drained_ = tried.bytes < room;
  } else if (tried.blocked()) {
    drained_ = true;
  }
  return tried;
}

Async<> Connection::read_head(TimePoint deadline) {
  bool complete = false;
  while (!complete) {
    if (std::exchange(drained_, false)) {
      const Result<> ready = co_await wait(Direction::read, deadline, "The provider took too long to answer.");
      if (!ready) co_return ready.error();
    }
    if (!in_.reserve(read_room)) co_return broke(Outcome::reset);
    const Tried tried = fill();
    if (tried.blocked()) continue;
    if (tried.state != Tried::State::done) co_return broke(Outcome::reset);
    const Result<> taken = take_head(complete);
    if (!taken) co_return taken.error();
  }
  co_return Ok{};
}

// Parses what is there; interim heads are dropped.
Result<> Connection::take_head(bool& complete) {
  http::ResponseReader reader(http::default_response_limits, fields_);
  http::Refusal why;
  while (interim_ <= most_interim) {
    const http::Step step = reader.read(in_.bytes(), head_, why);
    if (step == http::Step::more) return Ok{};
    if (step == http::Step::refused) break;
    if (head_.status >= 200) {
      body_ = http::BodyReader(head_.framing, head_.length);
      complete = true;
      return Ok{};
    }
    ++interim_;
    in_.consume(head_.bytes);
    reader.reset();
    if (in_.empty() && interim_ <= most_interim) return Ok{};
  }
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "The provider's answer is not valid HTTP.")
      .with_outcome(Outcome::reset)
      .worth_retrying();
}

Async<Call::Arrival> Connection::more(TimePoint wake) {
  if (head_.bytes > 0) {
    in_.consume(head_.bytes);
    head_.bytes = 0;
  }
  if (!std::exchange(was_quiet_, false)) quiet_since_ = loop_.now();
  const TimePoint silent = quiet_since_ + idle_;
  // A provider that is always ahead of us must neither outrun the deadline nor keep the loop to itself.
  if (stop_->requested() || loop_.now() >= total_) {
    broken_ = true;
    co_return stop_->requested() ? stop_->error() : silence("The provider's answer took too long.");
  }
  if (unsuspended_ > fair_share) {
    unsuspended_ = 0;
    co_await Yield(loop_);
  }
  for (;;) {
    const Result<bool> grew = take_content();
    if (!grew) co_return grew.error();
    if (*grew) co_return Arrival::data;
    if (body_.done()) co_return Arrival::end;
    if (drained_) {
      if (in_.empty()) in_.release();
      unsuspended_ = 0;
      const TimePoint deadline = std::min({silent, total_, wake});
      const Woken woken = co_await Wait(loop_, stream_.socket(), Direction::read, deadline, stop_);
      if (woken == Woken::expired && deadline == wake) {
        was_quiet_ = true;
        co_return Arrival::quiet;
      }
      if (woken != Woken::ready) broken_ = true;
      if (woken == Woken::stopped) co_return stop_->error();
      if (woken == Woken::expired) co_return silence("The provider stopped answering.");
    }
    if (in_.room().empty() && !in_.reserve(std::max(read_room, in_.size()))) {
      broken_ = true;
      co_return Error(Fault::unavailable, Blame::gateway, "service_unavailable",
                      "The gateway holds as many bodies as it may; try again shortly.");
    }
    const Tried tried = fill();
    if (tried.state == Tried::State::done || tried.blocked()) continue;
    if (tried.state == Tried::State::ended && body_.finish()) co_return Arrival::end;
    broken_ = true;
    co_return broke(tried.state == Tried::State::ended ? Outcome::truncated : Outcome::reset);
  }
}

// Turns raw bytes into content, in place. True if there is more content than before.
Result<bool> Connection::take_content() {
  if (in_.size() == content_ || body_.done()) return false;
  const std::size_t before = content_;
  const Unframed taken = unframe(in_, content_, body_);
  content_ = taken.content;
  if (taken.step != http::Step::refused) return content_ > before;
  broken_ = true;
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "The provider's answer is not valid HTTP.")
      .with_outcome(Outcome::truncated)
      .worth_retrying();
}

void Connection::consume(std::size_t bytes) {
  in_.consume(bytes);
  content_ -= bytes;
}

Async<> Connection::collect(std::size_t limit) {
  const auto too_large = [] {
    return Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "The provider's answer is too large.")
        .with_outcome(Outcome::server_error)
        .worth_retrying();
  };
  if (body_.known_remaining() > limit) co_return too_large();
  for (;;) {
    const Result<Arrival> arrival = co_await more(TimePoint::max());
    if (!arrival) co_return arrival.error();
    if (content_ > limit) co_return too_large();
    if (*arrival == Arrival::end) co_return Ok{};
  }
}

void Connection::give_back() {
  // Only a message whose end was seen, with nothing behind it, leaves the connection in a known state.
  const bool reusable = !broken_ && body_.done() && head_.framing != http::Framing::until_close && head_.keep_alive &&
                        head_.bytes + content_ >= in_.size();
  stop_ = nullptr;
  in_.consume(in_.size());
  in_.release();
  content_ = 0;
  home_.returned(*this, reusable);
}

bool Connection::gone_stale() {
  char byte = 0;
  return !stream_.read({&byte, 1}).blocked();
}

}  // namespace sluice::net
