#include "net/session.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sluice/http/writer.hpp>

#include "net/body_pace.hpp"
#include "net/unframe.hpp"

namespace sluice::net {
namespace {

constexpr std::size_t read_room = 4 * 1024;      // least room for one read
constexpr std::size_t linger_bytes = 64 * 1024;  // of an unread body, before the connection closes anyway
constexpr Duration look_again_after = std::chrono::milliseconds(50);  // at a client that sent too much ahead
constexpr Duration linger_time = std::chrono::seconds(1);

}  // namespace

Session::Session(LoopParts& loop, SessionHost& host, Socket socket, std::string peer)
    : loop_(loop),
      host_(host),
      stream_(loop, std::move(socket)),
      peer_(std::move(peer)),
      watch_(loop, stream_.socket(), [this] { on_readable(); }),
      in_(loop.buffers, Account(host.load())),
      held_(Account(host.load())) {}

Detached Session::run(Ssl ssl) {
  bool good = true;
  if (ssl) {
    stream_.use_tls(std::move(ssl));
    const Result<> shaken = co_await shake_hands();
    good = static_cast<bool>(shaken);
  }
  while (good) {
    const Result<Read> read = co_await read_head();
    if (!read || *read != Read::request) break;
    const Result<> served = co_await exchange();
    good = static_cast<bool>(served);
  }
  stream_.close();
  // The watch's operation uses this object's memory; it ends now that the socket is closed.
  while (watch_.armed()) co_await watch_.readable(TimePoint::max());
  host_.ended(*this);
  delete this;
}

Async<> Session::shake_hands() {
  const TimePoint deadline = loop_.now() + host_.settings().timeouts.handshake;
  for (;;) {
    const Tried tried = stream_.handshake();
    if (tried.state == Tried::State::done) co_return Ok{};
    Woken woken = Woken::stopped;
    if (tried.blocked()) woken = co_await Wait(loop_, stream_.socket(), tried.direction(), deadline, &stop_);
    if (woken != Woken::ready) co_return Error(Fault::bad_request, Blame::client, "", "The TLS handshake failed.");
  }
}

// Reads what is there into the queue. False if nothing came; `tried` says why.
bool Session::fill(Tried& tried) {
  tried = stream_.read(in_.room());
  if (tried.state != Tried::State::done) return false;
  in_.added(tried.bytes);
  return true;
}

Async<Session::Read> Session::read_head() {
  const ServerSettings& settings = host_.settings();
  const TimePoint began = loop_.now();
  TimePoint deadline = began + settings.timeouts.idle;
  if (fields_.empty()) fields_.resize(http::default_request_limits.fields);
  http::HeadLimits limits = http::default_request_limits;
  limits.bytes = settings.limits.header;
  limits.name_paths = settings.name_paths;
  http::RequestReader reader(limits, fields_);
  http::Refusal why;
  bool first = true;
  // What was read ahead may have more behind it that the socket will not report again: TLS keeps whole records.
  // And a connection that is about to be closed may have a request in it that is on its way already.
  bool drained = in_.empty() && !host_.ending();
  for (;;) {
    if (!in_.empty()) {
      if (std::exchange(first, false)) {
        arrived_ = loop_.now();
        deadline = arrived_ + settings.timeouts.header;
      }
      const http::Step step = reader.read(in_.bytes(), head_, why);
      if (step == http::Step::done) co_return Read::request;
      if (step == http::Step::refused) {
        const Result<> told = co_await refuse(why);
        co_return Read::refused;
      }
    } else {
      in_.release();
      if (host_.ending() && drained) co_return Read::nothing;
    }
    Woken woken = Woken::ready;
    if (drained) woken = co_await watch_.readable(deadline);
    if (woken != Woken::ready) {
      if (first && woken == Woken::stopped && !stop_.requested()) {
        drained = false;  // closed for being idle: one last look
        continue;
      }
      if (first || woken == Woken::stopped) co_return Read::nothing;
      const Result<> told = co_await refuse({408, "The request head took too long."});
      co_return Read::refused;
    }
    if (!in_.reserve(std::min(read_room, settings.limits.header))) co_return Read::nothing;
    const std::size_t room = in_.room().size();
    Tried tried;
    if (!fill(tried) && !tried.blocked()) co_return Read::nothing;
    drained = tried.bytes < room;
  }
}

Async<> Session::refuse(http::Refusal why) {
  const Service::Refusal refusal = host_.service().refuse(why.status, why.reason, peer_);
  const std::string id(refusal.request_id);  // copies: another refusal may come meanwhile
  const std::string body(refusal.body);
  const std::array<http::Field, 2> fields{{{"x-request-id", id}, {"content-type", "application/json"}}};
  last_ = true;
  bytes_out_ = 0;
  stop_.reset();
  const Result<> sent = co_await send(http::HeadView{why.status, fields}, http::Slices(body));
  if (sent) {
    const Result<> drained = co_await linger();
  }
  co_return Ok{};
}

Async<> Session::exchange() {
  const std::size_t head_bytes = head_.bytes;
  request_ = {head_.method, head_.target, head_.fields, {}};
  body_ = http::BodyReader(head_.framing, head_.length);
  body_taken_ = head_.framing == http::Framing::none;
  taken_ = false;
  piece_ = 0;
  passed_on_ = 0;
  request_bytes_ = head_bytes;
  bytes_in_ = head_bytes;
  bytes_out_ = 0;
  framing_ = ReplyFraming::none;
  complete_ = false;
  continued_ = false;
  last_ = !head_.keep_alive || host_.closing();
  stop_.reset();
  in_exchange_ = true;
  if (body_taken_) watch_.arm();
  host_.exchange_began();
  const Result<> served = co_await host_.service().serve(*this, *this);
  host_.exchange_ended();
  held_.set(0);
  in_exchange_ = false;
  const bool reusable = finish_exchange();
  if (!reusable && complete_ && !stop_.requested()) {
    const Result<> drained = co_await linger();
  }
  if (!reusable) co_return Error(Fault::client_left, Blame::client, "", "The connection ends.");
  co_return Ok{};
}

// Whether another request may follow on this connection. Never with an unread body: its bytes would be
// taken for a request.
bool Session::finish_exchange() {
  staged_.give_back();
  if (!complete_ || last_ || stop_.requested()) return false;
  if (!body_taken_ && !discard_body()) return false;
  in_.consume(request_bytes_);
  request_bytes_ = 0;
  request_ = {};
  return true;
}

// Closes in a way that lets the client read our answer although it is still sending (RFC 9112 §9.6).
Async<> Session::linger() {
  stream_.finish_sending();
  const TimePoint deadline = loop_.now() + linger_time;
  std::size_t left = linger_bytes;
  in_.consume(in_.size());
  while (left > 0 && in_.reserve(read_room)) {
    Tried tried;
    if (fill(tried)) {
      left -= std::min(left, tried.bytes);
      in_.consume(in_.size());
      continue;
    }
    if (!tried.blocked()) break;
    const Woken woken = co_await watch_.readable(deadline);
    if (woken != Woken::ready) break;
  }
  co_return Ok{};
}

void Session::close_if_idle() {
  if (!in_exchange_ && in_.empty() && watch_.awaited()) watch_.interrupt();
}

void Session::stop_now() {
  // Waking may end the session, so nothing of it is touched afterwards.
  const bool awaited = watch_.awaited();
  stop_.request(StopReason::draining);  // wakes nobody if the session itself waits
  if (awaited) watch_.interrupt();
}

// During an exchange: the client left, or sends its next request already.
void Session::on_readable() {
  if (!in_exchange_) return;
  if (in_.room().empty() && (!in_.empty() || !in_.reserve(read_room))) {
    // Enough read ahead. What is left shows whether the client is still there only to poll().
    pollfd look{stream_.socket().native_handle(), POLLRDHUP, 0};
    if (::poll(&look, 1, 0) == 1) {
      stop_.request(StopReason::client_left);
    } else {
      watch_.look_again(loop_.now() + look_again_after);
    }
    return;
  }
  Tried tried;
  if (fill(tried) || tried.blocked()) {
    watch_.arm();
  } else {
    stop_.request(StopReason::client_left);
  }
}

// ---- the request's body

Error Session::malformed(std::string_view reason) const {
  return Error(Fault::bad_request, Blame::client, "invalid_request", std::string(reason));
}

Error Session::too_large() {
  last_ = true;
  return Error(Fault::too_large, Blame::client, "request_too_large",
               "The request body is larger than " + std::to_string(host_.settings().limits.body) + " bytes.");
}

bool Session::announces_too_much() const {
  return head_.framing == http::Framing::length && head_.length > host_.settings().limits.body;
}

Async<std::string_view> Session::collect() {
  if (!body_taken_) {
    if (announces_too_much()) co_return too_large();
    if (head_.framing == http::Framing::length) {
      Result<std::string_view> body = co_await collect_length();
      if (!body) co_return std::move(body).error();
      request_.body = *body;
    } else {
      Result<std::string_view> body = co_await collect_chunked();
      if (!body) co_return std::move(body).error();
      request_.body = *body;
    }
    body_taken_ = true;
    watch_.arm();
  }
  co_return request_.body;
}

Async<std::string_view> Session::collect_length() {
  const std::size_t total = request_bytes_ + static_cast<std::size_t>(head_.length);
  const TimePoint began = loop_.now();
  while (in_.size() < total) {
    const Result<> more = co_await more_body(began);
    if (!more) co_return more.error();
  }
  const std::string_view body = in_.bytes().substr(request_bytes_, static_cast<std::size_t>(head_.length));
  request_bytes_ = total;
  bytes_in_ += head_.length;
  co_return body;
}

Async<std::string_view> Session::gather(std::uint64_t bytes) {
  if (body_taken_ || head_.framing != http::Framing::length || bytes >= head_.length) co_return co_await collect();
  if (announces_too_much()) co_return too_large();
  const TimePoint began = loop_.now();
  while (in_.size() < request_bytes_ + bytes) {
    const Result<> more = co_await more_body(began);
    if (!more) co_return more.error();
  }
  piece_ = in_.size() - request_bytes_;
  if (piece_ >= head_.length) co_return co_await collect();
  co_return in_.bytes().substr(request_bytes_);
}

// What was given out is dropped from behind the head, so that the buffer stays as large as it is.
Async<std::string_view> Session::next_piece() {
  if (body_taken_) co_return std::string_view();
  if (!std::exchange(taken_, true)) bytes_in_ += piece_;
  in_.erase(request_bytes_, piece_);
  passed_on_ += std::exchange(piece_, 0);
  if (left() == 0) {
    body_taken_ = true;
    watch_.arm();
    co_return std::string_view();
  }
  const TimePoint began = loop_.now();
  while (in_.size() == request_bytes_) {
    const Result<> more = co_await more_body(began);
    if (!more) co_return more.error();
  }
  piece_ = static_cast<std::size_t>(std::min<std::uint64_t>(in_.size() - request_bytes_, left()));
  bytes_in_ += piece_;
  watch_.arm();  // whoever leaves while the provider is slow to take it is noticed
  co_return in_.bytes().substr(request_bytes_, piece_);
}

// The chunks' lines are cut out where they stand, so that the body ends up in one piece behind the head.
Async<std::string_view> Session::collect_chunked() {
  const std::uint64_t limit = host_.settings().limits.body;
  const TimePoint began = loop_.now();
  const std::size_t start = request_bytes_;
  std::size_t end = start;  // of the content so far
  for (;;) {
    const Unframed taken = unframe(in_, end, body_);
    bytes_in_ += taken.consumed;
    end = taken.content;
    if (taken.step == http::Step::refused) {
      last_ = true;
      co_return malformed(taken.why.reason);
    }
    if (end - start > limit) co_return too_large();
    if (taken.step == http::Step::done) break;
    const Result<> more = co_await more_body(began);
    if (!more) co_return more.error();
  }
  request_bytes_ = end;
  co_return in_.bytes().substr(start, end - start);
}

Async<> Session::say_continue() {
  if (!head_.expects_continue || std::exchange(continued_, true)) co_return Ok{};
  Gather pieces;
  pieces.add("HTTP/1.1 100 Continue\r\n\r\n");
  const Result<> written = co_await put(pieces);
  bytes_out_ = 0;  // an interim answer is not the answer
  if (!written) co_return written.error();
  co_return Ok{};
}

Async<> Session::more_body(TimePoint began) {
  const BodyPace pace(began);
  const ServerTimeouts& timeouts = host_.settings().timeouts;
  const char* before = in_.bytes().data();
  // Grows as the body arrives, not by what a stranger announces: four times what is there, at most what is announced.
  std::size_t room = std::max(read_room, in_.size() * 3);
  if (head_.framing == http::Framing::length) {
    const std::uint64_t missing = request_bytes_ + head_.length - passed_on_ - in_.size();
    room = std::min<std::size_t>(room, static_cast<std::size_t>(missing) + read_room);
  }
  if (in_.room().empty() && !in_.reserve(room)) {
    last_ = true;
    co_return Error(Fault::unavailable, Blame::gateway, "service_unavailable",
                    "The gateway holds as many request bodies as it may; try again shortly.");
  }
  rebase(before);
  for (;;) {
    Tried tried;
    if (fill(tried)) co_return Ok{};
    if (!tried.blocked()) {
      stop_.request(StopReason::client_left);
      co_return stop_.error();
    }
    const Result<> continued = co_await say_continue();
    if (!continued) co_return continued.error();
    const TimePoint now = loop_.now();
    Woken woken = Woken::expired;
    if (!pace.is_too_slow(in_.size() + passed_on_, now)) {
      const TimePoint check = pace.next_look(now);
      const TimePoint silent = now + timeouts.body;
      woken = co_await watch_.readable(std::min(check, silent));
      if (woken == Woken::expired && check < silent) continue;  // only time to look at the rate again
    }
    if (woken == Woken::ready) continue;
    last_ = true;
    if (woken == Woken::stopped) co_return stop_.error();
    co_return Error(Fault::request_timeout, Blame::client, "request_timeout", "The request body took too long.");
  }
}

// The buffer may have moved: the head's views follow it.
void Session::rebase(const char* before) {
  const char* now = in_.bytes().data();
  if (now == before) return;
  const auto moved = [&](std::string_view view) {
    return view.data() == nullptr ? view : std::string_view(now + (view.data() - before), view.size());
  };
  for (std::size_t i = 0; i < head_.fields.size(); ++i) {
    fields_[i].name = moved(fields_[i].name);
    fields_[i].value = moved(fields_[i].value);
  }
  head_.target = moved(head_.target);
  head_.method_text = moved(head_.method_text);
  request_.target = head_.target;
}

// Skips a body nobody asked for, if all of it is here.
bool Session::discard_body() {
  if (taken_) return false;
  std::string_view rest = in_.bytes().substr(request_bytes_);
  for (;;) {
    std::size_t consumed = 0;
    std::string_view content;
    http::Refusal why;
    const http::Step step = body_.next(rest, consumed, content, why);
    request_bytes_ += consumed;
    rest.remove_prefix(consumed);
    if (step == http::Step::done) return body_taken_ = true;
    if (step == http::Step::refused || consumed == 0) return false;
  }
}

void Session::release() {
  held_.set(0);
  if (!body_taken_ || request_bytes_ == 0) return;
  in_.consume(request_bytes_);
  request_bytes_ = 0;
  request_ = {};
  in_.release();
}

// ---- the reply

void Session::begin(http::HeadView head) {
  write_head(head, head_.http10 ? ReplyFraming::until_close : ReplyFraming::chunked, 0);
}

void Session::write_head(http::HeadView head, ReplyFraming framing, std::uint64_t length) {
  framing_ = framing;
  if (framing == ReplyFraming::until_close) last_ = true;
  // A body that nobody will read to its end would be taken for the next request.
  if (in_exchange_ && !body_taken_ && !discard_body()) last_ = true;
  if (host_.closing()) last_ = true;
  staged_.write(loop_.buffers, head, loop_.date(), framing, length, last_);
}

Async<> Session::write(http::Slices pieces) {
  if (pieces.bytes() == 0) co_return Ok{};
  std::array<char, 18> line;
  Gather gather;
  gather.add(staged_.text());
  if (framing_ == ReplyFraming::chunked) gather.add(http::chunk_line(line, pieces.bytes()));
  gather.add(pieces);
  if (framing_ == ReplyFraming::chunked) gather.add(http::chunk_end);
  Result<> written = co_await put(gather);
  staged_.give_back();
  co_return written;
}

Async<> Session::end() {
  Gather gather;
  gather.add(staged_.text());
  if (framing_ == ReplyFraming::chunked) gather.add(http::last_chunk);
  Result<> written = co_await put(gather);
  staged_.give_back();
  if (written) complete_ = true;
  co_return written;
}

Async<> Session::send(http::HeadView head, http::Slices body) {
  write_head(head, ReplyFraming::length, body.bytes());
  if (staged_.text().empty())
    co_return Error(Fault::internal, Blame::gateway, "internal_error", "The answer's head is unusable.");
  Gather gather;
  gather.add(staged_.text());
  const bool bodiless = is_bodiless(head.status) || (in_exchange_ && head_.method == http::Method::head);
  if (!bodiless) gather.add(body);
  Result<> written = co_await put(gather);
  staged_.give_back();
  if (written) complete_ = true;
  co_return written;
}

// Writes everything, waiting for a slow client as long as it takes something now and then.
Async<> Session::put(Gather pieces) {
  while (!pieces.empty()) {
    const Tried tried = stream_.write(pieces);
    bytes_out_ += tried.bytes;
    if (tried.state == Tried::State::done) continue;
    Woken woken = Woken::stopped;
    if (tried.blocked() && !stop_.requested()) {
      const TimePoint deadline = loop_.now() + host_.settings().timeouts.body;
      woken = co_await Wait(loop_, stream_.socket(), tried.direction(), deadline, &stop_);
    }
    if (woken == Woken::ready) continue;
    stop_.request(StopReason::client_left);  // broken, or it reads no more
    co_return stop_.error();
  }
  co_return Ok{};
}

}  // namespace sluice::net
