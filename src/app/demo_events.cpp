#include "app/demo_events.hpp"

#include <utility>

#include "app/demo_words.hpp"

namespace sluice::app {
namespace {

OrderedJson usage_of(const DemoCompletion& completion) {
  OrderedJson usage;
  usage["prompt_tokens"] = completion.prompt_tokens;
  usage["completion_tokens"] = completion.completion_tokens;
  usage["total_tokens"] = completion.prompt_tokens + completion.completion_tokens;
  usage["prompt_tokens_details"] = OrderedJson{{"cached_tokens", 0}};
  usage["completion_tokens_details"] = OrderedJson{{"reasoning_tokens", 0}};
  return usage;
}

OrderedJson envelope(const DemoCompletion& completion, const char* object) {
  OrderedJson document;
  document["id"] = completion.id;
  document["object"] = object;
  document["created"] = demo_created;
  document["model"] = completion.model;
  return document;
}

OrderedJson message_of(const DemoChoice& choice) {
  OrderedJson message;
  message["role"] = "assistant";
  message["content"] = choice.calls.empty() ? OrderedJson(choice.text) : OrderedJson();
  message["refusal"] = nullptr;
  for (const DemoToolCall& call : choice.calls) {
    OrderedJson written;
    written["id"] = call.id;
    written["type"] = "function";
    written["function"]["name"] = call.name;
    written["function"]["arguments"] = call.arguments;
    message["tool_calls"].push_back(std::move(written));
  }
  return message;
}

// The third of a tool call that is told next: its name, or one half of its arguments.
OrderedJson call_delta(const DemoToolCall& call, std::size_t index, std::size_t third) {
  OrderedJson written;
  written["index"] = index;
  if (third == 0) {
    written["id"] = call.id;
    written["type"] = "function";
    written["function"]["name"] = call.name;
    written["function"]["arguments"] = "";
    return written;
  }
  // Halves in bytes could split a character; going back to the byte that begins it cannot.
  std::size_t half = call.arguments.size() / 2;
  while (half > 0 && (static_cast<unsigned char>(call.arguments[half]) & 0xC0) == 0x80) --half;
  written["function"]["arguments"] = third == 1 ? call.arguments.substr(0, half) : call.arguments.substr(half);
  return written;
}

}  // namespace

std::string demo_document(const DemoCompletion& completion) {
  OrderedJson document = envelope(completion, completion.chat ? "chat.completion" : "text_completion");
  OrderedJson choices = OrderedJson::array();
  for (std::size_t index = 0; index < completion.choices(); ++index) {
    const DemoChoice& choice = completion.choice(index);
    OrderedJson written;
    written["index"] = index;
    if (completion.chat) {
      written["message"] = message_of(choice);
    } else {
      written["text"] = choice.text;
    }
    written["logprobs"] = nullptr;
    written["finish_reason"] = std::string(choice.finish);
    choices.push_back(std::move(written));
  }
  document["choices"] = std::move(choices);
  document["usage"] = usage_of(completion);
  return demo_dump(document);
}

DemoEvents::DemoEvents(DemoCompletion completion)
    : completion_(std::move(completion)),
      progress_(completion_.choices()),
      unfinished_(completion_.choices()),
      usage_due_(completion_.include_usage) {}

bool DemoEvents::next(std::string& event) {
  while (unfinished_ > 0) {
    const std::size_t index = turn_;
    turn_ = (turn_ + 1) % progress_.size();
    if (progress_[index].finished) continue;
    OrderedJson choices = OrderedJson::array();
    choices.push_back(step(index, progress_[index]));
    event = "data: " + demo_dump(chunk(std::move(choices), nullptr)) + "\n\n";
    return true;
  }
  if (usage_due_) {
    usage_due_ = false;
    event = "data: " + demo_dump(chunk(OrderedJson::array(), usage_of(completion_))) + "\n\n";
    return true;
  }
  event = "data: [DONE]\n\n";
  return !std::exchange(done_, true);
}

OrderedJson DemoEvents::step(std::size_t index, Progress& progress) {
  const DemoChoice& choice = completion_.choice(index);
  const std::size_t all = choice.calls.empty() ? choice.text.size() : 3 * choice.calls.size();
  const bool last = progress.told == all && (progress.introduced || !completion_.chat);
  OrderedJson written;
  written["index"] = index;
  if (last) {
    progress.finished = true;
    --unfinished_;
  }
  if (completion_.chat) {
    written["delta"] = last ? OrderedJson::object() : delta(choice, progress);
  } else {
    const std::size_t end = end_of_word(choice.text, progress.told);
    written["text"] = choice.text.substr(progress.told, end - progress.told);
    progress.told = end;
  }
  written["logprobs"] = nullptr;
  written["finish_reason"] = last ? OrderedJson(std::string(choice.finish)) : OrderedJson();
  return written;
}

OrderedJson DemoEvents::delta(const DemoChoice& choice, Progress& progress) const {
  OrderedJson written;
  if (!std::exchange(progress.introduced, true)) {
    written["role"] = "assistant";
    written["content"] = choice.calls.empty() ? OrderedJson("") : OrderedJson();
    written["refusal"] = nullptr;
  } else if (choice.calls.empty()) {
    const std::size_t end = end_of_word(choice.text, progress.told);
    written["content"] = choice.text.substr(progress.told, end - progress.told);
    progress.told = end;
  } else {
    const std::size_t call = progress.told / 3;
    written["tool_calls"] = OrderedJson::array({call_delta(choice.calls[call], call, progress.told % 3)});
    ++progress.told;
  }
  return written;
}

OrderedJson DemoEvents::chunk(OrderedJson choices, OrderedJson usage) const {
  OrderedJson document = envelope(completion_, completion_.chat ? "chat.completion.chunk" : "text_completion");
  document["choices"] = std::move(choices);
  if (completion_.include_usage) document["usage"] = std::move(usage);
  return document;
}

}  // namespace sluice::app
