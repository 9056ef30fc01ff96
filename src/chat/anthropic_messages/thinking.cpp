#include <algorithm>
#include <array>

#include "chat/anthropic_messages/parts.hpp"

namespace sluice::chat::anthropic {
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

// Whether the last turn called a tool without a thought that could be sent back: a model that thinks to a budget
// refuses to go on from there.
bool lacks_thought(const Request& request) {
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role != Role::assistant) continue;
    bool called = false;
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

ThinkingPlan as_it_stands(const Reasoning& wanted) {
  ThinkingPlan plan{.effort = wanted.effort};
  if (wanted.adaptive) {
    plan.mode = ThinkingPlan::Mode::adaptive;
  } else if (wanted.enabled) {
    plan.mode = *wanted.enabled ? ThinkingPlan::Mode::enabled : ThinkingPlan::Mode::disabled;
    plan.budget = wanted.budget_tokens;
  }
  return plan;
}

ThinkingPlan translated(const Request& request, const ModelCan& can, std::uint64_t max_tokens) {
  const Reasoning& wanted = request.reasoning;
  const bool is_off = wanted.effort == "none" || wanted.enabled == false || wanted.budget_tokens == 0U;
  const bool is_on = !wanted.effort.empty() || wanted.enabled || wanted.adaptive || wanted.budget_tokens;
  if (!is_on) return {};
  if (is_off) return {.mode = ThinkingPlan::Mode::disabled};
  if (!can.think || is_forced(request.tool_choice)) return {.is_lost = true};
  ThinkingPlan plan;
  if (wanted.budget_tokens) {
    plan = budgeted(*wanted.budget_tokens, max_tokens);
  } else if (can.choose_effort) {
    plan = {.mode = ThinkingPlan::Mode::adaptive, .effort = wanted.effort == "minimal" ? "low" : wanted.effort};
  } else {
    plan = budgeted(std::min(max_tokens / 100 * share_of(wanted.effort), most_budget), max_tokens);
  }
  if (plan.mode == ThinkingPlan::Mode::enabled && lacks_thought(request)) return {.is_lost = true};
  return plan;
}

}  // namespace

ThinkingPlan plan_thinking(const Request& request, const ModelCan& can, std::uint64_t max_tokens) {
  if (request.dialect == dialect_name) return as_it_stands(request.reasoning);
  return translated(request, can, max_tokens);
}

void write_thinking(json::Writer& out, const ThinkingPlan& plan, const Reasoning& wanted) {
  if (plan.mode == ThinkingPlan::Mode::unsaid) return;
  out.name("thinking").open_object();
  if (plan.mode == ThinkingPlan::Mode::disabled) {
    out.member("type", "disabled").close_object();
    return;
  }
  out.member("type", plan.mode == ThinkingPlan::Mode::adaptive ? "adaptive" : "enabled");
  if (plan.budget) out.member("budget_tokens", *plan.budget);
  if (wanted.include_thoughts) {
    out.member("display", *wanted.include_thoughts ? "summarized" : "omitted");
  } else if (!wanted.summary.empty()) {
    out.member("display", "summarized");
  }
  out.close_object();
}

}  // namespace sluice::chat::anthropic
