#include "chat/anthropic_messages/parts.hpp"
#include "chat/call_ids.hpp"
#include "chat/tool_arguments.hpp"

namespace sluice::chat::anthropic {
namespace {

constexpr std::size_t most_id = 128;  // characters of a call's id

}  // namespace

std::string own_citations(const RawJson& citations, Dropped& dropped) {
  if (!citations) return {};
  const json::Tree tree = json::Tree::read(citations.bytes);
  if (!tree.root().is_array()) {
    drop(dropped, "messages.annotations");
    return {};
  }
  std::string list;
  json::Writer out(list);
  std::size_t kept = 0;
  for (const json::Value item : tree.root()) {
    if (!item["type"].string().ends_with("_location")) continue;
    if (kept++ == 0) out.open_array();
    out.raw(item.raw());
  }
  if (kept < tree.root().size()) drop(dropped, "messages.annotations");
  if (kept > 0) out.close_array();
  return list;
}

void write_riders(json::Writer& out, const std::vector<Opaque>& riders) {
  for (const Opaque& opaque : riders) {
    const json::Tree tree = json::Tree::read(opaque.json.bytes);
    if (tree.root().size() == 2) out.raw_member(tree.root()[0].string(), tree.root()[1].raw());
  }
}

json::Writer& BlockWriter::open(std::string_view type) {
  ++written_;
  return out_.open_object().member("type", type);
}

void BlockWriter::close(const std::optional<CacheMark>& cache) {
  write_cache(out_, cache);
  write_riders(out_, riders_);
  riders_.clear();
  out_.close_object();
}

void BlockWriter::write(const Part& part) {
  std::visit([&](const auto& what) { write(what, part.cache); }, part.what);
}

void BlockWriter::write(const Text& text, const std::optional<CacheMark>& cache) {
  const bool is_answer = to_ == Side::caller;
  // Providers refuse a request with an empty text.
  if (is_answer || !text.text.empty()) {
    open("text").member("text", text.text).raw_member_if("citations", own_citations(text.citations, dropped_));
    close(cache);
  } else {
    riders_.clear();
  }
  if (text.signature.empty()) return;
  if (is_answer) {
    open("redacted_thinking").member("data", carried_text(text.signature));
    close({});
  } else {
    drop(dropped_, "messages.reasoning");
  }
}

void BlockWriter::write(const Media& media, const std::optional<CacheMark>& cache) {
  std::string source;
  json::Writer out(source);
  const bool misplaced = to_ == Side::caller || role_ == Role::assistant || role_ == Role::system;
  if (misplaced || !write_source(out, media)) {
    drop(dropped_, name_of(media.kind));
    riders_.clear();
    return;
  }
  if (!media.detail.empty() && media.detail != "auto") drop(dropped_, "messages.image_url.detail");
  const bool is_document = media.kind == Media::Kind::document;
  open(is_document ? "document" : "image").raw_member("source", source);
  if (is_document) out_.member_if("title", media.name);
  close(cache);
}

void BlockWriter::write(const Thinking& thinking, const std::optional<CacheMark>& cache) {
  const bool is_ours = thinking.format == thinking_format::anthropic;
  if (to_ == Side::provider && !is_ours) {
    drop(dropped_, "messages.reasoning");
    riders_.clear();
    return;
  }
  if (is_ours && !thinking.data.empty() && (thinking.text.empty() || to_ == Side::provider)) {
    open("redacted_thinking").member("data", thinking.data);
  } else {
    const bool is_plain =
        is_ours ? thinking.data.empty() : thinking.signature.empty() && thinking.data.empty() && thinking.id.empty();
    open("thinking").member("thinking", thinking.text);
    out_.member("signature", is_plain ? thinking.signature : carried(thinking));
  }
  close(cache);
}

void BlockWriter::write(const ToolCall& call, const std::optional<CacheMark>& cache) {
  if (!call.signature.empty() && to_ == Side::caller) {
    std::vector<Opaque> riders;
    riders.swap(riders_);
    open("redacted_thinking").member("data", carried_call(call.id, call.signature));
    close({});
    riders_.swap(riders);
  } else if (!call.signature.empty()) {
    drop(dropped_, "messages.reasoning");
  }
  open("tool_use").member("id", to_ == Side::caller ? call.id : fitting_id(call.id, most_id)).member("name", call.name);
  out_.raw_member("input", arguments_object(call.arguments, !call.is_custom));
  close(cache);
}

void BlockWriter::write(const ToolResult& result, const std::optional<CacheMark>& cache) {
  std::vector<Opaque> riders;
  riders.swap(riders_);
  if (to_ == Side::caller) return drop(dropped_, "messages.tool");
  open("tool_result").member("tool_use_id", fitting_id(result.call_id, most_id));
  const auto* const only = result.content.size() == 1 ? std::get_if<Text>(&result.content.front()) : nullptr;
  if (result.json) {
    out_.member("content", result.json.bytes);
  } else if (only != nullptr && !only->citations) {
    if (!only->text.empty()) out_.member("content", only->text);
  } else if (!result.content.empty()) {
    out_.name("content").open_array();
    BlockWriter inner(out_, Side::provider, Role::user, dropped_);
    for (const auto& piece : result.content) {
      std::visit([&](const auto& what) { inner.write(what, std::nullopt); }, piece);
    }
    out_.close_array();
  }
  if (result.is_error) out_.member("is_error", true);
  riders_.swap(riders);
  close(cache);
}

void BlockWriter::write(const Refusal& refusal, const std::optional<CacheMark>& cache) {
  write(Text{.text = refusal.text}, cache);
}

void BlockWriter::write(const Opaque& opaque, const std::optional<CacheMark>&) {
  if (opaque.dialect != dialect_name) {
    drop(dropped_, opaque.kind);
  } else if (is_rider(opaque)) {
    riders_.push_back(opaque);
  } else {
    ++written_;
    riders_.clear();
    out_.raw(opaque.json.bytes);
  }
}

}  // namespace sluice::chat::anthropic
