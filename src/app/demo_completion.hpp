#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "app/demo_json.hpp"

namespace sluice::app {

struct DemoToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // a JSON text
};

// Either a text or calls of tools.
struct DemoChoice {
  std::string text;
  std::vector<DemoToolCall> calls;
  std::string_view finish = "stop";  // stop | length | tool_calls
};

// Everything that is answered to one request, before it is written as a document or as a stream.
struct DemoCompletion {
  bool chat = true;  // else the older API with a prompt
  std::string id;
  std::string model;
  std::vector<DemoChoice> distinct;
  std::size_t copies = 1;  // of each distinct choice, next to each other: `n`
  std::size_t prompt_tokens = 0;
  std::size_t completion_tokens = 0;
  bool stream = false;
  bool include_usage = false;

  std::size_t choices() const { return distinct.size() * copies; }
  const DemoChoice& choice(std::size_t index) const { return distinct[index / copies]; }
};

// Reads POST /v1/chat/completions. `hash` is of the body, for ids.
Result<DemoCompletion> complete_chat(const Json& request, std::string_view hash);
// Reads POST /v1/completions.
Result<DemoCompletion> complete_prompt(const Json& request, std::string_view hash);

// One text out of a prompt or an input: a string as it is, token numbers written down with spaces between.
std::optional<std::string> demo_input_text(const Json& input);
// `input` as one or several texts: a string, strings, token numbers or lists of them; refused when it is
// neither or when there are more than 2048. `name` is the member's, for the refusal.
Result<std::vector<std::string>> demo_inputs(const Json& request, std::string_view name);

}  // namespace sluice::app
