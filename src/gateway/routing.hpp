#pragma once

#include <optional>

#include "gateway/inquiry.hpp"
#include "gateway/plan.hpp"
#include "gateway/rules.hpp"

namespace sluice {

// What became of a choice.
enum class ChoiceState : std::uint8_t {
  untried,
  full,    // it had enough to do
  failed,  // in a way that may pass
  spent,   // it is of no use to ask again
};

// All that is thought of one request before and while its targets are asked. Written by route and fall_back.
struct Routing {
  std::optional<Inquiry> inquiry;
  Decision decision;
  Plan plan;
  Trace trace;
  std::vector<const Model*> models;        // in the order in which they are asked
  std::vector<const Provider*> providers;  // that were asked
  std::vector<ChoiceState> states;         // of the plan's choices

  void clear() {
    inquiry.reset();
    decision = {};
    plan.clear();
    trace.clear();
    models.clear();
    providers.clear();
    states.clear();
  }
};

}  // namespace sluice
