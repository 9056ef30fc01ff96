#include <algorithm>
#include <array>
#include <utility>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Value;

// Reads a request member by member; the first that makes no sense is the answer.
class RequestReader {
 public:
  explicit RequestReader(Request& request) : request_(request) {}

  Result<> read(Value root) {
    for (const Value member : root) {
      if (member.is_null()) continue;
      Result<> done = read_member(member, member.name());
      if (!done) return done;
    }
    return Ok{};
  }

 private:
  Result<> read_member(Value value, const std::string& name) {
    if (name == "messages") return read_messages(value);
    if (name == "system") return Ok{};  // was read first
    if (name == "inferenceConfig") return read_sampling(value);
    if (name == "toolConfig") return read_tools(value);
    if (name == "outputConfig") return read_output(value);
    if (name == "additionalModelRequestFields") return read_additional(value);
    if (name == "requestMetadata" && value.is_object()) {
      request_.metadata.bytes = value.raw();
    } else if (name == "serviceTier" && value.size() == 1 && value["type"].is_string()) {
      request_.service_tier = value["type"].string();
    } else {
      keep(name, value);
    }
    return Ok{};
  }

  void keep(std::string name, Value value, std::string within = {}) {
    request_.extras.push_back({std::move(name), {std::string(value.raw())}, std::move(within)});
  }

  Result<> read_messages(Value messages) {
    if (!messages.is_array()) return wrong_member("messages", "must be a list.");
    std::size_t number = 0;
    for (const Value given : messages) {
      const std::string place = "messages[" + std::to_string(number++) + "]";
      Message message;
      if (given["role"].is("assistant")) {
        message.role = Role::assistant;
      } else if (given["role"].is("system")) {
        message.role = Role::system;
      } else if (!given["role"].is("user")) {
        return wrong_member(place + ".role", "must be 'user' or 'assistant'.");
      }
      if (!read_blocks(given["content"], message.parts)) {
        return wrong_member(place + ".content", "must be a list of content blocks.");
      }
      request_.messages.push_back(std::move(message));
    }
    return Ok{};
  }

  static bool read_number(Value value, std::optional<Number>& number) {
    if (value.is_number()) number = Number{std::string(value.raw())};
    return value.is_number() || value.is_null();
  }

  Result<> read_sampling(Value config) {
    if (!config.is_object()) return wrong_member("inferenceConfig", "must be an object.");
    Sampling& sampling = request_.sampling;
    for (const Value member : config) {
      const std::string name = member.name();
      bool good = true;
      if (name == "maxTokens") {
        sampling.max_tokens = member.whole();
        good = sampling.max_tokens || member.is_null();
      } else if (name == "temperature") {
        good = read_number(member, sampling.temperature);
      } else if (name == "topP") {
        good = read_number(member, sampling.top_p);
      } else if (name == "stopSequences") {
        good = read_stop(member);
      } else {
        keep(name, member, "inferenceConfig");
      }
      if (!good) return wrong_member("inferenceConfig." + name, "has a value of the wrong kind.");
    }
    return Ok{};
  }

  bool read_stop(Value list) {
    request_.sampling.stop.clear();
    for (const Value item : list) {
      if (!item.is_string()) return false;
      request_.sampling.stop.push_back(item.string());
    }
    return list.is_array() || list.is_null();
  }

  Result<> read_tools(Value config) {
    if (!config.is_object()) return wrong_member("toolConfig", "must be an object.");
    for (const Value member : config) {
      const std::string name = member.name();
      if (name == "tools") {
        Result<> read = read_tool_list(member);
        if (!read) return read;
      } else if (name == "toolChoice") {
        read_choice(member);
      } else {
        keep(name, member, "toolConfig");
      }
    }
    return Ok{};
  }

  Result<> read_tool_list(Value tools) {
    if (!tools.is_array() && !tools.is_null()) return wrong_member("toolConfig.tools", "must be a list.");
    for (const Value given : tools) {
      const Value spec = given["toolSpec"];
      const Value point = given["cachePoint"];
      if (spec.is_object()) {
        if (!spec["name"].is_string()) return wrong_member("toolConfig.tools", "has a tool without a name.");
        Tool tool;
        tool.name = spec["name"].string();
        tool.description = spec["description"].string();
        if (const Value schema = spec["inputSchema"]["json"]; !schema.absent()) tool.schema.bytes = schema.raw();
        tool.strict = spec["strict"].boolean();
        request_.tools.push_back(std::move(tool));
      } else if (point["type"].is("default") && !request_.tools.empty() && !request_.tools.back().cache) {
        request_.tools.back().cache = CacheMark{point["ttl"].string()};
      } else if (given.is_object()) {
        std::string kind = "tools";
        for (const Value member : given) kind = "tools." + member.name();
        Tool tool;
        tool.opaque = Opaque{std::string(dialect_name), kind, {std::string(given.raw())}};
        request_.tools.push_back(std::move(tool));
      } else {
        return wrong_member("toolConfig.tools", "must be a list of tools.");
      }
    }
    return Ok{};
  }

  void read_choice(Value choice) {
    ToolChoice& wanted = request_.tool_choice;
    if (choice["tool"]["name"].is_string()) {
      wanted.mode = ToolChoice::Mode::named;
      wanted.name = choice["tool"]["name"].string();
    } else if (choice["any"].is_object()) {
      wanted.mode = ToolChoice::Mode::required;
    } else if (choice["auto"].is_object()) {
      wanted.mode = ToolChoice::Mode::automatic;
    } else if (!choice.is_null()) {
      keep("toolChoice", choice, "toolConfig");
    }
  }

  Result<> read_output(Value config) {
    if (!config.is_object()) return wrong_member("outputConfig", "must be an object.");
    for (const Value member : config) {
      const std::string name = member.name();
      if (name == "textFormat" && member.is_object()) {
        const Value definition = member["structure"]["jsonSchema"];
        const std::string schema = definition["schema"].string();
        if (!member["type"].is("json_schema") || !json::Tree::read(schema).root().is_object()) {
          return wrong_member("outputConfig.textFormat", "must have a JSON Schema, written as text.");
        }
        request_.format = {OutputFormat::Kind::json_schema,
                           definition["name"].string(),
                           definition["description"].string(),
                           {schema},
                           {}};
      } else if (!member.is_null()) {
        keep(name, member, "outputConfig");
      }
    }
    return Ok{};
  }

  // Members of the model's own, of which a few mean the same everywhere.
  Result<> read_additional(Value fields) {
    if (!fields.is_object()) return wrong_member("additionalModelRequestFields", "must be an object.");
    for (const Value member : fields) {
      const std::string name = member.name();
      const bool is_read = (name == "thinking" && read_thinking(member)) ||
                           (name == "output_config" && read_effort(member)) ||
                           (name == "top_k" && member.is_number() && read_number(member, request_.sampling.top_k));
      if (!is_read) keep(name, member, "additionalModelRequestFields");
    }
    return Ok{};
  }

  bool read_effort(Value config) {
    if (config.size() != 1 || !config["effort"].is_string()) return false;
    request_.reasoning.effort = config["effort"].string();
    return true;
  }

  bool read_thinking(Value thinking) {
    Reasoning& reasoning = request_.reasoning;
    const auto budget = thinking["budget_tokens"].whole();
    if (thinking["type"].is("enabled") && budget && thinking.size() == 2) {
      reasoning.budget_tokens = budget;
      reasoning.enabled = true;
    } else if (thinking["type"].is("adaptive") && thinking.size() == 1) {
      reasoning.adaptive = true;
    } else if (thinking["type"].is("disabled") && thinking.size() == 1) {
      reasoning.enabled = false;
    } else {
      return false;
    }
    return true;
  }

  Request& request_;
};

}  // namespace

Result<Request> read_request(std::string_view body, std::string_view model, bool stream) {
  const json::Tree tree = json::Tree::read(body);
  const Value root = tree.root();
  if (!root.is_object()) return refuse("invalid_json", "The body must be a JSON object.");
  Request request;
  request.model = model;
  request.stream = stream;
  request.wants_usage = stream;  // every stream of this dialect ends with it
  request.dialect = dialect_name;
  if (const Value system = root["system"]; !system.absent()) {
    Message message;
    message.role = Role::system;
    if (!read_blocks(system, message.parts)) return wrong_member("system", "must be a list of content blocks.");
    if (!message.parts.empty()) request.messages.push_back(std::move(message));
  }
  RequestReader reader(request);
  Result<> read = reader.read(root);
  if (!read) return std::move(read).error();
  // Those inside of a member first, as they will be written.
  const auto place = [](const Extra& extra) {
    constexpr std::array<std::string_view, 4> places{"inferenceConfig", "toolConfig", "outputConfig",
                                                     "additionalModelRequestFields"};
    return std::find(places.begin(), places.end(), extra.within) - places.begin();
  };
  std::stable_sort(request.extras.begin(), request.extras.end(),
                   [&](const Extra& left, const Extra& right) { return place(left) < place(right); });
  return request;
}

}  // namespace sluice::chat::bedrock
