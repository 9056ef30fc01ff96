#include "chat/anthropic_messages/parts.hpp"

// Clients of this dialect send thinking blocks back as they got them, so what other families of models want back is
// carried there. Written "sluice:FORMAT:SIGNATURE", or "sluice:+:{…}" when there is more to keep than a signature, or
// "sluice:+call:{…}" and "sluice:+text:SIGNATURE" for the proofs on calls and texts.
namespace sluice::chat::anthropic {
namespace {

constexpr std::string_view mark = "sluice:";
constexpr std::string_view more = "sluice:+:";
constexpr std::string_view on_call = "sluice:+call:";
constexpr std::string_view on_text = "sluice:+text:";

bool is_simple(const Thinking& thinking) {
  return thinking.data.empty() && thinking.id.empty() && !thinking.is_summary &&
         thinking.format.find(':') == std::string::npos && !thinking.format.starts_with('+');
}

}  // namespace

std::string carried(const Thinking& thinking) {
  if (is_simple(thinking)) return std::string(mark) + thinking.format + ":" + thinking.signature;
  std::string text(more);
  json::Writer out(text);
  out.open_object().member_if("format", thinking.format).member_if("signature", thinking.signature);
  out.member_if("data", thinking.data).member_if("id", thinking.id);
  if (thinking.is_summary) out.member("summary", true);
  out.close_object();
  return text;
}

bool uncarry(std::string_view proof, Thinking& thinking) {
  if (!proof.starts_with(mark)) return false;
  if (proof.starts_with(more)) {
    const json::Tree tree = json::Tree::read(proof.substr(more.size()));
    const json::Value root = tree.root();
    if (!root.is_object()) return false;
    thinking.format = root["format"].string();
    thinking.signature = root["signature"].string();
    thinking.data = root["data"].string();
    thinking.id = root["id"].string();
    thinking.is_summary = root["summary"].boolean().value_or(false);
    return true;
  }
  const std::string_view rest = proof.substr(mark.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos || rest.starts_with('+')) return false;
  thinking.format = rest.substr(0, colon);
  thinking.signature = rest.substr(colon + 1);
  thinking.data.clear();
  return true;
}

std::string carried_call(std::string_view id, std::string_view signature) {
  std::string text(on_call);
  json::Writer(text).open_object().member("id", id).member("signature", signature).close_object();
  return text;
}

std::string carried_text(std::string_view signature) { return std::string(on_text) + std::string(signature); }

void restore_carried(std::vector<Part>& parts) {
  std::vector<Part> kept;
  std::vector<std::pair<std::string, std::string>> calls;  // id and signature
  for (Part& part : parts) {
    const auto* const thought = std::get_if<Thinking>(&part.what);
    const std::string_view data = thought == nullptr ? std::string_view() : std::string_view(thought->data);
    if (data.starts_with(on_call)) {
      const json::Tree tree = json::Tree::read(data.substr(on_call.size()));
      calls.emplace_back(tree.root()["id"].string(), tree.root()["signature"].string());
    } else if (data.starts_with(on_text)) {
      auto* const text = kept.empty() ? nullptr : std::get_if<Text>(&kept.back().what);
      if (text != nullptr) text->signature = data.substr(on_text.size());
    } else {
      kept.push_back(std::move(part));
    }
  }
  for (const auto& [id, signature] : calls) {
    for (Part& part : kept) {
      auto* const call = std::get_if<ToolCall>(&part.what);
      if (call != nullptr && call->id == id) call->signature = signature;
    }
  }
  parts = std::move(kept);
}

}  // namespace sluice::chat::anthropic
