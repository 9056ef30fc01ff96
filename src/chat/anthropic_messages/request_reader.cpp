#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::anthropic {
namespace {

using json::Value;

Error wrong(const std::string& member, std::string_view what) {
  return refuse_member(member, "The member '" + member + "' must be " + std::string(what) + ".");
}

// Reads the members of one request. The first one that cannot be understood ends it.
class Reader {
 public:
  Reader(Value root, Request& request) : root_(root), request_(request) {}

  Result<> read() {
    read_sampling();
    read_system();
    read_messages();
    read_tools();
    read_tool_choice();
    read_thinking();
    read_output();
    read_rest();
    if (problem_) return *std::move(problem_);
    return Ok{};
  }

 private:
  void refuse_as(const std::string& member, std::string_view what) {
    if (!problem_) problem_ = wrong(member, what);
  }

  void extra(std::string name, Value value, std::string within = {}) {
    const auto [known, is_new] = extras_.try_emplace({within, name}, request_.extras.size());
    if (is_new) {
      request_.extras.push_back({std::move(name), raw_of(value), std::move(within)});
    } else {
      request_.extras[known->second].value = raw_of(value);
    }
  }

  std::optional<Number> number(std::string_view name) {
    const Value value = root_[name];
    if (value.absent()) return std::nullopt;
    if (!value.is_number()) refuse_as(std::string(name), "a number");
    return Number{std::string(value.raw())};
  }

  void read_sampling() {
    const Value limit = root_["max_tokens"];
    request_.sampling.max_tokens = limit.whole();
    if (!limit.absent() && !limit.whole()) refuse_as("max_tokens", "a whole number");
    request_.sampling.temperature = number("temperature");
    request_.sampling.top_p = number("top_p");
    request_.sampling.top_k = number("top_k");
    const Value stops = root_["stop_sequences"];
    if (!stops.absent() && !stops.is_array()) refuse_as("stop_sequences", "a list of strings");
    if (!stops.is_array()) return;
    for (const Value stop : stops) {
      if (!stop.is_string()) refuse_as("stop_sequences", "a list of strings");
      request_.sampling.stop.push_back(stop.string());
    }
  }

  // Content is a text or a list of blocks.
  void read_content(Value content, const std::string& where, std::vector<Part>& parts) {
    if (content.is_string()) {
      parts.push_back({Text{.text = content.string()}, std::nullopt});
    } else if (content.is_array()) {
      for (const Value block : content) {
        if (!read_block(block, Side::caller, parts)) refuse_as(where, "a string or a list of blocks with a type");
      }
    } else {
      refuse_as(where, "a string or a list of blocks with a type");
    }
  }

  void read_system() {
    const Value system = root_["system"];
    if (system.absent()) return;
    Message message{.role = Role::system};
    read_content(system, "system", message.parts);
    if (!message.parts.empty()) request_.messages.push_back(std::move(message));
  }

  void read_messages() {
    const Value messages = root_["messages"];
    if (!messages.is_array()) return refuse_as("messages", "a list of messages");
    std::size_t number = 0;
    for (const Value message : messages) {
      const std::string where = "messages[" + std::to_string(number++) + "]";
      std::vector<Part> parts;
      read_content(message["content"], where + ".content", parts);
      if (message["role"].is("user")) {
        add_user(std::move(parts));
      } else if (message["role"].is("assistant")) {
        restore_carried(parts);
        request_.messages.push_back({Role::assistant, std::move(parts), {}});
      } else if (message["role"].is("system")) {
        request_.messages.push_back({Role::system, std::move(parts), {}});
      } else {
        refuse_as(where + ".role", "'user', 'assistant' or 'system'");
      }
    }
  }

  // Each result of a tool is a message of its own, as in the dialects that have a role for it.
  void add_user(std::vector<Part> parts) {
    Message said{.role = Role::user};
    std::vector<Part> riders;
    const auto flush = [&] {
      if (!said.parts.empty()) request_.messages.push_back(std::exchange(said, Message{.role = Role::user}));
    };
    const bool is_empty = parts.empty();
    for (Part& part : parts) {
      const auto* const opaque = std::get_if<Opaque>(&part.what);
      const bool is_result = std::holds_alternative<ToolResult>(part.what);
      if (opaque != nullptr && is_rider(*opaque)) {
        riders.push_back(std::move(part));
        continue;
      }
      Message result{.role = Role::tool};
      if (is_result) flush();
      std::vector<Part>& to = is_result ? result.parts : said.parts;
      std::move(riders.begin(), riders.end(), std::back_inserter(to));
      riders.clear();
      to.push_back(std::move(part));
      if (is_result) request_.messages.push_back(std::move(result));
    }
    flush();
    if (is_empty) request_.messages.push_back(std::move(said));
  }

  void read_tools() {
    const Value tools = root_["tools"];
    if (tools.absent()) return;
    if (!tools.is_array()) return refuse_as("tools", "a list of tools");
    for (const Value tool : tools) {
      if (!tool.is_object()) return refuse_as("tools", "a list of tools");
      const std::string type = tool["type"].string();
      Tool read{.name = tool["name"].string()};
      if (!type.empty() && type != "custom") {
        read.opaque = Opaque{std::string(dialect_name), "tools." + type, raw_of(tool)};
      } else {
        if (read.name.empty()) return refuse_as("tools", "a list of tools with names");
        read_function(tool, read);
      }
      request_.tools.push_back(std::move(read));
    }
    write_tool_extras();
  }

  void read_function(Value tool, Tool& read) {
    read.description = tool["description"].string();
    if (!tool["input_schema"].absent()) read.schema = raw_of(tool["input_schema"]);
    read.strict = tool["strict"].boolean();
    read.cache = read_cache(tool["cache_control"]);
    constexpr std::array<std::string_view, 6> known{"type",         "name",   "description",
                                                    "input_schema", "strict", "cache_control"};
    for (const Value member : tool) {
      const std::string name = member.name();
      if (member.is_null() || std::find(known.begin(), known.end(), name) != known.end()) continue;
      tool_extras_.emplace_back(name, std::pair(read.name, std::string(member.raw())));
    }
  }

  // What tools say beyond that is an extra within "tools": an object of the values by the tools' names.
  void write_tool_extras() {
    std::stable_sort(tool_extras_.begin(), tool_extras_.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    for (auto at = tool_extras_.begin(); at != tool_extras_.end();) {
      const std::string member = at->first;
      RawJson values;
      json::Writer out(values.bytes);
      out.open_object();
      for (; at != tool_extras_.end() && at->first == member; ++at) out.raw_member(at->second.first, at->second.second);
      out.close_object();
      request_.extras.push_back({member, std::move(values), std::string(tools_path)});
    }
  }

  void read_tool_choice() {
    const Value choice = root_["tool_choice"];
    if (choice.absent()) return;
    const std::string type = choice["type"].string();
    if (type == "auto") {
      request_.tool_choice.mode = ToolChoice::Mode::automatic;
    } else if (type == "any") {
      request_.tool_choice.mode = ToolChoice::Mode::required;
    } else if (type == "none") {
      request_.tool_choice.mode = ToolChoice::Mode::none;
    } else if (type == "tool") {
      request_.tool_choice.mode = ToolChoice::Mode::named;
      request_.tool_choice.name = choice["name"].string();
      if (request_.tool_choice.name.empty()) refuse_as("tool_choice.name", "a tool's name");
    } else {
      refuse_as("tool_choice", "an object of type 'auto', 'any', 'tool' or 'none'");
    }
    if (const auto disabled = choice["disable_parallel_tool_use"].boolean()) request_.tool_choice.parallel = !*disabled;
  }

  void read_thinking() {
    const Value thinking = root_["thinking"];
    if (thinking.absent()) return;
    Reasoning& reasoning = request_.reasoning;
    const Value type = thinking["type"];
    if (type.is("enabled")) {
      reasoning.enabled = true;
      reasoning.budget_tokens = thinking["budget_tokens"].whole();
    } else if (type.is("adaptive")) {
      reasoning.adaptive = true;
    } else if (type.is("disabled")) {
      reasoning.enabled = false;
    } else {
      return extra("thinking", thinking);
    }
    if (thinking["display"].is("summarized")) reasoning.include_thoughts = true;
    if (thinking["display"].is("omitted")) reasoning.include_thoughts = false;
  }

  void read_format(Value format) {
    if (!format["type"].is("json_schema") || !format["schema"].is_object()) return;
    request_.format.kind = OutputFormat::Kind::json_schema;
    request_.format.schema = raw_of(format["schema"]);
  }

  void read_output() {
    read_format(root_["output_format"]);  // where the first servers with schemas wanted it
    const Value config = root_["output_config"];
    for (const Value member : config.is_object() ? config : Value()) {
      const std::string name = member.name();
      if (name == "effort" && member.is_string()) {
        request_.reasoning.effort = member.string();
      } else if (name == "format") {
        read_format(member);
      } else if (!member.is_null()) {
        extra(name, member, std::string(output_path));
      }
    }
  }

  void read_metadata(Value metadata) {
    for (const Value member : metadata) {
      if (member.name() == "user_id" && member.is_string()) {
        request_.user = member.string();
      } else if (!member.is_null()) {
        extra(member.name(), member, std::string(metadata_path));
      }
    }
  }

  void read_rest() {
    constexpr std::array<std::string_view, 14> read{
        "model", "stream", "max_tokens",  "messages", "system",        "tools",         "tool_choice",
        "top_p", "top_k",  "temperature", "thinking", "output_config", "output_format", "stop_sequences"};
    for (const Value member : root_) {
      const std::string name = member.name();
      if (name == "metadata" && member.is_object()) {
        read_metadata(member);
      } else if (name == "service_tier" && member.is_string()) {
        request_.service_tier = member.is("standard_only") ? "default" : member.string();
      } else if (name == "cache_control" && member.is_object()) {
        request_.cache = read_cache(member);
      } else if (!member.is_null() && std::find(read.begin(), read.end(), name) == read.end()) {
        extra(name, member);
      }
    }
  }

  Value root_;
  Request& request_;
  std::optional<Error> problem_{};
  std::map<std::pair<std::string, std::string>, std::size_t> extras_{};  // where they are in the request
  std::vector<std::pair<std::string, std::pair<std::string, std::string>>> tool_extras_{};  // member, tool, value
};

}  // namespace

Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) {
  const json::Tree tree = json::Tree::read(body);
  if (!tree.root().is_object()) return refuse("invalid_json", "The body must be a JSON object.");
  Request request;
  request.model = model;
  request.stream = stream;
  request.wants_usage = stream;  // this dialect's streams always say it
  request.dialect = dialect_name;
  if (const auto read = Reader(tree.root(), request).read(); !read) return read.error();
  return request;
}

}  // namespace sluice::chat::anthropic
