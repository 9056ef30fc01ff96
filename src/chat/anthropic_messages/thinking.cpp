#include "chat/anthropic_messages/parts.hpp"

namespace sluice::chat::anthropic {

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
