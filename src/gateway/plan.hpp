#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sluice/gateway/exchange.hpp>
#include <sluice/gateway/trace.hpp>
#include <sluice/traffic/affinity.hpp>

#include "gateway/inquiry.hpp"
#include "gateway/rules.hpp"

namespace sluice {

// A target, and what was thought of it.
struct Considered {
  const Model* model = nullptr;
  const Target* target = nullptr;
  Exclusion excluded = Exclusion::none;
  std::optional<config::Capability> lacks{};  // with `capability`
  std::uint32_t first_key = 0;                // the one that would be asked with
  traffic::LaneView view{};                   // of the lane behind that key, at the time of the plan
  std::optional<std::int64_t> price{};        // nano-USD the request is expected to cost there, where that was asked
  bool is_warm = false;                       // it answered the conversation before
};

// One lane to ask.
struct Choice {
  const Model* model = nullptr;
  const Target* target = nullptr;
  std::uint32_t key = 0;  // of the provider's
  traffic::Lane& lane() const { return *target->lanes[key]; }
};

// Whom to ask for one model, in order. Memory is kept for the next plan.
struct Plan {
  std::vector<Considered> considered;  // those that may be asked first, in the order in which they are; then the others
  std::vector<Choice> choices;         // every key of every target that may be asked
  bool is_pinned = false;              // nobody but the choices can help, in no other model either
  void clear();

  // Room for sorting.
  std::vector<Considered> before;
  std::vector<traffic::Candidate> sorted;
};

struct PlanMeans {
  const traffic::AffinityTable& affinity;
  TimePoint now{};
  std::uint64_t turn = 0;    // how many requests the model has had before
  bool with_prices = false;  // also where the strategy does not need them
};

// Appends what is thought of one model's targets. Healthy ones come before shaky ones and those short of quota, and
// those whose lanes are closed last, because a lane may open before it is their turn; within these, the strategy
// decides, and before it the memory of where the conversation was. A pure function of its arguments and the health of
// the lanes.
void plan_for(const Model& model, const Decision& decision, const Inquiry& inquiry, const PlanMeans& means, Plan& plan);

// What a trace keeps of it.
Trace::Target traced(const Considered& considered);

// In words for explanations and traces: "residency us is not one of eu, on-premises".
std::string reason_of(const Considered& considered, const Decision& decision);

// The key under which the lane that gave an answer is remembered.
std::uint64_t key_of_answer(std::string_view answer_id, const Key* caller, std::uint64_t hash_key);

}  // namespace sluice
