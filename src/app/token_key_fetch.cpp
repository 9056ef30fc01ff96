#include "app/token_key_fetch.hpp"

#include <algorithm>
#include <utility>

namespace sluice::app {
namespace {

Error no_key_set(std::string why) {
  return Error(Fault::upstream_failed, Blame::upstream, "token_keys_unavailable", std::move(why));
}

}  // namespace

TokenKeyFetch::TokenKeyFetch(Errands& errands, Errand errand, const Clock& clock, Log& log, double spread, Told told)
    : errands_(errands),
      errand_(std::move(errand)),
      clock_(clock),
      log_(log),
      told_(std::move(told)),
      schedule_(spread) {}

void TokenKeyFetch::begin() {
  errands_.post([self = weak_from_this()] {
    if (const auto fetch = self.lock()) fetch->fetch_if_due();
  });
}

// Looks come at the times that were once planned, too early ones included, and find what is due by then.
void TokenKeyFetch::plan() {
  const TimePoint due = schedule_.due();
  if (is_fetching_ || (planned_ && *planned_ <= due)) return;
  planned_ = due;
  errands_.post_at(due, [self = weak_from_this(), due] {
    const auto fetch = self.lock();
    if (fetch == nullptr) return;
    if (fetch->planned_ == due) fetch->planned_.reset();
    fetch->fetch_if_due();
  });
}

void TokenKeyFetch::fetch_if_due() {
  const TimePoint now = clock_.now();
  if (is_fetching_) return;
  if (now < schedule_.due()) return plan();
  is_fetching_ = true;
  schedule_.began(now);
  errands_.run(errand_, [self = weak_from_this()](Result<ErrandAnswer> answer) {
    if (const auto fetch = self.lock()) fetch->answered(std::move(answer));
  });
}

void TokenKeyFetch::wanted() {
  schedule_.wanted(clock_.now());
  fetch_if_due();
}

void TokenKeyFetch::answered(Result<ErrandAnswer> answer) {
  is_fetching_ = false;
  is_wanted_ = false;
  const TimePoint now = clock_.now();
  const Result<> taken = take(answer);
  if (taken) {
    schedule_.fetched(now, credential::max_age_in(answer->cache_control));
    if (std::exchange(in_trouble_, false)) log_.info("the identity provider's keys can be fetched again");
    tell(set_);
    last_ = now.time_since_epoch().count();
    ++fetched_;
  } else {
    schedule_.failed(now);
    ++failed_;
    if (!std::exchange(in_trouble_, true)) {
      log_.error(set_ != nullptr ? "the identity provider's keys cannot be fetched; those known stay in force for a day"
                                 : "the identity provider's keys cannot be fetched; no token is accepted without them",
                 {{"reason", taken.error().message()}});
    }
  }
  plan();
}

// Keys that are still the same are the same object, so that nobody need look at tokens again.
Result<> TokenKeyFetch::take(const Result<ErrandAnswer>& answer) {
  if (!answer) return answer.error();
  if (answer->status != 200) return no_key_set("the answer was " + std::to_string(answer->status));
  const Digest text = sha256(answer->body);
  if (set_ != nullptr && text == text_) return Ok{};
  auto set = credential::KeySet::read(answer->body);
  if (!set) return std::move(set).error();
  set_ = *std::move(set);
  text_ = text;
  return Ok{};
}

void TokenKeyFetch::tell(std::shared_ptr<const credential::KeySet> set) {
  auto keys = std::make_shared<TokenKeys>();
  keys->set = std::move(set);
  keys->as_of = clock_.now();
  keys->want = [self = weak_from_this()] {
    const auto fetch = self.lock();
    if (fetch == nullptr || fetch->is_wanted_.exchange(true)) return;
    fetch->errands_.post([self] {
      if (const auto still = self.lock()) still->wanted();
    });
  };
  told_(this, std::move(keys));
}

Gauges::TokenKeys TokenKeyFetch::gauges(TimePoint now) const {
  Gauges::TokenKeys gauges;
  gauges.fetched = fetched_;
  gauges.failed = failed_;
  const TimePoint last{Duration(last_.load())};
  if (gauges.fetched > 0) gauges.age = std::chrono::duration<double>(std::max(now - last, Duration::zero())).count();
  return gauges;
}

}  // namespace sluice::app
