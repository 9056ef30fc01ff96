#include <utility>

#include "chat/cohere_v2/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Value;

bool read_number(Value value, std::optional<Number>& number) {
  if (value.is_number()) number = Number{std::string(value.raw())};
  return value.is_number();
}

class RequestReader {
 public:
  explicit RequestReader(Request& request) : request_(request) {}

  Result<> read(Value root) {
    for (const Value member : root) {
      const std::string name = member.name();
      if (member.is_null() || name == "model" || name == "stream") continue;
      if (name == "messages") {
        Result<> read = read_messages(member);
        if (!read) return read;
      } else if (name == "tools") {
        Result<> read = read_tools(member);
        if (!read) return read;
      } else if (name == "strict_tools" && member.boolean()) {
        strict_tools_ = *member.boolean();
      } else if (const std::optional<bool> good = read_sampling(name, member); good) {
        if (!*good) return wrong_member(name, "has a value of the wrong kind.");
      } else if (!read_rest(name, member)) {
        request_.extras.push_back({name, {std::string(member.raw())}});
      }
    }
    for (Tool& tool : request_.tools) {
      if (strict_tools_ && !tool.opaque) tool.strict = true;
    }
    return Ok{};
  }

 private:
  Result<> read_messages(Value messages) {
    if (!messages.is_array()) return wrong_member("messages", "must be a list.");
    std::size_t number = 0;
    for (const Value given : messages) {
      const std::string place = "messages[" + std::to_string(number++) + "]";
      Message message;
      bool good = true;
      if (given["role"].is("assistant")) {
        message.role = Role::assistant;
        good = read_message(given, message.parts);
      } else if (given["role"].is("tool")) {
        message.role = Role::tool;
        good = read_result(given, message.parts);
      } else if (given["role"].is("user") || given["role"].is("system")) {
        message.role = given["role"].is("user") ? Role::user : Role::system;
        good = read_content(given["content"], message.parts);
      } else {
        return wrong_member(place + ".role", "must be 'system', 'user', 'assistant' or 'tool'.");
      }
      if (!good) return wrong_member(place, "cannot be understood.");
      request_.messages.push_back(std::move(message));
    }
    return Ok{};
  }

  // What a document says, without what it is called.
  static std::string words_of(const Opaque& document) {
    const json::Tree tree = json::Tree::read(document.json.bytes);
    const Value data = tree.root()["document"]["data"];
    return data.is_string() ? data.string() : std::string(data.raw());
  }

  static bool read_result(Value given, std::vector<Part>& parts) {
    ToolResult result;
    result.call_id = given["tool_call_id"].string();
    std::vector<Part> pieces;
    if (result.call_id.empty() || !read_content(given["content"], pieces)) return false;
    for (Part& piece : pieces) {
      if (auto* text = std::get_if<Text>(&piece.what)) result.content.emplace_back(std::move(*text));
      if (auto* opaque = std::get_if<Opaque>(&piece.what)) {
        opaque->words = words_of(*opaque);
        result.content.emplace_back(std::move(*opaque));
      }
      if (auto* media = std::get_if<Media>(&piece.what)) result.content.emplace_back(std::move(*media));
    }
    parts.push_back({std::move(result), {}});
    return true;
  }

  Result<> read_tools(Value tools) {
    if (!tools.is_array()) return wrong_member("tools", "must be a list.");
    for (const Value given : tools) {
      const Value function = given["function"];
      Tool tool;
      if (function["name"].is_string()) {
        tool.name = function["name"].string();
        tool.description = function["description"].string();
        if (!function["parameters"].absent()) tool.schema.bytes = function["parameters"].raw();
      } else if (given.is_object() && !function) {
        tool.opaque = Opaque{std::string(dialect_name), "tools." + given["type"].string(), {std::string(given.raw())}};
      } else {
        return wrong_member("tools", "must be a list of functions with names.");
      }
      request_.tools.push_back(std::move(tool));
    }
    return Ok{};
  }

  // Nothing: the member is no matter of sampling. False: its value is of the wrong kind.
  std::optional<bool> read_sampling(const std::string& name, Value value) {
    Sampling& sampling = request_.sampling;
    if (name == "temperature") return read_number(value, sampling.temperature);
    if (name == "p") return read_number(value, sampling.top_p);
    if (name == "k") return read_number(value, sampling.top_k);
    if (name == "frequency_penalty") return read_number(value, sampling.frequency_penalty);
    if (name == "presence_penalty") return read_number(value, sampling.presence_penalty);
    if (name == "max_tokens") return (sampling.max_tokens = value.whole()).has_value();
    if (name == "seed") return (sampling.seed = value.integer()).has_value();
    if (name == "logprobs") return (sampling.logprobs = value.boolean()).has_value();
    if (name != "stop_sequences") return std::nullopt;
    sampling.stop.clear();
    for (const Value item : value) {
      if (!item.is_string()) return false;
      sampling.stop.push_back(item.string());
    }
    return value.is_array();
  }

  bool read_rest(const std::string& name, Value value) {
    if (name == "tool_choice") {
      if (!value.is("REQUIRED") && !value.is("NONE")) return false;
      request_.tool_choice.mode = value.is("NONE") ? ToolChoice::Mode::none : ToolChoice::Mode::required;
      return true;
    }
    if (name == "response_format") return read_format(value);
    return name == "thinking" && read_thinking(value);
  }

  bool read_format(Value format) {
    const Value schema = format["json_schema"];
    if (format["type"].is("json_object") && schema.is_object() && format.size() == 2) {
      request_.format = {OutputFormat::Kind::json_schema, {}, {}, {std::string(schema.raw())}, {}};
    } else if (format["type"].is("json_object") && format.size() == 1) {
      request_.format.kind = OutputFormat::Kind::json_object;
    } else {
      return format["type"].is("text") && format.size() == 1;
    }
    return true;
  }

  bool read_thinking(Value thinking) {
    const Value budget = thinking["token_budget"];
    const bool is_on = thinking["type"].is("enabled");
    if (!is_on && !thinking["type"].is("disabled")) return false;
    if (thinking.size() != (budget.whole() ? 2U : 1U)) return false;
    request_.reasoning.enabled = is_on;
    request_.reasoning.budget_tokens = budget.whole();
    return true;
  }

  Request& request_;
  bool strict_tools_ = false;  // all of them, or none
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
  Result<> read = RequestReader(request).read(root);
  if (!read) return std::move(read).error();
  return request;
}

}  // namespace sluice::chat::cohere
