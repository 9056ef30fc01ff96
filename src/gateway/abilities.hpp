#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <sluice/chat/features.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/ledger/price.hpp>

#include "gateway/names.hpp"

namespace sluice {

// What is known of what a target can do: the operator's word, else the table's.
class Abilities {
 public:
  // `model`: of the file, in which the target stands; `asked`: the caller's name for it.
  Abilities(const Target& target, const Model& model, std::string_view asked)
      : target_(target), facts_(target.facts(name_at(target, model, asked))) {}

  const config::ModelFacts* facts() const { return facts_; }
  bool has(config::Capability capability) const {
    if (target_.capabilities) return contains(*target_.capabilities, capability);
    return facts_ != nullptr && contains(facts_->can, capability);
  }
  bool lacks(config::Capability capability) const {
    if (target_.capabilities) return !contains(*target_.capabilities, capability);
    return facts_ != nullptr && contains(facts_->cannot, capability);
  }
  std::optional<std::uint64_t> context() const {
    if (target_.context) return target_.context;
    return facts_ != nullptr ? facts_->context : std::nullopt;
  }

 private:
  static bool contains(const std::vector<config::Capability>& list, config::Capability capability) {
    return std::find(list.begin(), list.end(), capability) != list.end();
  }
  const Target& target_;
  const config::ModelFacts* facts_;
};

// What a request is expected to cost at a price: the prompt's usual share of cached tokens is counted at the cache's
// rate, the answer as long as asked for but for a thousand tokens at most.
ledger::NanoUsd expected_price(const ledger::Price& price, const chat::Features& features,
                               std::uint32_t cached_permille);

}  // namespace sluice
