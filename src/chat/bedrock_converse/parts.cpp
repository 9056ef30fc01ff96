#include "chat/bedrock_converse/parts.hpp"
#include "chat/call_ids.hpp"

#include <algorithm>
#include <array>

namespace sluice::chat::bedrock {
namespace {

using json::Value;
using json::Writer;

// What stands for counts where nobody knows them.
constexpr std::string_view unknown_usage = R"({"inputTokens":0,"outputTokens":0,"totalTokens":0})";

bool is_blank(std::string_view text) { return text.find_first_not_of(json::white_space) == std::string_view::npos; }

void write_reasoning(Writer& writer, const Thinking& thinking, const ThinkingForm& form) {
  writer.open_object().name("reasoningContent").open_object();
  if (!form.redacted.empty()) {
    writer.member("redactedContent", form.redacted);
  } else {
    writer.name("reasoningText").open_object();
    writer.member("text", thinking.text).member_if("signature", form.signature).close_object();
  }
  writer.close_object().close_object();
}

// Proofs of other parts than thinking: nothing a provider of this dialect could use, but the caller's to bring back.
void keep_signature(Writer& writer, std::string_view signature, std::string_view name, const Reader& reader) {
  if (signature.empty()) return;
  if (reader.is_provider) return drop(reader.dropped, name);
  write_reasoning(writer, {}, {carried_signature(signature), {}});
}

void write(Writer& writer, const Text& text, const Reader& reader) {
  const RawJson citations = own_citations(text.citations);
  if (text.citations && !citations) drop(reader.dropped, "messages.annotations");
  if (citations) {
    writer.open_object().name("citationsContent").open_object();
    if (!text.text.empty()) {
      writer.name("content").open_array().open_object().member("text", text.text).close_object().close_array();
    }
    writer.raw_member("citations", citations.bytes).close_object().close_object();
  } else {
    writer.open_object().member("text", text.text).close_object();
  }
  keep_signature(writer, text.signature, "messages.extra_content", reader);
}

void write(Writer& writer, const Media& media, const Reader& reader) {
  if (!write_media(writer, media, reader.names)) drop(reader.dropped, name_of(media.kind));
}

void write(Writer& writer, const Thinking& thinking, const Reader& reader) {
  const ThinkingForm form = form_for_caller(thinking);
  if (reader.is_provider) {
    const bool is_known = thinking.format == thinking_format::anthropic || thinking.format == dialect_name;
    const bool has_proof = !thinking.signature.empty() || !form.redacted.empty();
    // Without its proof a thought is refused by some models; whose it was cannot be told in another dialect's words.
    const bool is_wanted = has_proof ? is_known : reader.is_own && thinking.data.empty();
    if (!is_wanted) return drop(reader.dropped, "messages.reasoning");
    write_reasoning(writer, thinking, form.redacted.empty() ? ThinkingForm{thinking.signature, {}} : form);
    return;
  }
  write_reasoning(writer, thinking, form);
}

// As the service's model of itself has it: [a-zA-Z0-9_.:-]{1,64}.
std::string id_for(const std::string& id, const Reader& reader) {
  return reader.is_provider && !reader.is_own ? fitting_id(id, 64, ".:") : id;
}

void write(Writer& writer, const ToolCall& call, const Reader& reader) {
  writer.open_object().name("toolUse").open_object();
  writer.member("toolUseId", id_for(call.id, reader))
      .member("name", call.name)
      .raw_member("input", arguments_object(call));
  writer.close_object().close_object();
  keep_signature(writer, call.signature, "messages.tool_calls.extra_content", reader);
}

void write_result_piece(Writer& writer, const std::variant<Text, Media, Opaque>& piece, const Reader& reader) {
  if (const auto* text = std::get_if<Text>(&piece)) {
    if (reader.is_own || !is_blank(text->text)) writer.open_object().member("text", text->text).close_object();
    if (text->citations) drop(reader.dropped, "messages.annotations");
  } else if (const auto* media = std::get_if<Media>(&piece)) {
    const bool fits = media->kind != Media::Kind::audio && write_media(writer, *media, reader.names);
    if (!fits) drop(reader.dropped, name_of(media->kind));
  } else if (const auto* opaque = std::get_if<Opaque>(&piece)) {
    if (opaque->dialect == dialect_name) {
      writer.raw(opaque->json.bytes);
    } else {
      drop(reader.dropped, opaque->kind);
    }
  }
}

void write(Writer& writer, const ToolResult& result, const Reader& reader) {
  writer.open_object().name("toolResult").open_object();
  writer.member("toolUseId", id_for(result.call_id, reader)).name("content").open_array();
  if (result.json) writer.open_object().raw_member("json", result.json.bytes).close_object();
  for (const auto& piece : result.content) write_result_piece(writer, piece, reader);
  writer.close_array();
  // Not every model knows the member, and success is what goes without saying.
  if (result.is_error) writer.member("status", "error");
  writer.close_object().close_object();
}

void write(Writer& writer, const Refusal& refusal, const Reader& reader) {
  write(writer, Text{refusal.text, {}, {}}, reader);
}

void write(Writer& writer, const Opaque& opaque, const Reader& reader) {
  if (opaque.dialect != dialect_name) return drop(reader.dropped, opaque.kind);
  writer.raw(opaque.json.bytes);
}

struct Word {
  std::string_view raw;
  Finish finish;
};

constexpr std::array words{
    Word{"end_turn", Finish::stop},
    Word{"stop_sequence", Finish::stop},
    Word{"max_tokens", Finish::length},
    Word{"model_context_window_exceeded", Finish::length},
    Word{"tool_use", Finish::tool_calls},
    Word{"content_filtered", Finish::content_filter},
    Word{"guardrail_intervened", Finish::content_filter},
    Word{"malformed_model_output", Finish::error},
    Word{"malformed_tool_use", Finish::error},
};

// A count that may be left out. False: it is there and no count.
bool read_count(Value value, std::uint64_t& count) {
  if (value.absent()) return true;
  const auto whole = value.whole();
  count = whole.value_or(0);
  return whole.has_value();
}

}  // namespace

void write_part(Writer& writer, const Part& part, const Reader& reader) {
  const auto* const text = std::get_if<Text>(&part.what);
  // Many models refuse a text in which nothing stands; whoever writes one for this dialect knows his.
  if (reader.is_provider && !reader.is_own && text != nullptr && is_blank(text->text) && !text->citations) {
    if (part.cache) drop(reader.dropped, "messages.cache_control");
    return;
  }
  std::visit([&](const auto& what) { write(writer, what, reader); }, part.what);
  if (!part.cache) return;
  writer.open_object().name("cachePoint").open_object().member("type", "default");
  writer.member_if("ttl", part.cache->ttl).close_object().close_object();
}

std::optional<Usage> read_usage(Value usage) {
  if (usage.raw() == unknown_usage || !usage.is_object() ||
      (usage["inputTokens"].absent() && usage["outputTokens"].absent()))
    return std::nullopt;
  // Older answers have a second name for the same count.
  const auto first = [&](const char* name, const char* older) {
    return usage[name].absent() ? usage[older] : usage[name];
  };
  Usage counts;
  const bool good = read_count(usage["inputTokens"], counts.input) &&
                    read_count(usage["outputTokens"], counts.output) &&
                    read_count(first("cacheReadInputTokens", "cacheReadInputTokenCount"), counts.cache_read) &&
                    read_count(first("cacheWriteInputTokens", "cacheWriteInputTokenCount"), counts.cache_write);
  if (!good) return std::nullopt;
  for (const Value detail : usage["cacheDetails"]) {
    if (detail["ttl"].is("1h")) counts.cache_write_1h = detail["inputTokens"].whole().value_or(0);
  }
  counts.cache_write_1h = std::min(counts.cache_write_1h, counts.cache_write);
  return counts;
}

void write_usage(Writer& writer, const std::optional<Usage>& usage) {
  if (!usage) {
    writer.raw(unknown_usage);
    return;
  }
  writer.open_object();
  writer.member("inputTokens", usage->input).member("outputTokens", usage->all_output());
  writer.member("totalTokens", usage->all_input() + usage->all_output());
  writer.member("cacheReadInputTokens", usage->cache_read).member("cacheWriteInputTokens", usage->cache_write);
  if (usage->cache_write_1h > 0) {
    writer.name("cacheDetails").open_array();
    if (usage->cache_write > usage->cache_write_1h) {
      writer.open_object().member("ttl", "5m");
      writer.member("inputTokens", usage->cache_write - usage->cache_write_1h).close_object();
    }
    writer.open_object().member("ttl", "1h").member("inputTokens", usage->cache_write_1h).close_object().close_array();
  }
  writer.close_object();
}

bool is_tier(std::string_view tier) {
  return tier == "default" || tier == "priority" || tier == "flex" || tier == "reserved";
}

void write_tier(Writer& writer, std::string_view tier, Dropped& dropped) {
  if (is_tier(tier)) {
    writer.name("serviceTier").open_object().member("type", tier).close_object();
  } else if (!tier.empty() && tier != "auto") {
    drop(dropped, "service_tier");
  }
}

Ending read_ending(std::string_view stop_reason, bool has_calls) {
  Ending ending;
  ending.raw = stop_reason;
  for (const Word& word : words) {
    if (word.raw == stop_reason) ending.finish = word.finish;
  }
  const bool is_open = ending.finish == Finish::unset || ending.finish == Finish::stop;
  if (has_calls && is_open) ending.finish = Finish::tool_calls;
  if (ending.finish == Finish::unset) ending.finish = Finish::stop;
  return ending;
}

std::string_view write_ending(const Ending& ending) {
  for (const Word& word : words) {
    if (word.raw == ending.raw) return word.raw;
  }
  if (ending.finish == Finish::stop && !ending.stop_sequence.empty()) return "stop_sequence";
  for (const Word& word : words) {
    if (word.finish == ending.finish) return word.raw;
  }
  return "end_turn";
}

}  // namespace sluice::chat::bedrock
