#include "gateway/dialect_scenarios.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::test {
namespace {

using namespace chat;

const std::string schema =
    R"({"type":"object","properties":{"harbour":{"type":"string"},"berths":{"type":"integer"}},"required":["harbour"],"additionalProperties":false})";
// A picture of one grey point.
const std::string picture =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

Message says(Role role, std::string words) {
  Message message;
  message.role = role;
  message.parts.push_back({Text{std::move(words)}, {}});
  return message;
}

Request asks(std::string words) {
  Request request;
  request.messages = {says(Role::system, "Answer in one sentence."), says(Role::user, std::move(words))};
  request.sampling.max_tokens = 300;
  return request;
}

Response answers(std::vector<Part> parts, Finish finish = Finish::stop) {
  Response response;
  response.id = "answer-1";
  response.model = "cell";
  response.created = 1'790'000'000;
  Choice choice;
  choice.parts = std::move(parts);
  choice.ending.finish = finish;
  response.choices = {choice};
  response.usage = Usage{.input = 21, .output = 9};
  return response;
}

Part call(std::string id, std::string name, std::string arguments) {
  ToolCall made;
  made.id = std::move(id);
  made.name = std::move(name);
  made.arguments = std::move(arguments);
  return {made, {}};
}

Part result(std::string id, std::string name, std::string words) {
  ToolResult given;
  given.call_id = std::move(id);
  given.name = std::move(name);
  given.content.emplace_back(Text{std::move(words)});
  return {given, {}};
}

void offer_tools(Request& request) {
  for (const char* const name : {"free_berths", "tide"}) {
    Tool tool;
    tool.name = name;
    tool.description = "What the harbour master knows";
    tool.schema.bytes = schema;
    request.tools.push_back(tool);
  }
}

Request asks_with_tools() {
  Request request = asks("Is there room in Cowes, and when does the tide turn?");
  offer_tools(request);
  return request;
}

Request with_results() {
  Request request = asks_with_tools();
  Message turn;
  turn.role = Role::assistant;
  turn.parts = {call("call_A1b2C3d4E", "free_berths", R"({"harbour":"Cowes","berths":2})"),
                call("call_F5g6H7i8J", "tide", R"({"harbour":"Cowes"})")};
  Message results;
  results.role = Role::tool;
  results.parts = {result("call_A1b2C3d4E", "free_berths", "three"), result("call_F5g6H7i8J", "tide", "at noon")};
  request.messages.push_back(turn);
  request.messages.push_back(results);
  return request;
}

Request with_schema() {
  Request request = asks("Which harbour?");
  request.format.kind = OutputFormat::Kind::json_schema;
  request.format.name = "harbour";
  request.format.schema.bytes = schema;
  request.format.strict = true;
  return request;
}

Request with_picture() {
  Request request = asks("What is this?");
  Media media;
  media.kind = Media::Kind::image;
  media.media_type = "image/png";
  media.data = picture;
  request.messages.back().parts.push_back({media, {}});
  return request;
}

Request with_media(Media media) {
  Request request = asks("What is this?");
  request.messages.back().parts.push_back({std::move(media), {}});
  return request;
}

// A conversation that has a thought to be sent back, with the proof of one family of models.
Request after_a_thought() {
  Request request = with_results();
  Thinking thinking;
  thinking.text = "The harbour master knows.";
  thinking.signature = "c2lnbmVk";
  thinking.format = thinking_format::anthropic;
  auto& turn = request.messages.at(request.messages.size() - 2);
  turn.parts.insert(turn.parts.begin(), Part{thinking, {}});
  return request;
}

Request after_a_failure() {
  Request request = with_results();
  std::get<ToolResult>(request.messages.back().parts.back().what).is_error = true;
  return request;
}

Request with_penalties() {
  Request request = asks("Say something.");
  request.sampling.frequency_penalty = Number{"0.5"};
  request.sampling.presence_penalty = Number{"0.25"};
  request.sampling.top_k = Number{"40"};
  request.sampling.choices = 2;
  return request;
}

Request with_logprobs() {
  Request request = asks("Say something.");
  request.sampling.logprobs = true;
  request.sampling.top_logprobs = 2;
  return request;
}

Request with_strict_tools() {
  Request request = asks_with_tools();
  for (Tool& tool : request.tools) tool.strict = true;
  request.tool_choice.parallel = false;
  return request;
}

Request with_names() {
  Request request = asks("Say something.");
  request.user = "u-17";
  request.metadata.bytes = R"({"ship":"Tern"})";
  return request;
}

Request with_a_mark() {
  Request request = asks("Say something.");
  request.messages.front().parts.back().cache = CacheMark{};
  return request;
}

Request with_sampling() {
  Request request = asks("Say something.");
  request.sampling.temperature = Number{"0.25"};
  request.sampling.top_p = Number{"0.9"};
  request.sampling.stop = {"END"};
  request.sampling.seed = 7;
  return request;
}

Request forced() {
  Request request = asks_with_tools();
  request.tool_choice.mode = ToolChoice::Mode::named;
  request.tool_choice.name = "tide";
  return request;
}

Request that_thinks() {
  Request request = asks("Think about it.");
  request.reasoning.effort = "medium";
  request.sampling.max_tokens = 4000;
  return request;
}

Part thought(std::string words) {
  Thinking thinking;
  thinking.text = std::move(words);
  return {thinking, {}};
}

// Equal for all spellings of a value.
std::string plain(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  return parsed.is_discarded() ? "(no JSON) " + json : parsed.dump();
}

void add_part(std::multiset<std::string>& facts, const std::string& who, std::string& words, const Part& part) {
  if (const auto* text = std::get_if<Text>(&part.what)) {
    words += text->text;
  } else if (const auto* media = std::get_if<Media>(&part.what)) {
    // An address tells what is there by itself.
    const std::string type = media->url.empty() ? media->media_type + " " : std::string();
    facts.insert(who + " shows " + type + media->data + media->url + media->file_id);
  } else if (const auto* thinking = std::get_if<Thinking>(&part.what)) {
    if (!thinking->text.empty()) facts.insert(who + " thinks " + thinking->text);
  } else if (const auto* made = std::get_if<ToolCall>(&part.what)) {
    facts.insert(who + " calls " + made->name + plain(made->arguments));
  } else if (const auto* given = std::get_if<ToolResult>(&part.what)) {
    std::string told;
    for (const auto& piece : given->content) {
      if (const auto* piece_text = std::get_if<Text>(&piece)) told += piece_text->text;
    }
    if (told.empty() && given->json) {
      // A dialect that wants an object wraps the words in one.
      const auto json = nlohmann::json::parse(given->json.bytes, nullptr, false);
      told = json.is_object() && json.size() == 1 && json.begin()->is_string() ? json.begin()->get<std::string>()
                                                                               : given->json.bytes;
    }
    facts.insert("a tool says " + told);
    if (given->is_error) facts.insert("messages.is_error true");
  } else if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
    words += refusal->text;  // dialects without a place of its own for it say it as text
  }
}

std::string_view name_of(Role role) {
  switch (role) {
    case Role::system:
    case Role::developer:
      return "system";
    case Role::assistant:
      return "assistant";
    default:
      return "user";
  }
}

std::string_view name_of(Finish finish) {
  constexpr std::string_view names[] = {"unset", "stop", "length", "tool_calls", "content_filter", "pause", "error"};
  return names[static_cast<std::size_t>(finish)];
}

bool has_mark(const Request& request) {
  return std::any_of(request.messages.begin(), request.messages.end(), [](const Message& message) {
    return std::any_of(message.parts.begin(), message.parts.end(),
                       [](const Part& part) { return part.cache.has_value(); });
  });
}

void add_sampling(std::multiset<std::string>& facts, const Sampling& sampling) {
  if (sampling.max_tokens) facts.insert("max_tokens " + std::to_string(*sampling.max_tokens));
  if (sampling.temperature) facts.insert("temperature " + std::to_string(sampling.temperature->value()));
  if (sampling.top_p) facts.insert("top_p " + std::to_string(sampling.top_p->value()));
  if (sampling.seed) facts.insert("seed " + std::to_string(*sampling.seed));
  if (sampling.top_k) facts.insert("top_k " + std::to_string(sampling.top_k->value()));
  if (sampling.frequency_penalty)
    facts.insert("frequency_penalty " + std::to_string(sampling.frequency_penalty->value()));
  if (sampling.presence_penalty) facts.insert("presence_penalty " + std::to_string(sampling.presence_penalty->value()));
  if (sampling.choices.value_or(1) != 1) facts.insert("n " + std::to_string(*sampling.choices));
  if (sampling.logprobs.value_or(false)) facts.insert("logprobs wanted");
  if (sampling.top_logprobs) facts.insert("top_logprobs " + std::to_string(*sampling.top_logprobs));
  for (const std::string& stop : sampling.stop) facts.insert("stop " + stop);
}

}  // namespace

std::vector<Scenario> dialect_scenarios() {
  const std::vector<Part> hello = {{Text{"Good morning, harbour."}, {}}};
  const Part berths = call("call_A1b2C3d4E", "free_berths", R"({"harbour":"Cowes","berths":2})");
  const Part tide = call("call_F5g6H7i8J", "tide", R"({"harbour":"Cowes"})");
  return {
      {"words", asks("Say good morning."), answers(hello)},
      {"sampling", with_sampling(), answers(hello)},
      {"a tool", asks_with_tools(), answers({berths}, Finish::tool_calls)},
      {"parallel tools", asks_with_tools(), answers({berths, tide}, Finish::tool_calls)},
      {"a forced tool", forced(), answers({tide}, Finish::tool_calls)},
      {"tool results", with_results(), answers(hello)},
      {"a JSON schema", with_schema(), answers({{Text{R"({"harbour":"Cowes","berths":3})"}, {}}})},
      {"strict tools, one call at a time", with_strict_tools(), answers({berths}, Finish::tool_calls)},
      {"a tool that failed", after_a_failure(), answers(hello)},
      {"an image", with_picture(), answers(hello)},
      {"an image by its address", with_media({.media_type = "image/png", .url = "https://pictures.example/tide.png"}),
       answers(hello)},
      {"a PDF",
       with_media(
           {.kind = Media::Kind::document, .media_type = "application/pdf", .data = "JVBERi0xLjQK", .name = "tides"}),
       answers(hello)},
      {"a recording", with_media({.kind = Media::Kind::audio, .media_type = "audio/wav", .data = "UklGRiQAAABXQVZF"}),
       answers(hello)},
      {"thinking", that_thinks(), answers({thought("The tide matters."), hello[0]})},
      {"a thought that goes back", after_a_thought(), answers(hello), true},
      {"penalties, top_k and two choices", with_penalties(), answers(hello)},
      {"log probabilities", with_logprobs(), answers(hello)},
      {"who asks, and metadata", with_names(), answers(hello)},
      {"a cache mark", with_a_mark(), answers(hello)},
      {"the length limit", asks("Say a lot."), answers(hello, Finish::length)},
      {"a filtered answer", asks("Say something bad."), answers({}, Finish::content_filter)},
      {"a refusal in words", asks("Say something bad."), answers({{Refusal{"I would rather not."}, {}}})},
  };
}

std::multiset<std::string> facts_of(const Request& request) {
  std::multiset<std::string> facts;
  std::string system;
  for (const Message& message : request.messages) {
    const std::string who(name_of(message.role));
    std::string words;
    for (const Part& part : message.parts) add_part(facts, who, words, part);
    if (words.empty()) continue;
    if (who == "system") {
      system += words;
    } else {
      facts.insert(who + " says " + words);
    }
  }
  if (!system.empty()) facts.insert("system says " + system);
  // A tool that must be called makes the others idle; a dialect without names for that offers it alone.
  std::string forced = request.tool_choice.name;
  if (request.tool_choice.mode == ToolChoice::Mode::required && request.tools.size() == 1) {
    forced = request.tools.front().name;
  }
  for (const Tool& tool : request.tools) {
    if (!forced.empty() && tool.name != forced) continue;
    facts.insert("tool " + tool.name + " (" + tool.description + ") " + plain(tool.schema.bytes));
  }
  if (!forced.empty()) facts.insert("must call " + forced);
  const auto is_strict = [](const Tool& tool) { return tool.strict.value_or(false); };
  if (std::any_of(request.tools.begin(), request.tools.end(), is_strict)) facts.insert("tools.strict true");
  if (request.tool_choice.parallel == false) facts.insert("parallel_tool_calls false");
  if (!request.user.empty()) facts.insert("user " + request.user);
  if (request.metadata) facts.insert("metadata " + plain(request.metadata.bytes));
  if (has_mark(request)) facts.insert("messages.cache_control set");
  if (request.format.kind == OutputFormat::Kind::json_schema) {
    facts.insert("answer as " + plain(request.format.schema.bytes));
  }
  const Reasoning& reasoning = request.reasoning;
  if (!reasoning.effort.empty() || reasoning.budget_tokens || reasoning.enabled.value_or(false) || reasoning.adaptive) {
    facts.insert("think first");
  }
  add_sampling(facts, request.sampling);
  return facts;
}

std::multiset<std::string> facts_of(const Response& answer) {
  std::multiset<std::string> facts;
  for (const Choice& choice : answer.choices) {
    std::string words;
    for (const Part& part : choice.parts) add_part(facts, "assistant", words, part);
    if (!words.empty()) facts.insert("assistant says " + words);
    // Some dialects say by the end that the words were a refusal, others by where the words stand.
    const bool refused = std::any_of(choice.parts.begin(), choice.parts.end(),
                                     [](const Part& part) { return std::holds_alternative<Refusal>(part.what); });
    if (!refused) facts.insert("ended: " + std::string(name_of(choice.ending.finish)));
  }
  if (answer.usage) {
    facts.insert("tokens " + std::to_string(answer.usage->all_input()) + " in, " +
                 std::to_string(answer.usage->all_output()) + " out");
  }
  return facts;
}

}  // namespace sluice::test
