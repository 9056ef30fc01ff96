#include "chat/thinking_plan.hpp"

#include <algorithm>
#include <array>

#include <sluice/base/text.hpp>

namespace sluice::chat {
namespace {

constexpr std::uint64_t least_budget = 1024;
constexpr std::uint64_t most_budget = 32'000;

// How many hundredths of all tokens an effort may take.
std::uint64_t share_of(std::string_view effort) {
  struct Share {
    std::string_view effort;
    std::uint64_t hundredths;
  };
  constexpr std::array shares{Share{"minimal", 10}, Share{"low", 20}, Share{"high", 80}, Share{"xhigh", 95},
                              Share{"max", 95}};
  for (const Share& known : shares) {
    if (known.effort == effort) return known.hundredths;
  }
  return 50;
}

bool is_forced(const ToolChoice& choice) {
  return choice.mode == ToolChoice::Mode::required || choice.mode == ToolChoice::Mode::named;
}

// Whether the last turn called a tool, or is to be gone on with, without a thought that could be sent back: a model
// that thinks to a budget refuses to go on from there.
bool lacks_thought(const Request& request) {
  bool is_last = true;
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    is_last = is_last && message->role != Role::user && message->role != Role::tool;
    if (message->role != Role::assistant) continue;
    bool called = is_last;
    for (const Part& part : message->parts) {
      const auto* const thought = std::get_if<Thinking>(&part.what);
      if (thought != nullptr && thought->format == thinking_format::anthropic) return false;
      called = called || std::holds_alternative<ToolCall>(part.what);
    }
    return called;
  }
  return false;
}

ThinkingPlan budgeted(std::uint64_t budget, std::uint64_t max_tokens) {
  if (max_tokens <= least_budget) return {.is_lost = true};
  return {.mode = ThinkingPlan::Mode::enabled, .budget = std::clamp(budget, least_budget, max_tokens - 1)};
}

// The effort for which a budget would be that large; only a word is left to say it.
std::string_view effort_of(std::uint64_t budget) {
  constexpr std::uint64_t low = 4096;
  constexpr std::uint64_t medium = 16384;
  return budget <= low ? "low" : budget <= medium ? "medium" : "high";
}

// An effort in the words such a model knows.
void choose_effort(std::string_view wanted, const Quirks::Takes& can, ThinkingPlan& plan) {
  plan.effort = wanted == "minimal" ? "low" : wanted;
  plan.is_less = (wanted == "xhigh" && !can.xhigh) || (wanted == "max" && !can.max);
  if (plan.is_less) plan.effort = wanted == "max" && can.xhigh ? "xhigh" : "high";
}

ThinkingPlan plan_of(const Reasoning& wanted, const Quirks::Takes& can, std::uint64_t max_tokens) {
  ThinkingPlan plan;
  if (wanted.budget_tokens && can.budget) return budgeted(*wanted.budget_tokens, max_tokens);
  std::string_view effort = wanted.effort;
  if (effort.empty() && wanted.budget_tokens) {
    effort = effort_of(*wanted.budget_tokens);
    plan.is_vague = true;
  }
  if (can.adaptive) {
    plan.mode = ThinkingPlan::Mode::adaptive;
  } else {
    plan = budgeted(std::min(max_tokens / 100 * share_of(effort), most_budget), max_tokens);
  }
  if (effort.empty() || plan.is_lost) return plan;
  if (can.effort) choose_effort(effort, can, plan);
  plan.is_less = plan.is_less || (!can.effort && can.adaptive);
  return plan;
}

}  // namespace

Quirks::Takes takes_of(const Quirks& quirks, std::string_view model) {
  for (const Quirks::Model& known : quirks.models) {
    const bool fits = std::any_of(known.patterns.begin(), known.patterns.end(),
                                  [&](const std::string& pattern) { return glob_matches(pattern, model); });
    if (fits) return known.takes;
  }
  return {};
}

ThinkingPlan plan_thinking(const Request& request, const Quirks::Takes& can, std::uint64_t max_tokens) {
  const Reasoning& wanted = request.reasoning;
  const bool is_off = wanted.effort == "none" || wanted.enabled == false || wanted.budget_tokens == 0U;
  const bool is_on = !wanted.effort.empty() || wanted.enabled || wanted.adaptive || wanted.budget_tokens;
  if (!is_on) return {};
  const bool cannot = !can.budget && !can.adaptive;
  if (is_off) return cannot ? ThinkingPlan{} : ThinkingPlan{.mode = ThinkingPlan::Mode::disabled};
  if (cannot || is_forced(request.tool_choice)) return {.is_lost = true};
  ThinkingPlan plan = plan_of(wanted, can, max_tokens);
  if (plan.mode == ThinkingPlan::Mode::enabled && lacks_thought(request)) return {.is_lost = true};
  return plan;
}

ThinkingPlan thinking_as_said(const Reasoning& wanted) {
  ThinkingPlan plan{.effort = wanted.effort};
  if (wanted.adaptive) {
    plan.mode = ThinkingPlan::Mode::adaptive;
  } else if (wanted.enabled) {
    plan.mode = *wanted.enabled ? ThinkingPlan::Mode::enabled : ThinkingPlan::Mode::disabled;
    plan.budget = wanted.budget_tokens;
  }
  return plan;
}

}  // namespace sluice::chat
