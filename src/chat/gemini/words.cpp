#include <algorithm>
#include <array>
#include <charconv>

#include <sluice/base/text.hpp>

#include "chat/gemini/parts.hpp"

namespace sluice::chat::generate_content {
namespace {

constexpr bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_small(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string snake(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (is_capital(c)) text += '_';
    text += is_capital(c) ? static_cast<char>(c | 0x20) : c;
  }
  return text;
}

struct Word {
  std::string_view word;
  Finish means;
};

// In the order of their numbers where a server sends numbers; the last ones have none.
constexpr std::array finish_words{
    Word{"FINISH_REASON_UNSPECIFIED", Finish::unset},
    Word{"STOP", Finish::stop},
    Word{"MAX_TOKENS", Finish::length},
    Word{"SAFETY", Finish::content_filter},
    Word{"RECITATION", Finish::content_filter},
    Word{"OTHER", Finish::error},
    Word{"BLOCKLIST", Finish::content_filter},
    Word{"PROHIBITED_CONTENT", Finish::content_filter},
    Word{"SPII", Finish::content_filter},
    Word{"MALFORMED_FUNCTION_CALL", Finish::error},
    Word{"MODEL_ARMOR", Finish::content_filter},
    Word{"IMAGE_SAFETY", Finish::content_filter},
    Word{"IMAGE_PROHIBITED_CONTENT", Finish::content_filter},
    Word{"IMAGE_RECITATION", Finish::content_filter},
    Word{"IMAGE_OTHER", Finish::content_filter},
    Word{"UNEXPECTED_TOOL_CALL", Finish::error},
    Word{"NO_IMAGE", Finish::error},
    Word{"LANGUAGE", Finish::content_filter},
    Word{"TOO_MANY_TOOL_CALLS", Finish::error},
    Word{"MISSING_THOUGHT_SIGNATURE", Finish::error},
    Word{"MALFORMED_RESPONSE", Finish::error},
    Word{"JAILBREAK", Finish::content_filter},
    Word{"BLOCKED_REASON_UNSPECIFIED", Finish::content_filter},
};

constexpr std::array<std::string_view, 7> block_words{
    "BLOCKED_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "MODEL_ARMOR", "JAILBREAK"};

const Word* known(std::string_view word) {
  const auto* const found =
      std::find_if(finish_words.begin(), finish_words.end(), [&](const Word& each) { return each.word == word; });
  return found == finish_words.end() ? nullptr : found;
}

}  // namespace

json::Value member(json::Value object, std::string_view name) {
  json::Value value = object[name];
  if (value.absent() && std::any_of(name.begin(), name.end(), is_capital)) value = object[snake(name)];
  return value.absent() ? json::Value() : value;
}

std::string camel(std::string_view name) {
  std::string text;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool joint = name[at] == '_' && at > 0 && at + 1 < name.size() && is_small(name[at + 1]);
    text += joint ? static_cast<char>(name[++at] & ~0x20) : name[at];
  }
  return text;
}

std::vector<json::Value> items(json::Value list) {
  std::vector<json::Value> all;
  if (!list.is_array()) {
    if (!list.absent()) all.push_back(list);
    return all;
  }
  all.reserve(list.size());
  for (const json::Value item : list) all.push_back(item);
  return all;
}

std::string compact(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  bool inside = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (inside && c == '\\' && at + 1 < json.size()) {
      text += c;
      text += json[++at];
      continue;
    }
    if (c == '"') inside = !inside;
    if (inside || !json::is_space(c)) text += c;
  }
  return text;
}

Generation generation_of(std::string_view model) {
  constexpr std::string_view family = "gemini-";
  const std::size_t at = model.find(family);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = model.substr(at + family.size());
  Generation generation;
  generation.is_large = rest.find("pro") != std::string_view::npos;
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const auto number = parse_decimal(rest.substr(0, static_cast<std::size_t>(end - rest.begin())));
  generation.takes_levels = number && *number >= 3;
  generation.wants_proofs = !number || *number >= 3;  // without a number it is the newest
  generation.has_medium = !rest.starts_with("3-pro");
  if (generation.is_large) {
    generation.least_budget = 128;
    generation.most_budget = 32'768;
  } else if (rest.find("lite") != std::string_view::npos) {
    generation.least_budget = 512;
  }
  return generation;
}

std::optional<Usage> read_usage(json::Value metadata) {
  constexpr std::array<std::string_view, 6> names{"promptTokenCount",     "toolUsePromptTokenCount",
                                                  "candidatesTokenCount", "thoughtsTokenCount",
                                                  "totalTokenCount",      "cachedContentTokenCount"};
  std::array<std::uint64_t, names.size()> counts{};
  bool counted = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const json::Value value = metadata[names[i]];
    if (value.absent()) continue;
    const auto count = value.whole();
    if (!count) return std::nullopt;
    counts[i] = *count;
    counted = true;
  }
  if (!counted) return std::nullopt;
  const auto [prompt, tools, candidates, thoughts, total, cached] = counts;
  // No more than every JSON reader keeps exactly (RFC 8259 §6), also when they are added up.
  constexpr std::uint64_t greatest = std::uint64_t{1} << 53;
  if (std::max(prompt + tools, cached) + candidates + thoughts > greatest) return std::nullopt;
  Usage usage;
  usage.cache_read = cached;
  usage.input = prompt + tools > cached ? prompt + tools - cached : 0;
  usage.output = candidates;
  usage.reasoning = thoughts;
  return usage;
}

void write_usage(json::Writer& out, const Usage& usage) {
  out.member("promptTokenCount", usage.all_input());
  out.member("candidatesTokenCount", usage.output);
  out.member("totalTokenCount", usage.all_input() + usage.all_output());
  if (usage.cache_read > 0) out.member("cachedContentTokenCount", usage.cache_read);
  if (usage.reasoning > 0) out.member("thoughtsTokenCount", usage.reasoning);
}

std::string finish_word(json::Value reason) {
  const auto number = reason.whole();
  if (!number) return reason.string();
  constexpr std::size_t numbered = 17;
  return std::string(*number < numbered ? finish_words[*number].word : finish_words[0].word);
}

std::string block_word(json::Value reason) {
  const auto number = reason.whole();
  if (!number) return reason.string();
  return std::string(*number < block_words.size() ? block_words[*number] : block_words[0]);
}

Ending ending_of(std::string word, bool has_calls, bool has_content) {
  Ending ending;
  if (word.empty()) return ending;
  const Word* const found = known(word);
  ending.finish = found == nullptr ? Finish::unset : found->means;
  const bool is_vague = ending.finish == Finish::unset || word == "OTHER";
  if (is_vague) ending.finish = has_calls || has_content ? Finish::stop : Finish::error;
  // The dialect says STOP also where calls are to be answered.
  if (ending.finish == Finish::stop && has_calls) ending.finish = Finish::tool_calls;
  ending.raw = std::move(word);
  return ending;
}

std::string_view word_of(const Ending& ending, bool ours) {
  if (!ending.raw.empty() && (ours || known(ending.raw) != nullptr)) return ending.raw;
  switch (ending.finish) {
    case Finish::unset:
      return {};
    case Finish::length:
      return "MAX_TOKENS";
    case Finish::content_filter:
      return "SAFETY";
    case Finish::error:
      return "OTHER";
    default:
      return "STOP";
  }
}

std::string read_tier(json::Value metadata) {
  std::string tier = metadata["serviceTier"].string();
  std::transform(tier.begin(), tier.end(), tier.begin(),
                 [](char c) { return is_capital(c) ? static_cast<char>(c | 0x20) : c; });
  return tier == "standard" ? "default" : tier;
}

std::string_view tier_of(std::string_view tier, Dropped& dropped) {
  if (tier == "default") return "standard";
  if (tier == "standard" || tier == "flex" || tier == "priority") return tier;
  if (!tier.empty() && tier != "auto") drop(dropped, "service_tier");
  return {};
}

}  // namespace sluice::chat::generate_content
