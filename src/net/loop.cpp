#include <sluice/net/loop.hpp>

#include <ctime>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "net/loop_parts.hpp"

namespace sluice::net {

// A function that waits for its time on the wheel, in the loop's list of such.
class LoopParts::Postponed final : public Timer {
 public:
  Postponed(LoopParts& loop, std::function<void()> work) : loop_(loop), work_(std::move(work)) {}
  void expired() override {
    const std::function<void()> work = std::move(work_);
    loop_.postponed_.remove_if([this](const Postponed& other) { return &other == this; });
    work();
  }

 private:
  LoopParts& loop_;
  std::function<void()> work_;
};

LoopParts::LoopParts(const Clock& the_clock) : clock(the_clock), context(1), wheel(the_clock.now()), ticker_(context) {}

LoopParts::~LoopParts() = default;

void LoopParts::postpone(TimePoint at, std::function<void()> work) {
  schedule(postponed_.emplace_back(*this, std::move(work)), at);
}

void LoopParts::schedule(Timer& timer, TimePoint at) {
  wheel.schedule(timer, at);
  if (!turning_ && wheel.size() > 0) turn();
}

// One timer of the operating system drives all deadlines, and only while there are any.
void LoopParts::turn() {
  turning_ = true;
  ticker_.expires_after(TimerWheel::tick);
  ticker_.async_wait([this](ErrorCode error) {
    if (error) return;
    turning_ = false;
    wheel.advance(clock.now());
    if (!turning_ && wheel.size() > 0) turn();
  });
}

std::string_view LoopParts::date() {
  const auto second = std::chrono::floor<std::chrono::seconds>(clock.utc()).time_since_epoch().count();
  if (second != date_second_) {
    date_second_ = second;
    const auto time = static_cast<std::time_t>(second);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return {date_.data(), 29};
}

Loop::Loop(const Clock& clock) : clock_(clock), parts_(std::make_unique<LoopParts>(clock)) {}
Loop::~Loop() = default;

void Loop::run() {
  const auto work = asio::make_work_guard(parts_->context);
  parts_->context.run();
}

void Loop::stop() { parts_->context.stop(); }

void Loop::post(std::function<void()> work) { asio::post(parts_->context, std::move(work)); }

void Loop::post_at(TimePoint at, std::function<void()> work) {
  post([this, at, work = std::move(work)]() mutable { parts_->postpone(at, std::move(work)); });
}

}  // namespace sluice::net
