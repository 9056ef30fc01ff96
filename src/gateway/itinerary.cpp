#include "gateway/itinerary.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <sluice/traffic/retry.hpp>

namespace sluice {
namespace {

using traffic::FailureClass;

constexpr Duration look_again = std::chrono::milliseconds(10);  // while waiting in a queue

bool is_of_key(const Error& error) {
  return traffic::suspect_of(error) == traffic::Suspect::key || traffic::class_of(error) == FailureClass::rate_limited;
}

// Whether the same target may answer a moment later.
bool is_passing(const Error& error) {
  if (error.repeatable()) return *error.repeatable();
  switch (traffic::class_of(error)) {
    case FailureClass::connection:
    case FailureClass::timeout:
    case FailureClass::overloaded:
    case FailureClass::server_error:
      return !is_of_key(error);
    default:
      return false;
  }
}

}  // namespace

Itinerary::Itinerary(const Model& model, const Terms& terms, Routing& routing, const traffic::AffinityTable& affinity,
                     Random& random)
    : terms_(terms), routing_(routing), affinity_(affinity), random_(random) {
  routing_.models.push_back(&model);
}

Itinerary::Move Itinerary::next(TimePoint now) {
  pass_.reset();
  if (routing_.plan.considered.empty()) consider(*routing_.models.front(), now);
  switch (phase_) {
    case Phase::each:
      return ask_each(now);
    case Phase::waiting:
      return wait(now);
    case Phase::again:
      return ask_again(now);
    case Phase::over:
      break;
  }
  return Move::end;
}

// The attempts are used up, or the caller has given up by now.
bool Itinerary::is_over(TimePoint now) const {
  return asked_ >= terms_.attempts || (asked_ > 0 && now >= terms_.caller_waits_until);
}

void Itinerary::consider(const Model& model, TimePoint now) {
  cursor_ = routing_.plan.choices.size();
  const std::size_t seen = routing_.plan.considered.size();
  const PlanMeans means{.affinity = affinity_, .now = now, .turn = model.turn->fetch_add(1, std::memory_order_relaxed)};
  plan_for(model, routing_.decision, *routing_.inquiry, means, routing_.plan);
  for (std::size_t i = seen; i < routing_.plan.considered.size(); ++i) {
    routing_.trace.note(traced(routing_.plan.considered[i]));
  }
  routing_.states.resize(routing_.plan.choices.size());
}

Itinerary::Move Itinerary::ask_each(TimePoint now) {
  while (cursor_ < routing_.plan.choices.size() && !is_over(now) && !is_too_long_) {
    const std::size_t index = cursor_++;
    if (routing_.plan.choices[index].target == passed_over_) continue;
    if (enter(index, now)) return asking(index);
  }
  const bool nobody = !is_over(now) && !is_too_long_ && asked_ == 0;
  if (nobody && begin_waiting(now)) return wait(now);
  if (nobody && is_last_model() && !std::exchange(insists_, true)) {
    failures_ = {};
    cursor_ = 0;
    return ask_each(now);
  }
  return next_model(now);
}

bool Itinerary::is_last_model() const {
  return model_ + 1 == routing_.models.size() && (routing_.plan.is_pinned || routing_.models[model_]->fallback.empty());
}

Itinerary::Move Itinerary::next_model(TimePoint now) {
  place_.reset();
  phase_ = Phase::each;
  if (!is_over(now) && !routing_.plan.is_pinned) add_fallbacks(*routing_.models[model_]);
  if (is_over(now) || model_ + 1 >= routing_.models.size()) {
    phase_ = Phase::again;
    return ask_again(now);
  }
  consider(*routing_.models[++model_], now);
  return ask_each(now);
}

// What is too long for one is too long for those that would have come next.
void Itinerary::add_fallbacks(const Model& model) {
  std::vector<const Model*>& models = routing_.models;
  if (is_too_long_) models.resize(model_ + 1);
  for (const Model* other : is_too_long_ ? model.context_fallback : model.fallback) {
    if (std::find(models.begin(), models.end(), other) == models.end()) models.push_back(other);
  }
  is_too_long_ = false;
}

// Only where no other model may be asked instead.
bool Itinerary::begin_waiting(TimePoint now) {
  if (!is_last_model()) return false;
  const auto full = std::find(routing_.states.begin(), routing_.states.end(), ChoiceState::full);
  if (full == routing_.states.end()) return false;
  current_ = static_cast<std::size_t>(full - routing_.states.begin());
  const config::Concurrency& concurrency = choice().target->concurrency;
  auto place = choice().lane().waiting_room().enter(terms_.priority, concurrency.queue);
  if (!place) return false;
  place_.emplace(std::move(*place));
  waits_until_ = std::min(now + concurrency.wait, terms_.caller_waits_until);
  phase_ = Phase::waiting;
  return true;
}

Itinerary::Move Itinerary::wait(TimePoint now) {
  const std::size_t index = current_;
  const std::uint32_t limit = choice().target->concurrency.limit;
  const bool is_turn = place_->is_next() && choice().lane().look(now).in_flight < limit;
  if (is_turn && enter(index, now)) {
    place_.reset();
    phase_ = Phase::each;
    return asking(index);
  }
  if (now >= waits_until_ || routing_.states[index] != ChoiceState::full) return next_model(now);
  until_ = std::min(now + look_again, waits_until_);
  return Move::pause;
}

Itinerary::Move Itinerary::ask_again(TimePoint now) {
  if (repeating_) {
    const std::size_t index = *repeating_;
    repeating_.reset();
    if (!is_over(now) && enter(index, now)) return asking(index);
  }
  repeating_ = is_over(now) ? std::nullopt : next_repetition(now);
  if (!repeating_) {
    phase_ = Phase::over;
    return Move::end;
  }
  until_ = now + traffic::backoff(++repetitions_, random_);
  return Move::pause;
}

// The next one that failed in a way that passes, in the plan's order and round again.
std::optional<std::size_t> Itinerary::next_repetition(TimePoint now) {
  const std::size_t count = routing_.plan.choices.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = repetitions_ == 0 ? i : (current_ + 1 + i) % count;
    traffic::Lane& lane = routing_.plan.choices[index].lane();
    if (routing_.states[index] != ChoiceState::failed) continue;
    const traffic::LaneView view = lane.look(now);
    const bool may = view.closed == traffic::Closed::no || view.is_mostly_well;
    if (may && lane.retry_budget().withdraw()) return index;
  }
  return std::nullopt;
}

bool Itinerary::enter(std::size_t index, TimePoint now) {
  const Choice& choice = routing_.plan.choices[index];
  ChoiceState& state = routing_.states[index];
  traffic::Lane& lane = choice.lane();
  const std::uint32_t limit = choice.target->concurrency.limit;
  const bool is_queued_for = limit > 0 && !place_ && lane.waiting_room().waiting() > 0;
  // Whoever has waited for a place has nobody else to ask either, nor has who asks once more.
  const bool insists = insists_ || place_ || phase_ == Phase::again;
  if (!is_queued_for) pass_ = insists ? lane.insist(now) : lane.enter(now);
  if (is_queued_for || (pass_ && limit > 0 && lane.look(now).in_flight > limit)) {
    pass_.reset();
    state = ChoiceState::full;
    failures_.add_full();
    return false;
  }
  if (pass_) return true;
  // What failed a moment ago has been counted with its error.
  if (state != ChoiceState::failed) failures_.add(lane.look(now), now);
  state = ChoiceState::spent;
  return false;
}

Itinerary::Move Itinerary::asking(std::size_t index) {
  current_ = index;
  ++asked_;
  const Provider* provider = choice().target->provider;
  std::vector<const Provider*>& asked = routing_.providers;
  if (std::find(asked.begin(), asked.end(), provider) == asked.end()) {
    asked.push_back(provider);
    choice().lane().retry_budget().deposit();
  }
  return Move::ask;
}

traffic::FailureClasses Itinerary::curable() const {
  traffic::FailureClasses classes;
  if (asked_ >= terms_.attempts) return classes;
  const Model& model = *choice().model;
  if (!model.context_fallback.empty() && !routing_.plan.is_pinned) classes.add(FailureClass::context_length);
  // Other keys of the same target would be told the same.
  const auto is_same = [this](const Choice& next) { return next.target == choice().target; };
  const std::span<const Choice> next = std::span(routing_.plan.choices).subspan(cursor_);
  const bool is_last = is_last_model() && std::all_of(next.begin(), next.end(), is_same);
  for (const FailureClass refusal : {FailureClass::model_not_found, FailureClass::content_refusal}) {
    if (!is_last && model.retry_on.has(refusal)) classes.add(refusal);
  }
  return classes;
}

bool Itinerary::go_on(const Error& error) {
  const FailureClass failure = traffic::class_of(error);
  if (failure == FailureClass::context_length) {
    if (!curable().has(failure)) return false;
    is_too_long_ = true;
  } else if (failure == FailureClass::other) {
    // Not a failure of the target's, but something only others can do.
    if (!error.retryable()) return false;
  } else if (!choice().model->retry_on.has(failure)) {
    return false;
  }
  routing_.states[current_] = is_passing(error) ? ChoiceState::failed : ChoiceState::spent;
  if (phase_ == Phase::each) passed_over_ = is_of_key(error) ? nullptr : choice().target;
  failures_.add(error);
  return true;
}

std::optional<Error> Itinerary::verdict() const {
  if (failures_.empty()) return std::nullopt;
  return failures_.verdict();
}

}  // namespace sluice
