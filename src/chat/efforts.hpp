#pragma once

#include <cstdint>
#include <string_view>

// How much a model shall think, for models of which only a word tells.
namespace sluice::chat {

// The word for a number of tokens: about what models that know both make of it.
constexpr std::string_view effort_like(std::uint64_t budget) {
  constexpr std::uint64_t low = 2'048;
  constexpr std::uint64_t medium = 12'288;
  if (budget <= low) return "low";
  return budget <= medium ? "medium" : "high";
}

}  // namespace sluice::chat
