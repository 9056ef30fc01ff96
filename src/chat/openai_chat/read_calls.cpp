#include <algorithm>
#include <utility>

#include "chat/openai_chat/codec.hpp"
#include "chat/tool_arguments.hpp"

// The calls in an answer, whole or in fragments. Servers differ in what tells them apart: an index, an id, or nothing
// but that a name is there.
namespace sluice::chat::openai {
namespace {

json::Value function_of(json::Value entry) { return entry["custom"].is_object() ? entry["custom"] : entry["function"]; }

// The key under which the call of the older `function_call` member is kept: no index is so great.
constexpr std::uint64_t legacy_index = std::uint64_t{1} << 60;

bool is_whole_object(std::string_view text) {
  return !text.empty() && text.back() == '}' && json::read(text).root == json::Kind::object;
}

}  // namespace

void AnswerReader::take_calls(json::Value said, Choice& to, std::vector<Event>& out) {
  for (const json::Value entry : items_of(said["tool_calls"])) {
    auto index = entry["index"].whole();
    if (!index) index = function_of(entry)["index"].whole();
    take_call(entry, index, to, out);
  }
  if (!said["function_call"].is_object()) return;
  const json::Value legacy = said["function_call"];
  Call& call = call_of(legacy, legacy_index, to, out);
  if (call.call.name.empty()) call.call.name = legacy["name"].string();
  std::string more = read_arguments(legacy["arguments"]);
  if (call.started && !more.empty()) out.emplace_back(BlockDelta{.block = call.block, .text = more});
  call.call.arguments += more;
  if (!call.started && !call.call.name.empty()) start_call(call, to, out);
}

// Finds the call that an entry goes on with, or makes a new one.
AnswerReader::Call& AnswerReader::call_of(json::Value entry, const std::optional<std::uint64_t>& index, Choice& to,
                                          std::vector<Event>& out) {
  const std::string id = entry["id"].string();
  const bool has_name = !function_of(entry)["name"].string().empty();
  const auto is_same = [&](const Call& call) {
    // Some servers number every call of a turn with 0.
    const bool has_other_id = !id.empty() && !call.call.id.empty() && id != call.call.id;
    // And some give them no ids: a name with arguments behind a call that has all of its own is another call's.
    const bool may_be_next = has_name && id.empty() && !call.call.name.empty();
    const bool is_next =
        may_be_next && is_whole_object(call.call.arguments) && !read_arguments(function_of(entry)["arguments"]).empty();
    const bool is_other = (has_name && has_other_id) || is_next;
    if (index) return call.index == index && !is_other;
    return id.empty() ? !has_name : call.call.id == id;
  };
  const auto known = std::find_if(to.calls.rbegin(), to.calls.rend(), is_same);
  if (known != to.calls.rend()) return *known;
  shut(to, out);
  place_signature(to, out);
  // A call whose arguments are complete need not wait for the end of the answer.
  for (Call& call : to.calls) {
    if (!call.started || call.ended || call.call.is_custom || call.looked_at == call.call.arguments.size()) continue;
    call.looked_at = call.call.arguments.size();
    if (!is_whole_object(call.call.arguments)) continue;
    out.emplace_back(BlockEnd{call.block});
    call.ended = true;
  }
  to.calls.emplace_back();
  to.calls.back().index = index;
  return to.calls.back();
}

void AnswerReader::take_call(json::Value entry, const std::optional<std::uint64_t>& index, Choice& to,
                             std::vector<Event>& out) {
  if (!entry.is_object() || to.calls.size() > most_calls) return;
  Call& call = call_of(entry, index, to, out);
  if (call.ended) return;
  const json::Value function = function_of(entry);
  if (!call.started) {
    call.call.is_custom = call.call.is_custom || entry["custom"].is_object();
    if (call.call.id.empty()) call.call.id = entry["id"].string();
    if (call.call.name.empty()) call.call.name = function["name"].string();
  }
  const std::string more = read_arguments(function[call.call.is_custom ? "input" : "arguments"]);
  call.call.arguments += more;
  const std::string signature = read_signature(entry);
  if (!signature.empty()) call.call.signature = signature;
  if (!call.started) {
    if (!call.call.name.empty()) start_call(call, to, out);
  } else if (!more.empty() || !signature.empty()) {
    out.emplace_back(BlockDelta{.block = call.block, .text = more, .signature = signature});
  }
}

void AnswerReader::start_call(Call& call, Choice& to, std::vector<Event>& out) {
  if (call.started) return;
  call.started = true;
  call.block = blocks_++;
  if (call.call.id.empty()) call.call.id = minted_id(answer_id_, call.block);
  ToolCall bare = call.call;
  bare.arguments.clear();
  bare.signature.clear();
  out.emplace_back(BlockStart{call.block, to.number, {.what = std::move(bare)}});
  if (call.call.arguments.empty() && call.call.signature.empty()) return;
  out.emplace_back(BlockDelta{.block = call.block, .text = call.call.arguments, .signature = call.call.signature});
}

// A signature of the whole message belongs to its text or, where there is none, to its first call.
void AnswerReader::place_signature(Choice& to, std::vector<Event>& out) {
  if (to.signature.empty()) return;
  if (to.open == Open::text) {
    out.emplace_back(BlockDelta{.block = to.block, .signature = std::move(to.signature)});
    to.signature.clear();
    return;
  }
  const auto open_call = std::find_if(to.calls.begin(), to.calls.end(), [](const Call& call) {
    return call.started && !call.ended && call.call.signature.empty();
  });
  if (open_call == to.calls.end()) return;
  open_call->call.signature = to.signature;
  out.emplace_back(BlockDelta{.block = open_call->block, .signature = std::move(to.signature)});
  to.signature.clear();
}

}  // namespace sluice::chat::openai
