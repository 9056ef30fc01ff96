#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "chat/logprobs.hpp"
#include "chat/openai_responses/parts.hpp"

// Putting the items of a turn together, and writing them.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;
using json::Writer;

// Citations of other dialects have no type, or one of their own.
bool is_annotation(Value entry) {
  constexpr std::array<std::string_view, 4> known{"url_citation", "file_citation", "container_file_citation",
                                                  "file_path"};
  return std::find(known.begin(), known.end(), entry["type"].string()) != known.end();
}

// The chat dialect puts a level of its own between.
std::string flat_annotation(Value entry) {
  const Value inner = entry["url_citation"];
  if (!inner.is_object()) return std::string(entry.raw());
  std::string out;
  Writer writer(out);
  writer.open_object().member("type", "url_citation");
  for (const Value member : inner) {
    if (member.name() != "type") writer.raw_member(member.name(), member.raw());
  }
  // Not everybody who speaks that dialect says all that this one promises.
  for (const std::string_view place : {"start_index", "end_index"}) {
    if (inner[place].absent()) writer.member(place, std::uint64_t{0});
  }
  if (inner["title"].absent()) writer.member("title", "");
  writer.close_object();
  return out;
}

void write_members(Writer& writer, const Item& item) {
  for (const Extra& member : item.members) writer.raw_member(member.name, member.value.bytes);
}

void write_pieces(Writer& writer, const Item& item, bool summaries, const ItemForm& form) {
  writer.open_array();
  for (const Piece& piece : item.pieces) {
    if ((piece.kind == Piece::Kind::summary) == summaries) write_piece(writer, piece, form.for_provider);
  }
  writer.close_array();
}

void write_message(Writer& writer, const Item& item, const ItemForm& form) {
  writer.member("type", "message").member_if("status", form.status).member("role", "assistant");
  write_members(writer, item);
  writer.name("content");
  const Piece* const only = item.pieces.size() == 1 ? &item.pieces.front() : nullptr;
  // Output without an id is no output to some providers; a string is understood by all.
  const bool is_plain = only != nullptr && only->kind == Piece::Kind::text && only->annotation_count == 0;
  if (form.for_provider && item.id.empty() && is_plain) {
    writer.string(only->text);
  } else {
    write_pieces(writer, item, false, form);
  }
}

void write_reasoning(Writer& writer, const Item& item, const ItemForm& form) {
  writer.member("type", "reasoning").name("summary");
  write_pieces(writer, item, true, form);
  const bool has_thoughts = std::any_of(item.pieces.begin(), item.pieces.end(),
                                        [](const Piece& piece) { return piece.kind == Piece::Kind::thought; });
  if (has_thoughts) {
    writer.name("content");
    write_pieces(writer, item, false, form);
  }
  writer.member_if("encrypted_content", item.proof);
  write_members(writer, item);
}

void write_call(Writer& writer, const Item& item, const ItemForm& form) {
  const ToolCall& call = item.call;
  writer.member("type", call.is_custom ? "custom_tool_call" : "function_call").member_if("status", form.status);
  writer.member("call_id", call.id).member("name", call.name);
  writer.member(call.is_custom ? "input" : "arguments", call.arguments);
  write_members(writer, item);
}

}  // namespace

void add_annotations(const RawJson& citations, Piece& piece, Dropped& dropped) {
  if (!citations) return;
  const Tree tree = Tree::read(citations.bytes);
  for (const Value entry : tree.root()) {
    if (!entry.is_object() || !is_annotation(entry)) {
      drop(dropped, "messages.annotations");
      continue;
    }
    if (piece.annotation_count++ > 0) piece.annotations += ',';
    piece.annotations += flat_annotation(entry);
  }
}

void add_logprobs(const RawJson& entries, Piece& text) {
  const std::string list = complete_logprobs(Tree::read(entries.bytes).root());
  if (list.size() <= 2) return;
  if (!text.logprobs.empty()) text.logprobs += ',';
  text.logprobs.append(list, 1, list.size() - 2);
}

std::size_t index_of(const Item& item, std::size_t piece) {
  const bool summary = item.pieces[piece].kind == Piece::Kind::summary;
  std::size_t index = 0;
  for (std::size_t i = 0; i < piece; ++i) {
    if ((item.pieces[i].kind == Piece::Kind::summary) == summary) ++index;
  }
  return index;
}

Item& Items::make(Item::Kind kind, std::string_view prefix, std::string given_id) {
  if (!items_.empty()) items_.back().sealed = true;
  Item item;
  item.kind = kind;
  item.given_id = std::move(given_id);
  item.id = item.given_id;
  if (item.id.empty() && !for_provider_) {
    item.id = std::string(prefix) + "_sluice_" + std::to_string(items_.size()) + '_' + answer_id_;
  }
  item.members = std::exchange(members_, {});
  items_.push_back(std::move(item));
  return items_.back();
}

Item* Items::joinable(Item::Kind kind) {
  if (items_.empty() || !members_.empty() || items_.back().sealed || items_.back().kind != kind) return nullptr;
  return &items_.back();
}

Items::Place Items::start_thinking(const Thinking& thinking, Dropped& dropped) {
  if (for_provider_ && thinking.format != thinking_format::responses) {
    drop(dropped, "messages.reasoning");
    return {};
  }
  Item* const open = joinable(Item::Kind::reasoning);
  const auto is_thought = [](const Piece& piece) { return piece.kind == Piece::Kind::thought; };
  if (open != nullptr && open->given_id == thinking.id && open->format == thinking.format &&
      !(thinking.is_summary && std::any_of(open->pieces.begin(), open->pieces.end(), is_thought))) {
    return {items_.size() - 1, none, false};
  }
  make(Item::Kind::reasoning, "rs", thinking.id).format = thinking.format;
  return {items_.size() - 1, none, true};
}

Items::Place Items::start_opaque(const Opaque& opaque, Dropped& dropped) {
  if (opaque.dialect != dialect_name) {
    drop(dropped, opaque.kind);
    return {};
  }
  if (opaque.kind.starts_with(member_kind) && !opaque.kind.starts_with(content_kind)) {
    members_.push_back({opaque.kind.substr(member_kind.size()), opaque.json});
    return {};
  }
  if (opaque.kind.starts_with(content_kind)) {
    drop(dropped, opaque.kind);
    return {};
  }
  members_.clear();
  Item& item = make(Item::Kind::opaque, "item", "");
  item.json = opaque.json;
  item.sealed = true;
  return {items_.size() - 1, none, true};
}

Items::Place Items::start(const Part& part, Dropped& dropped) {
  const bool is_text = std::holds_alternative<Text>(part.what);
  if (is_text || std::holds_alternative<Refusal>(part.what)) {
    const bool fresh = joinable(Item::Kind::message) == nullptr;
    if (fresh) make(Item::Kind::message, "msg", "");
    Item& item = items_.back();
    item.pieces.push_back({is_text ? Piece::Kind::text : Piece::Kind::refusal});
    return {items_.size() - 1, item.pieces.size() - 1, fresh};
  }
  if (const auto* thinking = std::get_if<Thinking>(&part.what)) return start_thinking(*thinking, dropped);
  if (const auto* opaque = std::get_if<Opaque>(&part.what)) return start_opaque(*opaque, dropped);
  if (const auto* call = std::get_if<ToolCall>(&part.what)) {
    Item& item = make(Item::Kind::call, call->is_custom ? "ct" : "fc", call->item_id);
    item.call = *call;
    item.call.arguments.clear();
    if (item.call.id.empty()) item.call.id = "call_" + std::to_string(items_.size() - 1);
    item.sealed = true;
    return {items_.size() - 1, none, true};
  }
  if (const auto* media = std::get_if<Media>(&part.what)) {
    drop(dropped, name_of(media->kind));
  }
  return {};
}

Piece& Items::piece_of(Place& place, const Thinking& thinking) {
  auto& pieces = items_[place.item].pieces;
  if (place.piece == none) {
    place.piece = pieces.size();
    pieces.push_back({thinking.is_summary ? Piece::Kind::summary : Piece::Kind::thought});
  }
  return pieces[place.piece];
}

void Items::prove(std::size_t item, const Thinking& thinking, Dropped& dropped) {
  if (thinking.data.empty() && thinking.signature.empty()) return;
  if (!thinking.data.empty() && !thinking.signature.empty()) drop(dropped, "messages.reasoning.signature");
  items_[item].proof.clear();
  mark_proof(thinking, items_[item].proof);
  items_[item].sealed = true;
}

Piece* Items::first_text() {
  for (Item& item : items_) {
    for (Piece& piece : item.pieces) {
      if (piece.kind == Piece::Kind::text) return &piece;
    }
  }
  return nullptr;
}

std::size_t Items::add_proof(std::string proof) {
  Item& item = make(Item::Kind::reasoning, "rs", "");
  item.proof = std::move(proof);
  item.sealed = true;
  return items_.size() - 1;
}

void Items::add(const Part& part, Dropped& dropped) {
  Place place = start(part, dropped);
  if (place.item == none) return;
  if (part.cache && for_provider_) drop(dropped, "messages.cache_control");
  if (const auto* text = std::get_if<Text>(&part.what)) {
    Piece& piece = items_[place.item].pieces[place.piece];
    piece.text = text->text;
    add_annotations(text->citations, piece, dropped);
    if (text->signature.empty()) return;
    if (for_provider_) return drop(dropped, "messages.reasoning");
    add_proof(text_proof(*text));
  } else if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
    items_[place.item].pieces[place.piece].text = refusal->text;
  } else if (const auto* thinking = std::get_if<Thinking>(&part.what)) {
    if (!thinking->text.empty()) piece_of(place, *thinking).text = thinking->text;
    prove(place.item, *thinking, dropped);
  } else if (const auto* call = std::get_if<ToolCall>(&part.what)) {
    ToolCall& written = items_[place.item].call;
    written.arguments = call->arguments.empty() && !call->is_custom ? "{}" : call->arguments;
    written.signature = call->signature;
    if (call->signature.empty()) return;
    if (for_provider_) return drop(dropped, "messages.tool_calls.extra_content");
    add_proof(call_proof(written));
  }
}

void write_piece(Writer& writer, const Piece& piece, bool for_provider) {
  writer.open_object();
  switch (piece.kind) {
    case Piece::Kind::text:
      writer.member("type", "output_text").member("text", piece.text);
      if (!for_provider || piece.annotation_count > 0) writer.raw_member("annotations", "[" + piece.annotations + "]");
      if (!for_provider) writer.raw_member("logprobs", "[" + piece.logprobs + "]");
      break;
    case Piece::Kind::refusal:
      writer.member("type", "refusal").member("refusal", piece.text);
      break;
    case Piece::Kind::summary:
      writer.member("type", "summary_text").member("text", piece.text);
      break;
    case Piece::Kind::thought:
      writer.member("type", "reasoning_text").member("text", piece.text);
      break;
  }
  writer.close_object();
}

void write_item(Writer& writer, const Item& item, const ItemForm& form) {
  if (item.kind == Item::Kind::opaque) {
    writer.raw(item.json.bytes);
    return;
  }
  writer.open_object().member_if("id", item.id);
  if (item.kind == Item::Kind::message) write_message(writer, item, form);
  if (item.kind == Item::Kind::reasoning) write_reasoning(writer, item, form);
  if (item.kind == Item::Kind::call) write_call(writer, item, form);
  writer.close_object();
}

}  // namespace sluice::chat::responses
