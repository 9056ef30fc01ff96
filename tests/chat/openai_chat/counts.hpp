#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

// The counts that a usage object of the openai_chat dialect means, worked out by another reader than ours.
namespace sluice::chat {

inline std::uint64_t number_at(const nlohmann::json& object, const char* pointer) {
  const nlohmann::json::json_pointer where(pointer);
  if (!object.contains(where) || !object[where].is_number()) return 0;
  return object[where].get<std::uint64_t>();
}

// In the order input, cache_read, cache_write, output, reasoning; empty when there are none.
inline std::vector<std::uint64_t> expected_counts(const nlohmann::json& usage) {
  if (!usage.is_object() || !(usage.contains("prompt_tokens") || usage.contains("total_tokens"))) return {};
  const std::uint64_t total = number_at(usage, "/total_tokens");
  const std::uint64_t prompt = usage.contains("prompt_tokens") ? number_at(usage, "/prompt_tokens") : total;
  const std::uint64_t completion = number_at(usage, "/completion_tokens");
  const std::uint64_t reasoning = number_at(usage, "/completion_tokens_details/reasoning_tokens");
  const std::uint64_t cached =
      std::max({number_at(usage, "/prompt_tokens_details/cached_tokens"), number_at(usage, "/prompt_cache_hit_tokens"),
                number_at(usage, "/cached_tokens"), number_at(usage, "/num_cached_tokens")});
  const std::uint64_t written = number_at(usage, "/prompt_tokens_details/cache_write_tokens");
  const bool beside = reasoning > 0 && total == prompt + completion + reasoning;
  return {prompt > cached + written ? prompt - cached - written : 0, cached, written,
          beside ? completion : (completion > reasoning ? completion - reasoning : 0), reasoning};
}

}  // namespace sluice::chat
