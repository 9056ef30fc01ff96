#include <algorithm>
#include <array>

#include "chat/anthropic_messages/parts.hpp"

namespace sluice::chat::anthropic {
namespace {

struct Word {
  std::string_view word;
  Finish means;
};

constexpr std::array words{
    Word{"end_turn", Finish::stop},       Word{"stop_sequence", Finish::stop},
    Word{"max_tokens", Finish::length},   Word{"model_context_window_exceeded", Finish::length},
    Word{"tool_use", Finish::tool_calls}, Word{"refusal", Finish::content_filter},
    Word{"pause_turn", Finish::pause},    Word{"compaction", Finish::pause},
};

std::optional<Finish> meaning_of(std::string_view word) {
  const auto* const found =
      std::find_if(words.begin(), words.end(), [&](const Word& known) { return known.word == word; });
  if (found == words.end()) return std::nullopt;
  return found->means;
}

// The later count; but a bare zero does not take back what was counted before.
void merge(std::optional<std::uint64_t>& count, std::optional<std::uint64_t> later) {
  if (later && (*later != 0 || !count)) count = later;
}

}  // namespace

void Counts::read(json::Value value, std::optional<std::uint64_t>& count) {
  if (value.absent()) return;
  const auto whole = value.whole();
  if (!whole) valid_ = false;
  merge(count, whole);
}

void Counts::take(json::Value usage) {
  if (!usage.is_object()) return;
  read(usage["input_tokens"], input_);
  read(usage["cache_read_input_tokens"], cache_read_);
  read(usage["cache_creation_input_tokens"], cache_write_);
  // But a zero beside cached input says that all of the prompt came from a cache.
  const bool has_cached =
      usage["cache_read_input_tokens"].whole().value_or(0) + usage["cache_creation_input_tokens"].whole().value_or(0) >
      0;
  if (has_cached && usage["input_tokens"].whole() == 0) input_ = 0;
  const json::Value kept = usage["cache_creation"];
  read(kept["ephemeral_5m_input_tokens"], write_5m_);
  read(kept["ephemeral_1h_input_tokens"], write_1h_);
  read(usage["output_tokens"], output_);
  read(usage["output_tokens_details"]["thinking_tokens"], thinking_);
}

std::optional<Usage> Counts::usage() const {
  if (!valid_) return std::nullopt;
  Usage usage;
  usage.input = input_.value_or(0);
  usage.cache_read = cache_read_.value_or(0);
  usage.cache_write_1h = write_1h_.value_or(0);
  const std::uint64_t by_age = write_5m_.value_or(0) + usage.cache_write_1h;
  usage.cache_write = cache_write_.value_or(0) == 0 ? by_age : *cache_write_;
  usage.cache_write_1h = std::min(usage.cache_write_1h, usage.cache_write);
  const std::uint64_t output = output_.value_or(0);
  usage.reasoning = std::min(thinking_.value_or(0), output);
  usage.output = output - usage.reasoning;
  // An answer always took something: all zero is what a server says that did not count.
  if (usage == Usage{}) return std::nullopt;
  return usage;
}

void write_usage(json::Writer& out, const std::optional<Usage>& usage) {
  const Usage counts = usage.value_or(Usage{});
  out.member("input_tokens", counts.input);
  out.member("cache_creation_input_tokens", counts.cache_write);
  out.member("cache_read_input_tokens", counts.cache_read);
  if (counts.cache_write > 0) {
    const std::uint64_t hour = std::min(counts.cache_write_1h, counts.cache_write);
    out.name("cache_creation").open_object();
    out.member("ephemeral_5m_input_tokens", counts.cache_write - hour).member("ephemeral_1h_input_tokens", hour);
    out.close_object();
  }
  out.member("output_tokens", counts.all_output());
  if (counts.reasoning > 0) {
    out.name("output_tokens_details").open_object().member("thinking_tokens", counts.reasoning).close_object();
  }
}

Ending read_ending(json::Value from, bool awaits_result) {
  Ending ending;
  ending.raw = from["stop_reason"].string();
  ending.stop_sequence = from["stop_sequence"].string();
  if (!ending.raw.empty()) ending.finish = meaning_of(ending.raw).value_or(Finish::stop);
  if (awaits_result && (ending.finish == Finish::stop || ending.finish == Finish::unset)) {
    ending.finish = Finish::tool_calls;
  }
  return ending;
}

std::string_view stop_reason_of(const Ending& ending, bool has_calls, bool has_refusal, Dropped& dropped) {
  for (const Word& known : words) {
    // Clients run tools only if they are told to, whatever the provider called it.
    const bool hides_calls = known.means == Finish::stop && ending.finish == Finish::tool_calls;
    if (known.word == ending.raw && !hides_calls) return known.word;
  }
  switch (ending.finish) {
    case Finish::length:
      return "max_tokens";
    case Finish::tool_calls:
      return "tool_use";
    case Finish::content_filter:
      return "refusal";
    case Finish::pause:
      return "pause_turn";
    case Finish::error:
      drop(dropped, "finish_reason");
      break;
    case Finish::stop:
    case Finish::unset:
      break;
  }
  if (has_calls) return "tool_use";
  if (has_refusal) return "refusal";
  return ending.stop_sequence.empty() ? "end_turn" : "stop_sequence";
}

std::string read_tier(std::string_view tier) { return std::string(tier == "standard" ? "default" : tier); }

std::string_view tier_of(std::string_view tier, Dropped& dropped) {
  if (tier == "default") return "standard";
  if (tier == "standard" || tier == "priority" || tier == "batch") return tier;
  if (!tier.empty() && tier != "auto") drop(dropped, "service_tier");
  return {};
}

}  // namespace sluice::chat::anthropic
