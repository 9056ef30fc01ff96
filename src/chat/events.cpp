#include <sluice/chat/events.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include <sluice/chat/codec.hpp>

namespace sluice::chat {
namespace {

constexpr std::size_t most_choices = 1024;
constexpr std::size_t most_blocks = 100'000;

// Appends the items of one JSON array to another.
void append_items(RawJson& list, const RawJson& more) {
  if (!more || more.bytes.size() < 2 || more.bytes.front() != '[') return;
  if (!list || list.bytes == "[]") {
    list = more;
  } else if (more.bytes != "[]") {
    list.bytes.pop_back();
    list.bytes += ',';
    list.bytes.append(more.bytes, 1);
  }
}

// A part without what its deltas bring.
Part bare(const Part& part) {
  Part start = part;
  std::visit(
      [](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, Text>) what = Text{};
        if constexpr (std::is_same_v<What, Refusal>) what.text.clear();
        if constexpr (std::is_same_v<What, ToolCall>) {
          what.arguments.clear();
          what.signature.clear();
        }
        if constexpr (std::is_same_v<What, Thinking>) {
          what.text.clear();
          what.signature.clear();
          what.data.clear();
        }
      },
      start.what);
  return start;
}

// All that the deltas of a part bring, in one.
BlockDelta delta_of(const Part& part) {
  BlockDelta delta;
  if (const auto* text = std::get_if<Text>(&part.what)) {
    delta.text = text->text;
    delta.signature = text->signature;
    delta.citations = text->citations;
  } else if (const auto* thinking = std::get_if<Thinking>(&part.what)) {
    delta.text = thinking->text;
    delta.signature = thinking->signature;
    delta.data = thinking->data;
  } else if (const auto* call = std::get_if<ToolCall>(&part.what)) {
    delta.text = call->arguments;
    delta.signature = call->signature;
  } else if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
    delta.text = refusal->text;
  }
  return delta;
}

bool says_something(const BlockDelta& delta) {
  return !delta.text.empty() || !delta.signature.empty() || !delta.data.empty() || delta.citations;
}

void add(Part& part, const BlockDelta& delta) {
  if (auto* text = std::get_if<Text>(&part.what)) {
    text->text += delta.text;
    if (!delta.signature.empty()) text->signature = delta.signature;
    append_items(text->citations, delta.citations);
  } else if (auto* thinking = std::get_if<Thinking>(&part.what)) {
    thinking->text += delta.text;
    if (!delta.signature.empty()) thinking->signature = delta.signature;
    if (!delta.data.empty()) thinking->data = delta.data;
  } else if (auto* call = std::get_if<ToolCall>(&part.what)) {
    call->arguments += delta.text;
    if (!delta.signature.empty()) call->signature = delta.signature;
  } else if (auto* refusal = std::get_if<Refusal>(&part.what)) {
    refusal->text += delta.text;
  }
}

}  // namespace

Error ended_early() {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "The provider's stream ended too early.")
      .with_outcome(Outcome::truncated)
      .worth_retrying();
}

// Names are made up by callers and providers: neither how many there are nor how long they are may cost anything.
void drop(Dropped& dropped, std::string_view name) {
  if (dropped.size() > most_dropped) return;
  const std::string_view known = name.substr(0, longest_dropped);
  if (std::find(dropped.begin(), dropped.end(), known) != dropped.end()) return;
  dropped.emplace_back(dropped.size() < most_dropped ? known : more_dropped);
}

void drop_ending(Dropped& dropped, const Ending& ending) {
  if (ending.finish == Finish::pause) drop(dropped, "finish_reason");
  if (!ending.stop_sequence.empty()) drop(dropped, "stop_sequence");
}

std::string_view name_of(Media::Kind kind) {
  constexpr std::array<std::string_view, 4> names{"messages.image_url", "messages.input_audio", "messages.video_url",
                                                  "messages.file"};
  return names[static_cast<std::size_t>(kind)];
}

Part* Fold::block(std::size_t number) {
  if (number >= blocks_.size() || blocks_[number].choice >= response_.choices.size()) return nullptr;
  const Place place = blocks_[number];
  return &response_.choices[place.choice].parts[place.part];
}

void Fold::take(const Event& event) {
  const auto choice = [this](std::size_t number) -> Choice* {
    if (number >= most_choices) return nullptr;
    if (number >= response_.choices.size()) response_.choices.resize(number + 1);
    return &response_.choices[number];
  };
  if (const auto* start = std::get_if<AnswerStart>(&event)) {
    response_.id = start->id;
    response_.model = start->model;
    response_.created = start->created;
    response_.service_tier = start->service_tier;
    response_.system_fingerprint = start->system_fingerprint;
  } else if (const auto* begun = std::get_if<BlockStart>(&event)) {
    Choice* const to = choice(begun->choice);
    if (to == nullptr || begun->block >= most_blocks) return;
    if (begun->block >= blocks_.size()) blocks_.resize(begun->block + 1, {most_choices, 0});
    blocks_[begun->block] = {begun->choice, to->parts.size()};
    to->parts.push_back(begun->part);
  } else if (const auto* delta = std::get_if<BlockDelta>(&event)) {
    if (Part* const part = block(delta->block)) add(*part, *delta);
  } else if (const auto* ended = std::get_if<BlockEnd>(&event)) {
    Part* const part = block(ended->block);
    auto* const call = part == nullptr ? nullptr : std::get_if<ToolCall>(&part->what);
    if (call != nullptr && call->arguments.empty() && !call->is_custom) call->arguments = "{}";
  } else if (const auto* seen = std::get_if<LogprobsSeen>(&event)) {
    if (Choice* const to = choice(seen->choice)) append_items(to->logprobs, seen->content);
  } else if (const auto* over = std::get_if<ChoiceEnd>(&event)) {
    if (Choice* const to = choice(over->choice)) to->ending = over->ending;
  } else if (const auto* counted = std::get_if<UsageSeen>(&event)) {
    response_.usage = counted->usage;
  } else if (const auto* failed = std::get_if<AnswerFailed>(&event)) {
    failure_ = failed->error;
  } else if (std::holds_alternative<AnswerEnd>(event)) {
    ended_ = true;
  }
}

Result<Response> Fold::finish() && {
  if (failure_) return *std::move(failure_);
  if (!ended_) return ended_early();
  return std::move(response_);
}

std::vector<Event> unfold(const Response& response) {
  std::vector<Event> events;
  events.emplace_back(
      AnswerStart{response.id, response.model, response.created, response.service_tier, response.system_fingerprint});
  std::size_t block = 0;
  for (std::size_t number = 0; number < response.choices.size(); ++number) {
    const Choice& choice = response.choices[number];
    // Those of a choice come together: with its first text.
    bool untold = static_cast<bool>(choice.logprobs);
    for (const Part& part : choice.parts) {
      events.emplace_back(BlockStart{block, number, bare(part)});
      BlockDelta delta = delta_of(part);
      delta.block = block;
      if (says_something(delta)) events.emplace_back(std::move(delta));
      if (std::holds_alternative<Text>(part.what) && std::exchange(untold, false)) {
        events.emplace_back(LogprobsSeen{number, choice.logprobs});
      }
      events.emplace_back(BlockEnd{block++});
    }
    if (untold) events.emplace_back(LogprobsSeen{number, choice.logprobs});
    events.emplace_back(ChoiceEnd{number, choice.ending});
  }
  if (response.usage) events.emplace_back(UsageSeen{*response.usage});
  events.emplace_back(AnswerEnd{});
  return events;
}

}  // namespace sluice::chat
