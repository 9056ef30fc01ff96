#include <algorithm>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_chat/codec.hpp"

// An answer for a caller of this dialect, in one piece.
namespace sluice::chat::openai {
namespace {

constexpr std::string_view content_prefix = "messages.content.";
constexpr std::string_view message_prefix = "messages.";
constexpr std::string_view choice_prefix = "choices.";

// What a message of this dialect is made of, gathered from parts in any order.
struct Gathered {
  std::string text{};
  std::string refusal{};
  std::string signature{};
  std::string reasoning{};
  std::vector<const RawJson*> citations{};
  std::vector<const Thinking*> thoughts{};
  std::vector<const ToolCall*> calls{};
  std::vector<const Media*> images{};
  std::vector<const Opaque*> opaques{};
};

void gather(const Opaque& opaque, Gathered& to, Dropped& dropped) {
  if (opaque.dialect == dialect_name) {
    to.opaques.push_back(&opaque);
  } else {
    drop(dropped, opaque.kind);
  }
}

void gather(const Part& part, Gathered& to, Dropped& dropped) {
  if (const auto* text = std::get_if<Text>(&part.what)) {
    to.text += text->text;
    if (!text->signature.empty()) to.signature = text->signature;
    if (text->citations) to.citations.push_back(&text->citations);
  } else if (const auto* thinking = std::get_if<Thinking>(&part.what)) {
    to.reasoning += thinking->text;
    to.thoughts.push_back(thinking);
  } else if (const auto* call = std::get_if<ToolCall>(&part.what)) {
    to.calls.push_back(call);
  } else if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
    to.refusal += refusal->text;
  } else if (const auto* media = std::get_if<Media>(&part.what)) {
    if (media->kind == Media::Kind::image) {
      to.images.push_back(media);
    } else {
      drop(dropped, name_of(media->kind));
    }
  } else if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
    gather(*opaque, to, dropped);
  } else {
    drop(dropped, "messages.tool");
  }
}

void write_text(const Gathered& message, json::Writer& to) {
  const auto write_nullable = [&](std::string_view name, const std::string& text) {
    to.name(name);
    if (text.empty()) {
      to.null();
    } else {
      to.string(text);
    }
  };
  if (message.text.empty() && message.refusal.empty() && message.calls.empty()) {
    to.member("content", "");
  } else {
    write_nullable("content", message.text);
  }
  write_nullable("refusal", message.refusal);
}

void write_thoughts(const Gathered& message, json::Writer& to) {
  to.member_if("reasoning_content", message.reasoning);
  const bool have_proof = std::any_of(message.thoughts.begin(), message.thoughts.end(),
                                      [](const Thinking* thinking) { return has_proof(*thinking); });
  if (!have_proof) return;
  to.name("reasoning_details").open_array();
  std::uint64_t index = 0;
  for (const Thinking* const thinking : message.thoughts) write_thought(*thinking, index++, to);
  to.close_array();
}

void write_opaques(const Gathered& message, std::string_view prefix, json::Writer& to) {
  for (const Opaque* const opaque : message.opaques) {
    const std::string_view kind = opaque->kind;
    if (kind.starts_with(content_prefix) || !kind.starts_with(prefix)) continue;
    to.raw_member(kind.substr(prefix.size()), opaque->json.bytes);
  }
}

void write_message(const Gathered& message, json::Writer& to, Dropped& dropped) {
  to.open_object().member("role", "assistant");
  write_text(message, to);
  write_thoughts(message, to);
  write_annotations(message.citations, to, dropped);
  write_signature(message.signature, to);
  if (!message.images.empty()) {
    to.name("images").open_array();
    for (const Media* const image : message.images) {
      to.open_object();
      write_media(*image, to);
      to.close_object();
    }
    to.close_array();
  }
  if (!message.calls.empty()) {
    to.name("tool_calls").open_array();
    for (const ToolCall* const call : message.calls) {
      to.open_object();
      write_call(*call, std::nullopt, to);
      to.close_object();
    }
    to.close_array();
  }
  write_opaques(message, message_prefix, to);
  to.close_object();
}

void write_choice(const Choice& choice, std::size_t number, json::Writer& to, Dropped& dropped) {
  Gathered message;
  for (const Part& part : choice.parts) gather(part, message, dropped);
  // Items that another server of this dialect put into a content list have no place in a string.
  for (const Opaque* const opaque : message.opaques) {
    if (opaque->kind.starts_with(content_prefix)) drop(dropped, opaque->kind);
  }
  to.open_object().member("index", std::uint64_t{number}).name("message");
  write_message(message, to, dropped);
  to.name("logprobs");
  if (choice.logprobs) {
    to.open_object().raw_member("content", choice.logprobs.bytes).name("refusal").null().close_object();
  } else {
    to.null();
  }
  write_ending(choice.ending, !message.calls.empty(), to);
  write_opaques(message, choice_prefix, to);
  to.close_object();
}

}  // namespace

void write_ending(const Ending& ending, bool has_calls, json::Writer& to) {
  const std::string_view word = word_of(ending, has_calls);
  to.member("finish_reason", word);
  if (!ending.raw.empty() && ending.raw != word) to.member("native_finish_reason", ending.raw);
  to.member_if("stop_reason", ending.stop_sequence);
}

void write_response(const Response& response, std::string& out, Dropped& dropped) {
  json::Writer to(out);
  to.open_object().member("id", response.id).member("object", "chat.completion");
  to.member("created", response.created).member("model", response.model).name("choices").open_array();
  for (std::size_t number = 0; number < response.choices.size(); ++number) {
    write_choice(response.choices[number], number, to, dropped);
  }
  to.close_array();
  if (response.usage) {
    to.name("usage");
    write_usage(*response.usage, to);
  }
  to.member_if("service_tier", response.service_tier).member_if("system_fingerprint", response.system_fingerprint);
  for (const Extra& extra : response.extras) {
    if (response.dialect == dialect_name) {
      to.raw_member(extra.name, extra.value.bytes);
    } else {
      drop(dropped, path_of(extra));
    }
  }
  to.close_object();
}

}  // namespace sluice::chat::openai
