#include <algorithm>
#include <array>
#include <utility>

#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/parts.hpp"

// From an answer, or the chunks of one, to events.
namespace sluice::chat::openai {
namespace {

constexpr std::size_t most_choices = 1024;

// Members of a message that are understood here, or that say nothing beyond their chunk.
constexpr std::array<std::string_view, 14> message_members{
    "role",        "content", "reasoning",     "reasoning_content", "reasoning_details", "refusal", "tool_calls",
    "annotations", "images",  "extra_content", "thought_signature", "function_call",     "index",   "channel"};
// The same of a choice. `delta` or `message` beside the other repeats it.
constexpr std::array<std::string_view, 9> choice_members{
    "index", "delta", "message", "finish_reason", "text", "stop_reason", "logprobs", "usage", "native_finish_reason"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Keeps the members of `holder` that are lists or objects and have no counterpart: what came last under each name.
template <class Names>
void keep_members(json::Value holder, std::string_view prefix, const Names& known, std::vector<Opaque>& kept) {
  if (!holder.is_object()) return;
  for (const json::Value member : holder) {
    if ((!member.is_object() && !member.is_array()) || member.size() == 0) continue;
    const std::string name = member.name();
    if (contains(known, name) || name.starts_with("content.")) continue;  // the latter is how an item is called
    Opaque opaque{std::string(dialect_name), std::string(prefix) + name, on_one_line(member.raw())};
    const auto before =
        std::find_if(kept.begin(), kept.end(), [&](const Opaque& other) { return other.kind == opaque.kind; });
    if (before == kept.end()) {
      kept.push_back(std::move(opaque));
    } else {
      *before = std::move(opaque);
    }
  }
}

// A list in its writer's words, entry by entry on one line.
RawJson list_of(json::Value list) {
  RawJson joined;
  for (const json::Value entry : items_of(list)) {
    joined.bytes += joined ? ',' : '[';
    joined.bytes += on_one_line(entry.raw()).bytes;
  }
  if (joined) joined.bytes += ']';
  return joined;
}

Part part_of(Opaque opaque) { return {.what = std::move(opaque)}; }

}  // namespace

void AnswerReader::start(json::Value root, std::vector<Event>& out) {
  if (started_) return;
  started_ = true;
  answer_id_ = root["id"].string();
  out.emplace_back(AnswerStart{answer_id_, root["model"].string(), root["created"].integer().value_or(0),
                               root["service_tier"].string(), root["system_fingerprint"].string()});
}

void AnswerReader::take(json::Value root, std::vector<Event>& out) {
  // A first chunk without choices, about the prompt alone, has no id or model yet.
  if (items_of(root["choices"]).size() > 0) start(root, out);
  std::size_t position = 0;
  for (const json::Value choice : items_of(root["choices"])) {
    if (Choice* const to = choice_of(choice, position++)) take_choice(choice, *to, out);
  }
  if (const auto usage = usage_in(root)) {
    start(root, out);
    out.emplace_back(UsageSeen{*usage});
  }
}

AnswerReader::Choice* AnswerReader::choice_of(json::Value choice, std::size_t position) {
  const std::uint64_t number = choice["index"].whole().value_or(position);
  if (!choice.is_object() || number >= most_choices) return nullptr;
  const auto known = std::find_if(choices_.begin(), choices_.end(),
                                  [&](const Choice& candidate) { return candidate.number == number; });
  if (known != choices_.end()) return &*known;
  if (choices_.size() >= most_choices) return nullptr;
  choices_.emplace_back();
  choices_.back().number = static_cast<std::size_t>(number);
  return &choices_.back();
}

void AnswerReader::take_choice(json::Value choice, Choice& to, std::vector<Event>& out) {
  take_said(choice[said_], choice["logprobs"]["content"], to, out);
  keep_members(choice, "choices.", choice_members, to.kept);
  take_ending(choice, to);
}

void AnswerReader::take_ending(json::Value choice, Choice& to) {
  const json::Value reason = choice["finish_reason"];
  if (!reason.is_string() || reason.is("")) return;
  // It may come again with the usage; the same word then.
  to.is_over = true;
  to.ending.finish = finish_of(reason.string());
  to.ending.raw = choice["native_finish_reason"].string();
  if (to.ending.raw.empty()) to.ending.raw = reason.string();
  to.ending.stop_sequence = choice["stop_reason"].string();
}

void AnswerReader::take_said(json::Value said, json::Value logprobs, Choice& to, std::vector<Event>& out) {
  take_thoughts(said, to, out);
  take_content(said["content"], to, out);
  // While the text they belong to is open.
  if (logprobs.is_array()) out.emplace_back(LogprobsSeen{to.number, on_one_line(logprobs.raw())});
  if (!said.is_object()) return;
  if (RawJson citations = list_of(said["annotations"])) {
    if (to.open != Open::text) open(Open::text, {.what = Text{}}, to, out);
    out.emplace_back(BlockDelta{.block = to.block, .citations = std::move(citations)});
  }
  if (std::string signature = read_signature(said); !signature.empty()) to.signature = std::move(signature);
  if (to.open == Open::text) place_signature(to, out);
  say(Open::refusal, said["refusal"].string(), to, out);
  for (const json::Value image : items_of(said["images"])) take_item(image, to, out);
  take_calls(said, to, out);
  place_signature(to, out);
  keep_members(said, "messages.", message_members, to.kept);
}

void AnswerReader::take_thoughts(json::Value said, Choice& to, std::vector<Event>& out) {
  for (const Thought& thought : read_thoughts(said)) take_thought(thought, to, out);
}

void AnswerReader::take_thought(const Thought& more, Choice& to, std::vector<Event>& out) {
  const bool goes_on = to.open == Open::thinking && to.thought.goes_on_with(more);
  if (!goes_on) {
    Thought head = more;
    head.says.text.clear();
    head.says.signature.clear();
    head.says.data.clear();
    open(Open::thinking, {.what = head.says}, to, out);
    if (more.is_plain) head.index = to.thoughts;
    ++to.thoughts;
    to.thought = std::move(head);
  }
  to.thought.says.signature += more.says.signature;
  to.thought.says.data += more.says.data;
  out.emplace_back(
      BlockDelta{.block = to.block, .text = more.says.text, .signature = more.says.signature, .data = more.says.data});
}

void AnswerReader::take_content(json::Value content, Choice& to, std::vector<Event>& out) {
  say(Open::text, content.string(), to, out);
  for (const json::Value item : items_of(content)) take_item(item, to, out);
}

void AnswerReader::take_item(json::Value item, Choice& to, std::vector<Event>& out) {
  if (item["type"].is("text")) return say(Open::text, item["text"].string(), to, out);
  if (item["type"].is("refusal")) return say(Open::refusal, item["refusal"].string(), to, out);
  if (item["type"].is("thinking")) {
    Thought thought;
    thought.is_plain = true;
    thought.says.text = thought_text(item["thinking"]);
    if (!thought.says.text.empty()) take_thought(thought, to, out);
    return;
  }
  if (auto media = read_media(item)) return whole({.what = *std::move(media)}, to, out);
  if (!item.is_object() || item.size() == 0) return;
  to.kept.push_back({std::string(dialect_name), "messages.content." + item["type"].string(), on_one_line(item.raw())});
}

void AnswerReader::say(Open kind, std::string text, Choice& to, std::vector<Event>& out) {
  if (text.empty()) return;
  if (to.open != kind) {
    Part part;
    if (kind == Open::refusal) part.what = Refusal{};
    open(kind, std::move(part), to, out);
  }
  out.emplace_back(BlockDelta{.block = to.block, .text = std::move(text)});
}

// At most one of text, thinking and refusal is open at a time, so that readers who cannot interleave need not wait.
void AnswerReader::open(Open kind, Part part, Choice& to, std::vector<Event>& out) {
  shut(to, out);
  to.open = kind;
  to.block = blocks_++;
  out.emplace_back(BlockStart{to.block, to.number, std::move(part)});
}

void AnswerReader::shut(Choice& to, std::vector<Event>& out) {
  if (to.open == Open::none) return;
  out.emplace_back(BlockEnd{to.block});
  to.open = Open::none;
}

void AnswerReader::whole(Part part, Choice& to, std::vector<Event>& out) {
  shut(to, out);
  out.emplace_back(BlockStart{blocks_, to.number, std::move(part)});
  out.emplace_back(BlockEnd{blocks_++});
}

void AnswerReader::end_choice(Choice& to, std::vector<Event>& out) {
  for (Call& call : to.calls) {
    if (!call.call.name.empty() || !call.call.arguments.empty()) start_call(call, to, out);
  }
  place_signature(to, out);
  if (!to.signature.empty()) {
    open(Open::text, {.what = Text{}}, to, out);
    place_signature(to, out);
  }
  shut(to, out);
  bool has_calls = false;
  for (Call& call : to.calls) {
    has_calls = has_calls || call.started;
    if (call.started && !call.ended) out.emplace_back(BlockEnd{call.block});
  }
  for (Opaque& opaque : to.kept) whole(part_of(std::move(opaque)), to, out);
  if (to.ending.raw.empty()) to.ending = {.finish = Finish::stop, .raw = "stop"};
  if (to.ending.finish == Finish::stop && has_calls) to.ending.finish = Finish::tool_calls;
  out.emplace_back(ChoiceEnd{to.number, std::move(to.ending)});
}

bool AnswerReader::is_complete() const {
  return !choices_.empty() &&
         std::all_of(choices_.begin(), choices_.end(), [](const Choice& choice) { return choice.is_over; });
}

void AnswerReader::close(std::vector<Event>& out) {
  for (const Choice& choice : choices_) {
    if (choice.ending.finish != Finish::error) continue;
    Error error(Fault::upstream_failed, Blame::upstream, "upstream_error", "The provider broke off its answer.");
    out.emplace_back(AnswerFailed{std::move(error).with_outcome(Outcome::server_error).worth_retrying()});
    return;
  }
  for (Choice& choice : choices_) end_choice(choice, out);
  out.emplace_back(AnswerEnd{});
}

}  // namespace sluice::chat::openai
