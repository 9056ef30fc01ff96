#include <utility>

#include "chat/openai_chat/codec.hpp"

// The model's thinking: `reasoning_content` (or `reasoning`) for readers, `reasoning_details` for those who send it
// back.
namespace sluice::chat::openai {
namespace {

constexpr std::string_view summary_type = "reasoning.summary";

Thought read_entry(json::Value entry) {
  Thought thought;
  Thinking& says = thought.says;
  says.is_summary = entry["type"].is(summary_type);
  says.text = entry[says.is_summary ? "summary" : "text"].string();
  says.signature = entry["signature"].string();
  says.data = entry["data"].string();
  says.id = entry["id"].string();
  says.format = entry["format"].string();
  thought.index = entry["index"].whole();
  return thought;
}

bool is_empty(const Thinking& thinking) {
  return thinking.text.empty() && thinking.signature.empty() && thinking.data.empty();
}

void write_about(const Thinking& thinking, std::uint64_t index, json::Writer& to) {
  to.member_if("id", thinking.id).member_if("format", thinking.format).member("index", index).close_object();
}

}  // namespace

bool Thought::goes_on_with(const Thought& more) const {
  if (!more.says.text.empty() && (!says.signature.empty() || !says.data.empty())) return false;
  if (more.is_plain) return true;
  if (index && more.index && *index != *more.index) return false;
  if (!more.says.id.empty() && more.says.id != says.id) return false;
  if (!more.says.format.empty() && more.says.format != says.format) return false;
  if (!more.says.text.empty() && more.says.is_summary != says.is_summary) return false;
  return more.says.data.empty() || says.data.empty();
}

void Thought::add(const Thought& more) {
  says.text += more.says.text;
  if (!more.says.signature.empty()) says.signature = more.says.signature;
  if (!more.says.data.empty()) says.data = more.says.data;
}

std::vector<Thought> read_thoughts(json::Value said) {
  std::vector<Thought> thoughts;
  bool has_text = false;
  for (const json::Value entry : items_of(said["reasoning_details"])) {
    Thought thought = read_entry(entry);
    if (is_empty(thought.says)) continue;
    has_text = has_text || !thought.says.text.empty();
    thoughts.push_back(std::move(thought));
  }
  std::string plain = said["reasoning_content"].string();
  if (plain.empty()) plain = said["reasoning"].string();
  // The entries say the same again, with proofs.
  if (plain.empty() || has_text) return thoughts;
  if (!thoughts.empty() && thoughts.front().says.data.empty()) {
    thoughts.front().says.text = std::move(plain);
    return thoughts;
  }
  Thought thought;
  thought.says.text = std::move(plain);
  thought.is_plain = true;
  thoughts.insert(thoughts.begin(), std::move(thought));
  return thoughts;
}

bool has_proof(const Thinking& thinking) {
  return !thinking.signature.empty() || !thinking.data.empty() || !thinking.id.empty() || !thinking.format.empty() ||
         thinking.is_summary;
}

void write_thought(const Thinking& thinking, std::uint64_t index, json::Writer& to) {
  if (!thinking.text.empty() || !thinking.signature.empty()) {
    to.open_object().member("type", thinking.is_summary ? summary_type : "reasoning.text");
    to.member_if(thinking.is_summary ? "summary" : "text", thinking.text).member_if("signature", thinking.signature);
    write_about(thinking, index, to);
  }
  if (!thinking.data.empty()) {
    to.open_object().member("type", "reasoning.encrypted").member("data", thinking.data);
    write_about(thinking, index, to);
  }
}

std::string thought_text(json::Value thinking) {
  std::string text = thinking.string();
  for (const json::Value item : items_of(thinking)) text += item["text"].string();
  return text;
}

std::string read_signature(json::Value holder) {
  return holder["extra_content"]["google"]["thought_signature"].string();
}

void write_signature(std::string_view signature, json::Writer& to) {
  if (signature.empty()) return;
  to.name("extra_content").open_object().name("google").open_object();
  to.member("thought_signature", signature).close_object().close_object();
}

}  // namespace sluice::chat::openai
