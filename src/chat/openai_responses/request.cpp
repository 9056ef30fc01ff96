#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_responses/parts.hpp"
#include "chat/request_body.hpp"

// Requests of callers.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;

constexpr std::array request_members{
    std::string_view("model"),     std::string_view("input"),        std::string_view("instructions"),
    std::string_view("stream"),    std::string_view("tools"),        std::string_view("tool_choice"),
    std::string_view("text"),      std::string_view("temperature"),  std::string_view("max_output_tokens"),
    std::string_view("top_p"),     std::string_view("top_logprobs"), std::string_view("parallel_tool_calls"),
    std::string_view("reasoning"), std::string_view("user"),         std::string_view("metadata"),
    std::string_view("include"),   std::string_view("store"),        std::string_view("service_tier"),
};

// Reads members one by one and keeps the first complaint.
class RequestReader {
 public:
  explicit RequestReader(Value root) : root_(root) { request_.dialect = dialect_name; }

  Result<Request> read(std::string_view model, bool stream) && {
    request_.model = model;
    request_.stream = stream;
    request_.wants_usage = stream;  // it always comes
    read_messages();
    read_tools();
    read_tools_of_input();
    read_tool_choice();
    read_text();
    read_reasoning();
    read_sampling();
    text(root_["user"], "user", request_.user);
    text(root_["service_tier"], "service_tier", request_.service_tier);
    flag(root_["store"], "store", request_.store);
    if (const Value metadata = root_["metadata"]; metadata.is_object()) {
      request_.metadata.bytes = metadata.raw();
    } else if (!metadata.absent()) {
      refuse("metadata", "an object");
    }
    read_include();
    read_rest();
    if (complaint_) return *std::move(complaint_);
    return std::move(request_);
  }

 private:
  void refuse(std::string_view member, std::string_view must) {
    if (complaint_) return;
    complaint_ = refuse_member(member, "The member '" + std::string(member) + "' must be " + std::string(must) + ".");
  }

  void text(Value value, std::string_view member, std::string& to) {
    if (value.is_string()) {
      to = value.string();
    } else if (!value.absent()) {
      refuse(member, "a string");
    }
  }
  void flag(Value value, std::string_view member, std::optional<bool>& to) {
    to = value.boolean();
    if (!to && !value.absent()) refuse(member, "a boolean");
  }
  void count(Value value, std::string_view member, std::optional<std::uint64_t>& to) {
    to = value.whole();
    if (!to && !value.absent()) refuse(member, "a whole number");
  }
  void number(Value value, std::string_view member, std::optional<Number>& to) {
    if (value.is_number()) {
      to = Number{std::string(value.raw())};
    } else if (!value.absent()) {
      refuse(member, "a number");
    }
  }
  void extra(std::string name, std::string_view json, std::string within = {}) {
    request_.extras.push_back({std::move(name), {std::string(json)}, std::move(within)});
  }

  void read_messages() {
    std::string instructions;
    text(root_["instructions"], "instructions", instructions);
    if (root_["instructions"].is_string()) {
      request_.messages.push_back({Role::system, {{Text{std::move(instructions), {}, {}}, {}}}, {}});
    }
    auto read = read_input(root_["input"], request_.messages);
    if (!read && !complaint_) complaint_ = std::move(read).error();
  }

  void read_tools() {
    const Value tools = root_["tools"];
    if (tools.absent()) return;
    if (!tools.is_array()) return refuse("tools", "a list");
    for (const Value tool : tools) {
      if (!tool.is_object()) return refuse("tools", "a list of objects");
      request_.tools.push_back(read_tool(tool));
    }
  }

  // Some clients bring all their tools as an item of the input, which stays one for providers of this dialect.
  void read_tools_of_input() {
    const Value input = root_["input"];
    if (!input.is_array()) return;
    for (const Value item : input) {
      if (!item["type"].is(tools_item)) continue;
      for (const Value tool : item["tools"]) {
        if (!tool.is_object()) return refuse("input", "a list of items whose tools are objects");
        request_.tools.push_back(read_tool(tool));
        request_.tools.back().is_told = true;
      }
    }
  }

  Tool read_tool(Value value) {
    const std::string place = "tools[" + std::to_string(request_.tools.size()) + "]";
    const std::string type = value["type"].string();
    Tool tool;
    tool.is_custom = type == "custom";
    if (type != "function" && !tool.is_custom) {
      tool.opaque = Opaque{std::string(dialect_name), "tools." + type, {std::string(value.raw())}};
      return tool;
    }
    const std::string_view schema = tool.is_custom ? "format" : "parameters";
    text(value["name"], place + ".name", tool.name);
    text(value["description"], place + ".description", tool.description);
    if (!value[schema].absent()) tool.schema.bytes = value[schema].raw();
    if (!tool.is_custom) flag(value["strict"], place + ".strict", tool.strict);
    keep_rest(value, place, {"type", "name", "description", schema, tool.is_custom ? "type" : "strict"},
              request_.extras);
    return tool;
  }

  // The names of allowed tools; false when one of them is no tool of the caller's.
  static bool read_names(Value tools, std::vector<std::string>& names) {
    for (const Value tool : tools) {
      if (!(tool["type"].is("function") || tool["type"].is("custom")) || !tool["name"].is_string()) return false;
      names.push_back(tool["name"].string());
    }
    return !names.empty();
  }

  void read_tool_choice() {
    using Mode = ToolChoice::Mode;
    ToolChoice& choice = request_.tool_choice;
    flag(root_["parallel_tool_calls"], "parallel_tool_calls", choice.parallel);
    const Value value = root_["tool_choice"];
    const auto mode_of = [](Value mode) {
      if (mode.is("auto")) return Mode::automatic;
      if (mode.is("none")) return Mode::none;
      return mode.is("required") ? Mode::required : Mode::unset;
    };
    if (value.absent()) return;
    if (value.is_string()) {
      choice.mode = mode_of(value);
      if (choice.mode == Mode::unset) refuse("tool_choice", "auto, none, required or an object");
    } else if (!value.is_object()) {
      refuse("tool_choice", "a string or an object");
    } else if ((value["type"].is("function") || value["type"].is("custom")) && value["name"].is_string()) {
      choice.mode = Mode::named;
      choice.name = value["name"].string();
    } else if (value["type"].is("allowed_tools") && mode_of(value["mode"]) != Mode::unset &&
               read_names(value["tools"], choice.only)) {
      choice.mode = mode_of(value["mode"]);
    } else {
      choice.only.clear();
      extra("tool_choice", value.raw());
    }
  }

  void read_text() {
    const Value value = root_["text"];
    if (value.absent()) return;
    if (!value.is_object()) return refuse("text", "an object");
    text(value["verbosity"], "text.verbosity", request_.verbosity);
    keep_rest(value, "text", {"verbosity", "format"}, request_.extras);
    const Value format = value["format"];
    if (format.absent() || format["type"].is("text")) return;
    if (format["type"].is("json_object")) {
      request_.format.kind = OutputFormat::Kind::json_object;
    } else if (format["type"].is("json_schema")) {
      request_.format.kind = OutputFormat::Kind::json_schema;
      text(format["name"], "text.format.name", request_.format.name);
      text(format["description"], "text.format.description", request_.format.description);
      flag(format["strict"], "text.format.strict", request_.format.strict);
      if (!format["schema"].is_object()) return refuse("text.format.schema", "an object");
      request_.format.schema.bytes = format["schema"].raw();
    } else if (format.is_object()) {
      extra("format", format.raw(), "text");
    } else {
      refuse("text.format", "an object");
    }
  }

  void read_reasoning() {
    const Value value = root_["reasoning"];
    if (value.absent()) return;
    if (!value.is_object()) return refuse("reasoning", "an object");
    text(value["effort"], "reasoning.effort", request_.reasoning.effort);
    const bool is_old = value["summary"].absent();
    text(value[is_old ? "generate_summary" : "summary"], "reasoning.summary", request_.reasoning.summary);
    keep_rest(value, "reasoning", {"effort", "summary", "generate_summary"}, request_.extras);
  }

  void read_sampling() {
    Sampling& sampling = request_.sampling;
    count(root_["max_output_tokens"], "max_output_tokens", sampling.max_tokens);
    number(root_["temperature"], "temperature", sampling.temperature);
    number(root_["top_p"], "top_p", sampling.top_p);
    count(root_["top_logprobs"], "top_logprobs", sampling.top_logprobs);
  }

  // What is asked for beyond the answer. Log probabilities have a word of their own; proofs of thoughts are asked for
  // anyway when nothing is stored.
  void read_include() {
    const Value include = root_["include"];
    if (include.absent()) return;
    if (!include.is_array()) return refuse("include", "a list");
    const bool implied = request_.store == false && thinks(request_);
    std::string rest;
    for (const Value entry : include) {
      if (entry.is(include_logprobs)) {
        request_.sampling.logprobs = true;
      } else if (entry.is(include_proofs)) {
        request_.reasoning.wants_proofs = !implied;
      } else {
        rest += rest.empty() ? '[' : ',';
        rest += entry.raw();
      }
    }
    if (!rest.empty()) extra("include", rest + ']');
  }

  void read_rest() {
    for (const Value member : root_) {
      const std::string name = member.name();
      if (member.absent() || std::find(request_members.begin(), request_members.end(), name) != request_members.end()) {
        continue;
      }
      // The defaults ask for nothing.
      if ((name == "background" && member.boolean() == false) || (name == "truncation" && member.is("disabled"))) {
        continue;
      }
      extra(name, member.raw());
    }
  }

  Value root_;
  Request request_{};
  std::optional<Error> complaint_{};
};

}  // namespace

bool thinks(const Request& request) {
  const Reasoning& asked = request.reasoning;
  if (asked.effort == "none" || asked.enabled == false) return false;
  if (!asked.effort.empty() || !asked.summary.empty() || asked.budget_tokens || asked.enabled || asked.adaptive) {
    return true;
  }
  for (const Message& message : request.messages) {
    for (const Part& part : message.parts) {
      const auto* thinking = std::get_if<Thinking>(&part.what);
      if (thinking != nullptr && thinking->format == thinking_format::responses) return true;
    }
  }
  return false;
}

Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) {
  const Tree tree = Tree::read(body);
  if (!tree || !tree.root().is_object()) return refuse("invalid_json", "The body must be a JSON object.");
  return RequestReader(tree.root()).read(model, stream);
}

}  // namespace sluice::chat::responses
