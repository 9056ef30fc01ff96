#include "app/demo_completion.hpp"

#include <algorithm>
#include <utility>

#include "app/demo_instance.hpp"
#include "app/demo_tools.hpp"
#include "app/demo_words.hpp"

namespace sluice::app {
namespace {

constexpr std::uint64_t most_tokens = 1u << 30;
constexpr std::uint64_t most_copies = 128;           // the API's own bound of `n`
constexpr std::size_t most_texts = 2048;             // the API's own bound of an embedding's `input`
constexpr std::size_t largest_answer = 64ull << 20;  // bytes of text in all choices together
constexpr std::string_view roles[] = {"system", "developer", "user", "assistant", "tool", "function"};

// Appends the text of a message: a string, or the text parts of a list. Other parts (images, sound) say nothing.
std::string text_of(const Json& message) {
  const Json* content = demo_member(message, "content");
  if (!content) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (!content->is_array()) return text;
  for (const Json& part : *content) {
    if (demo_text(part, "type") == "text") text += demo_text(part, "text").value_or("");
  }
  return text;
}

// What the answer is about: the last words of the user, and the results of tools if those came last.
struct Talk {
  std::string user;
  std::string tool_results;
  bool ends_with_tool = false;
  std::size_t words = 0;
};

Result<Talk> read_messages(const Json& request) {
  const Json* messages = demo_member(request, "messages");
  if (!messages || !messages->is_array() || messages->empty()) {
    return demo_refusal("", "'messages' must be a list of at least one message.", "messages");
  }
  Talk talk;
  for (std::size_t at = 0; at < messages->size(); ++at) {
    const Json& message = (*messages)[at];
    const auto role = demo_text(message, "role");
    if (!role || std::find(std::begin(roles), std::end(roles), *role) == std::end(roles)) {
      const std::string where = "messages[" + std::to_string(at) + "].role";
      return demo_refusal("", "'" + where + "' must be one of system, developer, user, assistant, tool.", where);
    }
    std::string text = text_of(message);
    talk.words += count_words(text);
    const bool tool = *role == "tool" || *role == "function";
    if (!tool) talk.tool_results.clear();
    if (tool) talk.tool_results += (talk.ends_with_tool ? ", " : "") + text;
    talk.ends_with_tool = tool;
    if (*role == "user") talk.user = std::move(text);
  }
  return talk;
}

// The answer's content, before it is cut: shaped by `response_format` if there is one.
Result<std::string> content_for(const Json& request, const Talk& talk) {
  std::string text = talk.ends_with_tool ? "The tool said: " + talk.tool_results : "You said: " + talk.user;
  const Json* format = demo_member(request, "response_format");
  if (!format) return text;
  const auto type = demo_text(*format, "type");
  if (type == "text") return text;
  if (type == "json_object") return demo_dump(OrderedJson{{"answer", text}});
  const Json* named = demo_member(*format, "json_schema");
  const Json* schema = named ? demo_member(*named, "schema") : nullptr;
  if (type == "json_schema" && schema && schema->is_object()) return demo_dump(minimal_instance(*schema));
  return demo_refusal("", "'response_format' must be text, json_object, or json_schema with a schema.",
                      "response_format");
}

Result<std::vector<std::string>> read_stops(const Json& request) {
  std::vector<std::string> stops;
  const Json* stop = demo_member(request, "stop");
  if (!stop) return stops;
  if (stop->is_string()) stops.push_back(stop->get<std::string>());
  if (stop->is_array() && stop->size() <= 4) {
    for (const Json& word : *stop) {
      if (word.is_string()) stops.push_back(word.get<std::string>());
    }
  }
  if (stop->is_string() || (stop->is_array() && stops.size() == stop->size())) return stops;
  return demo_refusal("", "'stop' must be a text or a list of up to four.", "stop");
}

// Where an answer ends early.
struct Limits {
  std::vector<std::string> stops;
  std::optional<std::uint64_t> tokens;
};

Result<Limits> read_limits(const Json& request) {
  auto stops = read_stops(request);
  if (!stops) return std::move(stops).error();
  for (const char* name : {"max_completion_tokens", "max_tokens"}) {
    auto tokens = demo_number(request, name, 1, most_tokens);
    if (!tokens) return std::move(tokens).error();
    if (*tokens) return Limits{*std::move(stops), *tokens};
  }
  return Limits{*std::move(stops), std::nullopt};
}

DemoChoice cut(std::string text, const Limits& limits) {
  DemoChoice choice;
  std::size_t end = text.size();
  for (const std::string& stop : limits.stops) {
    if (!stop.empty()) end = std::min(end, text.find(stop));
  }
  text.resize(end);
  if (limits.tokens && count_words(text) > *limits.tokens) {
    text.resize(first_words(text, *limits.tokens).size());
    choice.finish = "length";
  }
  choice.text = std::move(text);
  return choice;
}

// The members both APIs have in common.
Result<DemoCompletion> begin_completion(const Json& request, std::string id) {
  DemoCompletion completion;
  completion.id = std::move(id);
  const auto model = demo_text(request, "model");
  if (!model || model->empty()) return demo_refusal("", "'model' must name a model.", "model");
  completion.model = *model;
  auto copies = demo_number(request, "n", 1, most_copies);
  if (!copies) return std::move(copies).error();
  completion.copies = copies->value_or(1);
  auto stream = demo_flag(request, "stream");
  if (!stream) return std::move(stream).error();
  completion.stream = *stream;
  const Json* options = demo_member(request, "stream_options");
  if (options && !completion.stream) {
    return demo_refusal("", "'stream_options' is for streams only.", "stream_options");
  }
  auto usage = options ? demo_flag(*options, "include_usage") : Result<bool>(false);
  if (!usage) return std::move(usage).error();
  completion.include_usage = *usage;
  return completion;
}

// Counts the tokens and refuses what would multiply into something enormous.
Result<DemoCompletion> end_completion(DemoCompletion completion) {
  std::size_t bytes = 0;
  for (const DemoChoice& choice : completion.distinct) {
    bytes += choice.text.size();
    completion.completion_tokens += count_words(choice.text);
    for (const DemoToolCall& call : choice.calls) {
      bytes += call.name.size() + call.arguments.size();
      completion.completion_tokens += 1 + count_words(call.arguments);
    }
  }
  completion.completion_tokens *= completion.copies;
  if (completion.choices() > most_texts || bytes > largest_answer / completion.copies) {
    return demo_refusal("", "So many choices of this length are too much to answer.", "n");
  }
  return completion;
}

}  // namespace

Result<DemoCompletion> complete_chat(const Json& request, std::string_view hash) {
  auto completion = begin_completion(request, "chatcmpl-" + std::string(hash));
  if (!completion) return completion;
  auto talk = read_messages(request);
  if (!talk) return std::move(talk).error();
  auto limits = read_limits(request);
  if (!limits) return std::move(limits).error();
  auto content = content_for(request, *talk);
  if (!content) return std::move(content).error();
  auto calls = choose_tools(request, talk->user, talk->ends_with_tool, hash);
  if (!calls) return std::move(calls).error();
  completion->prompt_tokens = talk->words;
  if (calls->empty()) {
    completion->distinct.push_back(cut(*std::move(content), *limits));
  } else {
    completion->distinct.push_back(DemoChoice{"", *std::move(calls), "tool_calls"});
  }
  return end_completion(*std::move(completion));
}

Result<DemoCompletion> complete_prompt(const Json& request, std::string_view hash) {
  auto completion = begin_completion(request, "cmpl-" + std::string(hash));
  if (!completion) return completion;
  completion->chat = false;
  auto prompts = demo_inputs(request, "prompt");
  if (!prompts) return std::move(prompts).error();
  auto limits = read_limits(request);
  if (!limits) return std::move(limits).error();
  for (const std::string& prompt : *prompts) {
    completion->prompt_tokens += count_words(prompt);
    completion->distinct.push_back(cut("You said: " + prompt, *limits));
  }
  return end_completion(*std::move(completion));
}

std::optional<std::string> demo_input_text(const Json& input) {
  if (input.is_string()) return input.get<std::string>();
  if (!input.is_array() || input.empty()) return std::nullopt;
  std::string text;
  for (const Json& token : input) {
    if (!token.is_number_unsigned()) return std::nullopt;
    if (!text.empty()) text += ' ';
    text += std::to_string(token.get<std::uint64_t>());
  }
  return text;
}

Result<std::vector<std::string>> demo_inputs(const Json& request, std::string_view name) {
  std::vector<std::string> texts;
  const Json* input = demo_member(request, name);
  if (input) {
    if (auto single = demo_input_text(*input)) {
      texts.push_back(*std::move(single));
      return texts;
    }
  }
  if (input && input->is_array() && input->size() <= most_texts) {
    for (const Json& element : *input) {
      if (auto text = demo_input_text(element)) texts.push_back(*std::move(text));
    }
    if (!texts.empty() && texts.size() == input->size()) return texts;
  }
  const std::string quoted = "'" + std::string(name) + "'";
  return demo_refusal("", quoted + " must be a text, token numbers, or a list of up to 2048 of those.",
                      std::string(name));
}

}  // namespace sluice::app
