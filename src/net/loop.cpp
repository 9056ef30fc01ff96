#include <sluice/net/loop.hpp>

#include <ctime>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "net/loop_parts.hpp"

namespace sluice::net {
namespace {

// A function that waits for its time on the wheel and then deletes itself.
class Postponed final : public Timer {
 public:
  explicit Postponed(std::function<void()> work) : work_(std::move(work)) {}
  void expired() override {
    const std::unique_ptr<Postponed> self(this);
    work_();
  }

 private:
  std::function<void()> work_;
};

}  // namespace

LoopParts::LoopParts(const Clock& the_clock) : clock(the_clock), context(1), wheel(the_clock.now()), ticker_(context) {}

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
  post([this, at, work = std::move(work)]() mutable {
    // Given up to the wheel until it fires; one still waiting when the loop ends is lost with it.
    parts_->schedule(*std::make_unique<Postponed>(std::move(work)).release(), at);
  });
}

}  // namespace sluice::net
