#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/ollama/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Value;

bool read_number(Value value, std::optional<Number>& number) {
  if (value.is_number()) number = Number{std::string(value.raw())};
  return value.is_number();
}

bool read_texts(Value value, std::vector<std::string>& texts) {
  texts.clear();
  if (value.is_string()) texts.push_back(value.string());
  for (const Value item : value.is_array() ? value : Value()) {
    if (!item.is_string()) return false;
    texts.push_back(item.string());
  }
  return value.is_string() || value.is_array();
}

// Members that say nothing: some clients always write them.
bool is_empty(Value value) {
  return value.is("") || (value.is_array() && value.size() == 0) || value.boolean() == std::optional(false);
}

class RequestReader {
 public:
  RequestReader(Form form, Request& request) : form_(form), request_(request) {}

  Result<> read(Value root) {
    for (const Value member : root) {
      const std::string name = member.name();
      if (member.is_null() || name == "model" || name == "stream") continue;
      Result<> read = form_ == Form::messages ? read_conversation(name, member) : read_prompt(name, member);
      if (!read) return read;
    }
    if (form_ == Form::prompt) take_prompt();
    request_.extras = std::move(options_);
    std::move(extras_.begin(), extras_.end(), std::back_inserter(request_.extras));
    return Ok{};
  }

 private:
  Result<> read_conversation(const std::string& name, Value member) {
    if (name == "messages") return read_messages(member);
    if (name == "tools") return read_tools(member);
    return read_common(name, member);
  }

  Result<> read_prompt(const std::string& name, Value member) {
    if (name == "prompt" || name == "system") {
      if (!member.is_string()) return wrong_member(name, "must be a string.");
      (name == "prompt" ? prompt_ : system_) = member.string();
      return Ok{};
    }
    if (name == "images") {
      images_.clear();
      if (!read_images(member, images_)) return wrong_member(name, "must be a list of images in base64.");
      return Ok{};
    }
    // Parts of a prompt that only who runs the model can put together.
    const bool is_raw = name == "suffix" || name == "template" || name == "context" || name == "raw";
    if (is_raw && is_empty(member)) return Ok{};
    return read_common(name, member);
  }

  Result<> read_common(const std::string& name, Value member) {
    Sampling& sampling = request_.sampling;
    bool good = true;
    if (name == "options") return read_options(member);
    if (name == "logprobs") {
      good = (sampling.logprobs = member.boolean()).has_value();
    } else if (name == "top_logprobs") {
      good = (sampling.top_logprobs = member.whole()).has_value();
    } else if (name == "think") {
      good = read_think(member);
    } else if (name == "format") {
      good = read_format(member);
    } else {
      extras_.push_back({name, {std::string(member.raw())}});
    }
    if (!good) return wrong_member(name, "has a value that cannot be understood.");
    return Ok{};
  }

  Result<> read_messages(Value messages) {
    if (!messages.is_array()) return wrong_member("messages", "must be a list.");
    for (const Value given : messages) {
      const std::string place = "messages[" + std::to_string(request_.messages.size()) + "]";
      // Case does not matter to the servers of this dialect.
      const std::string role = given["role"].string();
      const auto is = [&role](std::string_view name) { return equals_ignoring_case(role, name); };
      Message message;
      message.role = is("system") ? Role::system : is("assistant") ? Role::assistant : Role::user;
      bool good = true;
      if (is("tool")) {
        message.role = Role::tool;
        good = read_result(given, place, message.parts);
      } else if (is("system") || is("assistant") || is("user")) {
        good = read_message(given, place, 0, message.parts);
      } else {
        return wrong_member(place + ".role", "must be 'system', 'user', 'assistant' or 'tool'.");
      }
      if (!good) return wrong_member(place, "cannot be understood.");
      for (const Part& part : message.parts) {
        if (const auto* call = std::get_if<ToolCall>(&part.what)) unanswered_.push_back({call->id, call->name});
      }
      request_.messages.push_back(std::move(message));
    }
    return Ok{};
  }

  bool read_result(Value given, const std::string& place, std::vector<Part>& parts) {
    std::vector<Part> pieces;
    if (!read_message(given, place, 0, pieces)) return false;
    ToolResult result;
    result.call_id = given["tool_call_id"].string();
    result.name = given["tool_name"].string();
    match(result);
    if (result.call_id.empty()) result.call_id = minted_id(place, 0, result.name, {});
    for (Part& piece : pieces) {
      if (auto* text = std::get_if<Text>(&piece.what)) result.content.emplace_back(std::move(*text));
      if (auto* media = std::get_if<Media>(&piece.what)) result.content.emplace_back(std::move(*media));
    }
    parts.push_back({std::move(result), {}});
    return true;
  }

  // Results say which call they are of by its id, by the tool's name, or only by their order.
  void match(ToolResult& result) {
    const auto find = [this](const auto& fits) { return std::find_if(unanswered_.begin(), unanswered_.end(), fits); };
    auto found = unanswered_.begin();
    if (!result.call_id.empty()) {
      found = find([&](const Unanswered& call) { return call.id == result.call_id; });
    } else if (!result.name.empty()) {
      found = find([&](const Unanswered& call) { return call.name == result.name; });
    }
    if (found == unanswered_.end()) return;
    result.call_id = found->id;
    if (result.name.empty()) result.name = found->name;
    unanswered_.erase(found);
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

  Result<> read_options(Value options) {
    if (!options.is_object()) return wrong_member("options", "must be an object.");
    for (const Value option : options) {
      const std::string name = option.name();
      if (option.is_null()) continue;
      const std::optional<bool> good = read_option(name, option);
      if (good && !*good) return wrong_member("options." + name, "has a value of the wrong kind.");
      if (!good) options_.push_back({name, {std::string(option.raw())}, std::string(options_path)});
    }
    return Ok{};
  }

  // Nothing: the option is one of the dialect's own. False: its value is of the wrong kind.
  std::optional<bool> read_option(const std::string& name, Value value) {
    Sampling& sampling = request_.sampling;
    if (name == "temperature") return read_number(value, sampling.temperature);
    if (name == "top_p") return read_number(value, sampling.top_p);
    if (name == "top_k") return read_number(value, sampling.top_k);
    if (name == "min_p") return read_number(value, sampling.min_p);
    if (name == "frequency_penalty") return read_number(value, sampling.frequency_penalty);
    if (name == "presence_penalty") return read_number(value, sampling.presence_penalty);
    if (name == "seed") return (sampling.seed = value.integer()).has_value();
    if (name == "stop") return read_texts(value, sampling.stop);
    if (name != "num_predict") return std::nullopt;
    // Negative ones mean that there is no limit.
    if (value.integer().value_or(0) < 0) return std::nullopt;
    return (sampling.max_tokens = value.whole()).has_value();
  }

  bool read_think(Value think) {
    request_.reasoning.enabled = think.boolean();
    const bool is_level = think.is("low") || think.is("medium") || think.is("high");
    if (is_level) request_.reasoning.effort = think.string();
    if (think.is("max")) request_.reasoning.effort = "xhigh";
    return is_level || think.is("max") || request_.reasoning.enabled;
  }

  bool read_format(Value format) {
    request_.format = {};
    if (format.is("")) return true;
    if (format.is_object()) {
      request_.format.kind = OutputFormat::Kind::json_schema;
      request_.format.schema.bytes = format.raw();
    } else if (format.is("json")) {
      request_.format.kind = OutputFormat::Kind::json_object;
    }
    return format.is_object() || format.is("json");
  }

  void take_prompt() {
    if (!system_.empty()) request_.messages.push_back({Role::system, {{Text{std::move(system_), {}, {}}, {}}}, {}});
    Message message;
    if (!prompt_.empty()) message.parts.push_back({Text{std::move(prompt_), {}, {}}, {}});
    std::move(images_.begin(), images_.end(), std::back_inserter(message.parts));
    request_.messages.push_back(std::move(message));
  }

  // A call whose result has not come yet.
  struct Unanswered {
    std::string id{};
    std::string name{};
  };

  const Form form_;
  Request& request_;
  std::vector<Unanswered> unanswered_{};
  std::string prompt_{};
  std::string system_{};
  std::vector<Part> images_{};
  std::vector<Extra> options_{};
  std::vector<Extra> extras_{};
};

}  // namespace

Result<Request> read_request(Form form, std::string_view body, std::string_view model, bool stream) {
  const json::Tree tree = json::Tree::read(body);
  const Value root = tree.root();
  if (!root.is_object()) return refuse("invalid_json", "The body must be a JSON object.");
  Request request;
  request.model = model;
  request.stream = stream;
  request.wants_usage = stream;  // every stream of this dialect ends with it
  request.dialect = dialect_name;
  Result<> read = RequestReader(form, request).read(root);
  if (!read) return std::move(read).error();
  return request;
}

}  // namespace sluice::chat::ollama_api
