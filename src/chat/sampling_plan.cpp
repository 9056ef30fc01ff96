#include "chat/sampling_plan.hpp"

#include <optional>
#include <utility>

namespace sluice::chat {
namespace {

std::string spelled(const std::optional<Number>& number) { return number ? number->spelled : std::string(); }

// 1 is what happens anyway.
bool is_choice(const std::optional<Number>& number) { return number && number->value() != 1; }

}  // namespace

SamplingPlan plan_sampling(const Sampling& wanted, const Quirks::Takes& can, bool thinks) {
  SamplingPlan plan;
  const auto lose_if = [&plan](bool is_lost, std::string_view name) {
    if (is_lost) drop(plan.lost, name);
  };
  if (can.sampling && wanted.temperature && (!thinks || !is_choice(wanted.temperature))) {
    const bool is_above = wanted.temperature->value() > 1;
    plan.temperature = is_above ? "1" : wanted.temperature->spelled;
    lose_if(is_above, "temperature");
  } else {
    lose_if(is_choice(wanted.temperature), "temperature");
  }
  const bool has_room = can.sampling && (can.both || plan.temperature.empty());
  if (has_room && wanted.top_p && (!thinks || wanted.top_p->value() >= 0.95)) {
    plan.top_p = wanted.top_p->spelled;
  } else {
    lose_if(is_choice(wanted.top_p), "top_p");
  }
  if (can.sampling && !thinks) {
    plan.top_k = spelled(wanted.top_k);
  } else {
    lose_if(wanted.top_k.has_value(), "top_k");
  }
  return plan;
}

SamplingPlan sampling_as_said(const Sampling& wanted) {
  return {spelled(wanted.temperature), spelled(wanted.top_p), spelled(wanted.top_k), {}};
}

}  // namespace sluice::chat
