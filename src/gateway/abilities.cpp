#include "gateway/abilities.hpp"

namespace sluice {

std::optional<std::int64_t> expected_price(const config::ModelFacts* facts, const chat::Features& features,
                                           std::uint32_t cached_permille) {
  if (facts == nullptr || !facts->prices.input) return std::nullopt;
  constexpr std::uint64_t longest_answer = 1'000;
  constexpr std::uint64_t usual_answer = 500;
  const config::KnownPrices& prices = facts->prices;
  const auto prompt = static_cast<std::int64_t>(std::min<std::uint64_t>(features.prompt_tokens(), 1u << 30));
  const auto answer = static_cast<std::int64_t>(std::min(features.max_tokens.value_or(usual_answer), longest_answer));
  const std::int64_t cached = prompt * static_cast<std::int64_t>(cached_permille) / 1000;
  constexpr std::int64_t million = 1'000'000;
  return ((prompt - cached) * (*prices.input / 1000) + cached * (prices.cache_read.value_or(*prices.input) / 1000) +
          answer * (prices.output.value_or(0) / 1000)) /
         (million / 1000);
}

}  // namespace sluice
