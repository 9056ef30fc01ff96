#include <utility>

#include "chat/foreign_thinking.hpp"
#include "chat/ollama/parts.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Value;
using json::Writer;

bool is_text_or_absent(Value value) { return value.absent() || value.is_string(); }

bool splits_a_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

Thinking thought(std::string text) { return {std::move(text), {}, {}, {}, {}, false}; }

// What was thought, taken apart where the proofs of single thoughts (packed by foreign_thinking.hpp) say so. Nothing
// when they do not fit the text.
std::vector<Thinking> proven(const std::string& text, Value proofs) {
  std::vector<Thinking> thoughts;
  std::size_t at = 0;
  for (const Value given : proofs) {
    const std::size_t from = given["from"].whole().value_or(text.size() + 1);
    const std::size_t bytes = given["bytes"].whole().value_or(text.size() + 1);
    const bool fits = from >= at && from <= text.size() && bytes <= text.size() - from;
    if (!fits || splits_a_character(text, from) || splits_a_character(text, from + bytes)) return {};
    if (from > at) thoughts.push_back(thought(text.substr(at, from - at)));
    thoughts.push_back(thought(text.substr(from, bytes)));
    unpack_proof(given["proof"].string(), thoughts.back());
    at = from + bytes;
  }
  if (at < text.size()) thoughts.push_back(thought(text.substr(at)));
  return thoughts;
}

bool read_thinking(Value message, std::vector<Part>& parts) {
  if (!is_text_or_absent(message["thinking"])) return false;
  const std::string text = message["thinking"].string();
  const Value proofs = message["thinking_proofs"];
  std::vector<Thinking> thoughts = proofs.is_array() ? proven(text, proofs) : std::vector<Thinking>();
  for (Thinking& thinking : thoughts) parts.push_back({std::move(thinking), {}});
  if (thoughts.empty() && !text.empty()) parts.push_back({thought(text), {}});
  return true;
}

bool read_calls(Value calls, std::string_view salt, std::size_t number, std::vector<Part>& parts) {
  if (calls.absent()) return true;
  if (!calls.is_array()) return false;
  for (const Value given : calls) {
    const Value function = given["function"];
    const Value arguments = function["arguments"];
    if (!function["name"].is_string() || !(arguments.absent() || arguments.is_object() || arguments.is_string())) {
      return false;
    }
    ToolCall call;
    call.name = function["name"].string();
    // Some servers send the text of the object.
    call.arguments = arguments.is_object() ? std::string(arguments.raw()) : arguments_object(arguments.string());
    call.id = given["id"].string();
    if (call.id.empty()) call.id = minted_id(salt, number, call.name, call.arguments);
    call.signature = given["signature"].string();
    parts.push_back({std::move(call), {}});
    ++number;
  }
  return true;
}

bool has_proof(const Thinking& thinking) { return !thinking.signature.empty() || !thinking.data.empty(); }

}  // namespace

bool read_images(Value images, std::vector<Part>& parts) {
  if (images.absent()) return true;
  if (!images.is_array()) return false;
  for (const Value image : images) {
    Media media;
    media.data = image.string();
    if (media.data.empty()) return false;
    media.media_type = image_type(media.data);
    parts.push_back({std::move(media), {}});
  }
  return true;
}

bool read_message(Value message, std::string_view salt, std::size_t first_call, std::vector<Part>& parts) {
  const Value content = message["content"];
  if (!message.is_object() || !is_text_or_absent(content) || !read_thinking(message, parts)) return false;
  if (!content.string().empty()) parts.push_back({Text{content.string(), {}, {}}, {}});
  return read_images(message["images"], parts) && read_calls(message["tool_calls"], salt, first_call, parts);
}

void Said::add(const Text& text, std::string_view between) {
  if (!text.signature.empty()) drop(reader_.dropped, "messages.extra_content");
  if (text.citations) drop(reader_.dropped, "messages.annotations");
  if (text.text.empty()) return;
  if (std::exchange(has_text_, true)) text_ += between;
  text_ += text.text;
}

void Said::add(const Media& media) {
  if (media.kind != Media::Kind::image || media.data.empty()) return drop(reader_.dropped, name_of(media.kind));
  Writer writer(images_);
  if (!images_.empty()) images_ += ',';
  writer.string(media.data);
}

void Said::add(const Thinking& thinking) {
  // A proof means something to its own family of models only, and a thought nothing without it.
  if (reader_.is_provider && has_proof(thinking)) return drop(reader_.dropped, "messages.reasoning");
  if (!reader_.is_provider) add_proof(thinking, thinking_.size(), thinking.text.size());
  add_thought(thinking.text);
}

void Said::add_proof(const Thinking& thinking, std::size_t from, std::size_t bytes) {
  if (!has_proof(thinking)) return;
  if (!proofs_.empty()) proofs_ += ',';
  Writer writer(proofs_);
  writer.open_object().member("from", std::uint64_t{from}).member("bytes", std::uint64_t{bytes});
  writer.member("proof", packed_proof(thinking)).close_object();
}

void Said::add(const ToolCall& call) {
  if (!call.signature.empty() && reader_.is_provider) {
    drop(reader_.dropped, "messages.tool_calls.extra_content");
  }
  if (!made_.empty()) made_ += ',';
  Writer writer(made_);
  writer.open_object().member_if("id", call.id).name("function").open_object();
  writer.member("index", std::uint64_t{calls++}).member("name", call.name);
  writer.raw_member("arguments", arguments_object(call.arguments, !call.is_custom)).close_object();
  if (!reader_.is_provider) writer.member_if("signature", call.signature);
  writer.close_object();
}

void Said::add(const Part& part, std::string_view between) {
  if (part.cache) drop(reader_.dropped, "messages.cache_control");
  if (const auto* text = std::get_if<Text>(&part.what)) return add(*text, between);
  if (const auto* media = std::get_if<Media>(&part.what)) return add(*media);
  if (const auto* thinking = std::get_if<Thinking>(&part.what)) return add(*thinking);
  if (const auto* call = std::get_if<ToolCall>(&part.what)) return add(*call);
  if (const auto* refusal = std::get_if<Refusal>(&part.what)) return add(Text{refusal->text, {}, {}}, between);
  if (const auto* opaque = std::get_if<Opaque>(&part.what)) return drop(reader_.dropped, opaque->kind);
  drop(reader_.dropped, "messages.tool");
}

bool Said::empty() const {
  return text_.empty() && thinking_.empty() && proofs_.empty() && images_.empty() && made_.empty();
}

void Said::write_members(Writer& writer) const {
  writer.member("content", text_).member_if("thinking", thinking_);
  if (!proofs_.empty()) writer.raw_member("thinking_proofs", "[" + proofs_ + "]");
  if (!images_.empty()) writer.raw_member("images", "[" + images_ + "]");
  if (!made_.empty()) writer.raw_member("tool_calls", "[" + made_ + "]");
}

}  // namespace sluice::chat::ollama_api
