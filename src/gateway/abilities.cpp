#include "gateway/abilities.hpp"

namespace sluice {

ledger::NanoUsd expected_price(const ledger::Price& price, const chat::Features& features,
                               std::uint32_t cached_permille) {
  constexpr std::uint64_t longest_answer = 1'000;
  constexpr std::uint64_t usual_answer = 500;
  constexpr std::uint64_t longest_prompt = 1u << 30;
  const std::uint64_t prompt = std::min(features.prompt_tokens(), longest_prompt);
  ledger::Counts counts;
  counts.cache_read = prompt * cached_permille / 1000;
  counts.input = prompt - counts.cache_read;
  counts.output = std::min(features.max_tokens.value_or(usual_answer), longest_answer);
  return ledger::cost_of(price, counts);
}

}  // namespace sluice
