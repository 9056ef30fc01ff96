#include <algorithm>
#include <utility>

#include "chat/call_ids.hpp"
#include "chat/openai_chat/codec.hpp"

// The messages of a request for a provider.
namespace sluice::chat::openai {
namespace {

constexpr std::string_view item_prefix = "messages.content.";
constexpr std::string_view member_prefix = "messages.";

// Servers take "developer" for what they call "system", or do not know it.
std::string_view role_of(const Message& message, bool is_own) {
  switch (message.role) {
    case Role::system:
      return "system";
    case Role::developer:
      return is_own ? "developer" : "system";
    case Role::assistant:
      return "assistant";
    case Role::user:
    case Role::tool:
      break;
  }
  return "user";
}

bool is_member(const Opaque& opaque) {
  return opaque.kind.starts_with(member_prefix) && !opaque.kind.starts_with(item_prefix);
}

bool is_text(const Part& part) { return std::holds_alternative<Text>(part.what); }

// What a tool gave back, as one text: several texts are lines of their own.
std::string text_of(const ToolResult& result) {
  if (result.json) return result.json.bytes;
  std::string text;
  bool is_first = true;
  for (const auto& piece : result.content) {
    const auto* const words = std::get_if<Text>(&piece);
    if (words == nullptr) continue;
    if (!is_first) text += '\n';
    text += words->text;
    is_first = false;
  }
  return text;
}

bool is_one_text(const ToolResult& result) {
  return result.json || result.content.empty() ||
         (result.content.size() == 1 && std::holds_alternative<Text>(result.content.front()));
}

}  // namespace

std::string RequestWriter::id_for(const std::string& id) const {
  return quirks_.call_ids == 0 ? id : exact_id(id, quirks_.call_ids);
}

void RequestWriter::write_mark(const std::optional<CacheMark>& mark) {
  if (!mark) return;
  if (is_own()) {
    write_cache_mark(mark, to_);
  } else {
    lose("messages.cache_control");
  }
}

// Whether a part can be an item of the message's content; what can be nowhere in a message is noted.
bool RequestWriter::is_item(const Part& part) {
  if (const auto* media = std::get_if<Media>(&part.what)) {
    // Files by their URL are known to few servers.
    const bool is_foreign_file = !is_own() && media->kind == Media::Kind::document && !media->url.empty();
    if (can_write(*media) && !is_foreign_file) return true;
    lose(name_of(media->kind));
    return false;
  }
  if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
    if (opaque->dialect != dialect_name || !is_own()) {
      lose(opaque->kind);
      return false;
    }
    return !is_member(*opaque);
  }
  return is_text(part);
}

void RequestWriter::write_item(const Part& part) {
  if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
    to_.raw(opaque->json.bytes);
    return;
  }
  to_.open_object();
  if (const auto* text = std::get_if<Text>(&part.what)) to_.member("type", "text").member("text", text->text);
  if (const auto* media = std::get_if<Media>(&part.what)) write_media(*media, to_);
  write_mark(part.cache);
  to_.close_object();
}

// A string where text is all there is, which every server understands; else a list.
void RequestWriter::write_content(const Message& message) {
  std::vector<const Part*> items;
  bool has_calls = false;
  for (const Part& part : message.parts) {
    has_calls = has_calls || std::holds_alternative<ToolCall>(part.what) || std::holds_alternative<Refusal>(part.what);
    // A text with nothing but a signature has it beside the content.
    const auto* const text = std::get_if<Text>(&part.what);
    if (text != nullptr && text->citations && !is_own()) lose("messages.annotations");
    if (text != nullptr && text->text.empty() && !part.cache) continue;
    if (is_item(part)) items.push_back(&part);
  }
  to_.name("content");
  const bool all_text = std::all_of(items.begin(), items.end(), [](const Part* part) { return is_text(*part); });
  const bool has_mark =
      is_own() && std::any_of(items.begin(), items.end(), [](const Part* part) { return part->cache.has_value(); });
  if (items.empty()) {
    if (has_calls) {
      to_.null();
    } else {
      to_.string("");
    }
    return;
  }
  if (all_text && !has_mark && (items.size() == 1 || (!is_own() && message.role != Role::user))) {
    // What a model said is one text in pieces; what was said to it are paragraphs.
    const std::string_view between = message.role == Role::assistant ? "" : "\n\n";
    std::string joined;
    for (const Part* const part : items) {
      if (part != items.front()) joined += between;
      joined += std::get<Text>(part->what).text;
      if (part->cache) write_mark(part->cache);  // notes it
    }
    to_.string(joined);
    return;
  }
  to_.open_array();
  for (const Part* const part : items) write_item(*part);
  to_.close_array();
}

void RequestWriter::write_thoughts(const Message& message) {
  std::vector<const Thinking*> thoughts;
  std::string plain;
  bool have_proof = false;
  for (const Part& part : message.parts) {
    const auto* const thinking = std::get_if<Thinking>(&part.what);
    if (thinking == nullptr) continue;
    // A proof means nothing to another family of models, and most servers have no place for it. What has none is words.
    const bool is_proven = is_own() ? has_proof(*thinking) : !thinking->signature.empty() || !thinking->data.empty();
    if (is_proven && !takes_proofs()) {
      lose("messages.reasoning");
      continue;
    }
    thoughts.push_back(thinking);
    plain += thinking->text;
    have_proof = have_proof || is_proven;
  }
  if (thoughts.empty() || !allows("messages.reasoning")) return;
  to_.member_if(quirks_.name_of("reasoning_content"), plain);
  if (!have_proof && thoughts.size() == 1) return;
  if (!is_own() && !have_proof) return;
  to_.name("reasoning_details").open_array();
  std::uint64_t index = 0;
  for (const Thinking* const thinking : thoughts) write_thought(*thinking, index++, to_);
  to_.close_array();
}

void RequestWriter::write_changed(ToolCall call) {
  if (quirks_.call_ids != 0) called_[call.id] = call.name;
  call.id = id_for(call.id);
  if (!call.signature.empty() && !takes_proofs()) {
    call.signature.clear();
    lose("messages.tool_calls.extra_content");
  }
  write_call(call, std::nullopt, to_);
}

void RequestWriter::write_calls(const Message& message) {
  bool has_calls = false;
  for (const Part& part : message.parts) {
    const auto* const call = std::get_if<ToolCall>(&part.what);
    if (call == nullptr) continue;
    if (!has_calls) to_.name("tool_calls").open_array();
    has_calls = true;
    to_.open_object();
    if (quirks_.call_ids == 0 && (call->signature.empty() || takes_proofs())) {
      write_call(*call, std::nullopt, to_);
    } else {
      write_changed(*call);
    }
    to_.close_object();
  }
  if (has_calls) to_.close_array();
}

void RequestWriter::write_assistant(const Message& message) {
  std::string refusal;
  std::string signature;
  for (const Part& part : message.parts) {
    if (const auto* declined = std::get_if<Refusal>(&part.what)) refusal += declined->text;
    const auto* const text = std::get_if<Text>(&part.what);
    if (text != nullptr && !text->signature.empty()) signature = text->signature;
  }
  write_thoughts(message);
  to_.member_if("refusal", refusal);
  if (takes_proofs()) {
    write_signature(signature, to_);
  } else if (!signature.empty()) {
    lose("messages.extra_content");
  }
  write_calls(message);
}

void RequestWriter::write_message_members(const Message& message) {
  for (const Part& part : message.parts) {
    const auto* const opaque = std::get_if<Opaque>(&part.what);
    if (opaque == nullptr || !is_own() || opaque->dialect != dialect_name || !is_member(*opaque)) continue;
    to_.raw_member(std::string_view(opaque->kind).substr(member_prefix.size()), opaque->json.bytes);
  }
}

void RequestWriter::write_result(const ToolResult& result, const std::optional<CacheMark>& cache) {
  if (result.is_error) lose("messages.is_error");
  to_.open_object().member("role", "tool").member("tool_call_id", id_for(result.call_id));
  const auto called = called_.find(result.call_id);
  to_.member_if("name", result.name.empty() && called != called_.end() ? called->second : result.name);
  to_.name("content");
  if (is_own() && (!is_one_text(result) || cache)) {
    to_.open_array();
    for (const auto& piece : result.content) {
      Part item;
      std::visit([&](const auto& what) { item.what = what; }, piece);
      if (&piece == &result.content.back()) item.cache = cache;
      if (is_item(item)) write_item(item);
    }
    to_.close_array().close_object();
    return;
  }
  if (cache) write_mark(cache);  // notes it
  for (const auto& piece : result.content) {
    if (const auto* media = std::get_if<Media>(&piece)) attachments_.emplace_back(id_for(result.call_id), media);
    if (const auto* opaque = std::get_if<Opaque>(&piece)) lose(opaque->kind);
  }
  to_.string(text_of(result)).close_object();
}

void RequestWriter::write_results(const Message& message) {
  for (const Part& part : message.parts) {
    if (const auto* result = std::get_if<ToolResult>(&part.what)) write_result(*result, part.cache);
  }
}

// Images and files that tools gave back: a tool message has only text, so they follow as the user's.
void RequestWriter::write_attachments() {
  if (attachments_.empty()) return;
  std::vector<std::pair<std::string, const Media*>> attachments;
  attachments.swap(attachments_);
  std::erase_if(attachments, [&](const auto& attachment) { return !is_item({.what = *attachment.second}); });
  if (attachments.empty()) return;
  to_.open_object().member("role", "user").name("content").open_array();
  std::string_view before;
  for (const auto& [call_id, media] : attachments) {
    if (call_id != before) {
      to_.open_object().member("type", "text").member("text", "Attached to the result of " + call_id + ":");
      to_.close_object();
    }
    before = call_id;
    to_.open_object();
    write_media(*media, to_);
    to_.close_object();
  }
  to_.close_array().close_object();
}

void RequestWriter::write_message(const Message& message) {
  write_results(message);
  const bool has_more = std::any_of(message.parts.begin(), message.parts.end(),
                                    [](const Part& part) { return !std::holds_alternative<ToolResult>(part.what); });
  if (!has_more && (message.role == Role::tool || !message.parts.empty())) return;
  write_attachments();
  to_.open_object().member("role", role_of(message, is_own())).member_if("name", message.name);
  write_content(message);
  if (message.role == Role::assistant) {
    write_assistant(message);
  } else {
    for (const Part& part : message.parts) {
      if (std::holds_alternative<Thinking>(part.what)) lose("messages.reasoning");
      if (std::holds_alternative<ToolCall>(part.what)) lose("messages.tool_calls");
      if (std::holds_alternative<Refusal>(part.what)) lose("messages.refusal");
    }
  }
  write_message_members(message);
  to_.close_object();
}

void RequestWriter::write_messages() {
  to_.name("messages").open_array();
  for (const Message& message : request_.messages) write_message(message);
  write_attachments();
  to_.close_array();
}

}  // namespace sluice::chat::openai
