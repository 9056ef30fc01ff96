#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sluice/gateway/exchange.hpp>
#include <sluice/traffic/affinity.hpp>

#include "gateway/inquiry.hpp"
#include "gateway/rules.hpp"

namespace sluice {

// Why a target is not asked, whatever its health.
enum class Exclusion : std::uint8_t {
  none,
  endpoint,    // it cannot be asked for such a thing
  provider,    // a rule wants another provider
  residency,   // a rule wants requests to stay elsewhere
  retention,   // a rule wants them kept differently
  capability,  // its model lacks what the request needs
  context,     // its model does not read that much
  pinned,      // only the one that answered before can read what the request brings
};

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
  bool with_prices = false;  // also where the strategy does not need them
};

// Appends what is thought of one model's targets. Healthy ones come before shaky ones and those short of quota, and
// those whose lanes are closed last, because a lane may open before it is their turn; within these, the strategy
// decides, and before it the memory of where the conversation was. A pure function of its arguments and the health of
// the lanes.
void plan_for(const Model& model, const Decision& decision, const Inquiry& inquiry, const PlanMeans& means, Plan& plan);

// What a request is expected to cost at a target, in nano-USD: the prompt's usual share of cached tokens is counted at
// the cache's price, the answer as long as asked for but for a thousand tokens at most. Nothing if no price is known.
std::optional<std::int64_t> expected_price(const config::ModelFacts* facts, const chat::Features& features,
                                           std::uint32_t cached_permille);

// In words for explanations and traces: "residency us is not one of eu, on-premises".
std::string reason_of(const Considered& considered, const Decision& decision);

// The key under which the lane that gave an answer is remembered.
std::uint64_t key_of_answer(std::string_view answer_id, const Key* caller, std::uint64_t hash_key);

}  // namespace sluice
