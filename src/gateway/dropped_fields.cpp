#include "gateway/dropped_fields.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace sluice {
namespace {

constexpr std::size_t longest_list = 1024;  // bytes

// The members a metric may name; callers can make up any others.
constexpr std::array<std::string_view, 66> known_fields{"cache_control",
                                                        "dimensions",
                                                        "embedding_types",
                                                        "encoding_format",
                                                        "finish_reason",
                                                        "frequency_penalty",
                                                        "include_reasoning",
                                                        "input_type",
                                                        "logit_bias",
                                                        "logprobs",
                                                        "max_tokens",
                                                        "max_tokens_per_doc",
                                                        "messages.annotations",
                                                        "messages.cache_control",
                                                        "messages.citations",
                                                        "messages.extra_content",
                                                        "messages.file",
                                                        "messages.image_url",
                                                        "messages.image_url.detail",
                                                        "messages.input_audio",
                                                        "messages.is_error",
                                                        "messages.name",
                                                        "messages.position",
                                                        "messages.reasoning",
                                                        "messages.reasoning.signature",
                                                        "messages.refusal",
                                                        "messages.server_tool_use",
                                                        "messages.system",
                                                        "messages.tool",
                                                        "messages.tool_calls",
                                                        "messages.tool_calls.extra_content",
                                                        "messages.video_url",
                                                        "metadata",
                                                        "min_p",
                                                        "n",
                                                        "parallel_tool_calls",
                                                        "presence_penalty",
                                                        "reasoning",
                                                        "reasoning.enabled",
                                                        "reasoning.exclude",
                                                        "reasoning.max_tokens",
                                                        "reasoning.summary",
                                                        "reasoning_effort",
                                                        "response_format",
                                                        "response_format.description",
                                                        "response_format.schema",
                                                        "response_format.strict",
                                                        "seed",
                                                        "service_tier",
                                                        "stop",
                                                        "stop_sequence",
                                                        "store",
                                                        "system_fingerprint",
                                                        "temperature",
                                                        "title",
                                                        "tool_choice",
                                                        "tools",
                                                        "tools.cache_control",
                                                        "tools.custom",
                                                        "tools.strict",
                                                        "top_k",
                                                        "top_logprobs",
                                                        "top_p",
                                                        "truncate",
                                                        "user",
                                                        "verbosity"};

}  // namespace

void append_dropped(std::string& list, const chat::Dropped& names) {
  for (const std::string& name : names) {
    if (list.ends_with(chat::more_dropped)) return;
    if (!list.empty()) list += ", ";
    if (list.size() + name.size() > longest_list) {
      list += chat::more_dropped;
      return;
    }
    for (const char c : name) {
      const bool harmless = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
      list += harmless ? c : '?';
    }
  }
}

void count_dropped(const chat::Dropped& names, Label provider, WorkerMetrics& metrics, Metrics& labels) {
  for (const std::string& name : names) {
    const bool known = std::find(known_fields.begin(), known_fields.end(), name) != known_fields.end();
    metrics.field_dropped(provider, known ? labels.label(name) : labels::other);
  }
}

}  // namespace sluice
