#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/parts.hpp"
#include "chat/provider_failures.hpp"

// The small words of an answer: why it ended, what it cost, that it failed.
namespace sluice::chat::openai {
namespace {

struct Word {
  std::string_view word;
  Finish finish;
};

// As servers of this dialect say it; the first of each meaning is the dialect's own word. A word that is not listed
// is taken for a regular end.
constexpr std::array words{
    Word{"stop", Finish::stop},
    Word{"length", Finish::length},
    Word{"tool_calls", Finish::tool_calls},
    Word{"content_filter", Finish::content_filter},
    Word{"error", Finish::error},
    Word{"function_call", Finish::tool_calls},
    Word{"tool_use", Finish::tool_calls},
    Word{"model_length", Finish::length},
    Word{"max_tokens", Finish::length},
    Word{"sensitive", Finish::content_filter},
    Word{"insufficient_system_resource", Finish::error},
    Word{"network_error", Finish::error},
    Word{"abort", Finish::error},
};

}  // namespace

Finish finish_of(std::string_view word) {
  const auto* const known =
      std::find_if(words.begin(), words.end(), [&](const Word& candidate) { return candidate.word == word; });
  return known == words.end() ? Finish::stop : known->finish;
}

std::string_view word_of(const Ending& ending, bool has_calls) {
  const auto* const known = std::find_if(words.begin(), words.end(),
                                         [&](const Word& candidate) { return candidate.finish == ending.finish; });
  if (known != words.end()) return known->word;
  return has_calls && ending.finish == Finish::unset ? "tool_calls" : "stop";
}

std::optional<Usage> usage_in(json::Value root) {
  if (root["usage"].is_object()) return read_usage(root["usage"].raw());
  for (const json::Value choice : items_of(root["choices"])) {
    if (choice["usage"].is_object()) return read_usage(choice["usage"].raw());
  }
  // `x_…` is where a server of this dialect puts members of its own, in older streams the usage too.
  if (!root.is_object()) return std::nullopt;
  for (const json::Value member : root) {
    if (member["usage"].is_object() && member.name().starts_with("x_")) return read_usage(member["usage"].raw());
  }
  return std::nullopt;
}

void write_usage(const Usage& usage, json::Writer& to) {
  to.open_object().member("prompt_tokens", usage.all_input()).member("completion_tokens", usage.all_output());
  to.member("total_tokens", usage.all_input() + usage.all_output());
  to.name("prompt_tokens_details").open_object().member("cached_tokens", usage.cache_read);
  if (usage.cache_write > 0) to.member("cache_write_tokens", usage.cache_write);
  to.close_object();
  to.name("completion_tokens_details").open_object().member("reasoning_tokens", usage.reasoning).close_object();
  to.close_object();
}

bool is_failure(json::Value root) {
  const json::Value error = root["error"];
  return error.is_object() || (error.is_string() && !error.is("")) || root["object"].is("error");
}

Error unreadable(std::string_view why) {
  return chat::unreadable("The provider's answer cannot be read: " + std::string(why) + ".");
}

}  // namespace sluice::chat::openai
