#include <algorithm>
#include <array>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_chat/codec.hpp"
#include "chat/request_body.hpp"

// A caller's request: its top level.
namespace sluice::chat::openai {
namespace {

using json::Value;

// Members with a counterpart; all others are kept as they are.
constexpr std::array<std::string_view, 36> request_members{"model",
                                                           "stream",
                                                           "stream_options",
                                                           "messages",
                                                           "tools",
                                                           "functions",
                                                           "tool_choice",
                                                           "function_call",
                                                           "parallel_tool_calls",
                                                           "response_format",
                                                           "reasoning_effort",
                                                           "reasoning",
                                                           "thinking",
                                                           "enable_thinking",
                                                           "thinking_budget",
                                                           "include_reasoning",
                                                           "max_tokens",
                                                           "max_completion_tokens",
                                                           "temperature",
                                                           "top_p",
                                                           "top_k",
                                                           "min_p",
                                                           "frequency_penalty",
                                                           "presence_penalty",
                                                           "seed",
                                                           "random_seed",
                                                           "stop",
                                                           "n",
                                                           "logprobs",
                                                           "top_logprobs",
                                                           "user",
                                                           "metadata",
                                                           "verbosity",
                                                           "service_tier",
                                                           "store",
                                                           "cache_control"};

Error must_be(std::string_view member, std::string_view kind) {
  return refuse_member(member, "The member '" + std::string(member) + "' must be " + std::string(kind) + ".");
}

// Reads members of one kind and remembers the first that is of another.
class Reader {
 public:
  explicit Reader(Value root) : root_(root) {}

  Value object(std::string_view name) {
    return checked(name, "an object", [](Value value) { return value.is_object(); });
  }
  std::string text(std::string_view name) {
    return checked(name, "a string", [](Value value) { return value.is_string(); }).string();
  }
  std::optional<bool> flag(std::string_view name) {
    return checked(name, "a boolean", [](Value value) { return value.boolean().has_value(); }).boolean();
  }
  std::optional<std::uint64_t> count(std::string_view name) {
    return checked(name, "a whole number", [](Value value) { return value.whole().has_value(); }).whole();
  }
  std::optional<std::int64_t> integer(std::string_view name) {
    return checked(name, "a whole number", [](Value value) { return value.integer().has_value(); }).integer();
  }
  std::optional<Number> number(std::string_view name) {
    const Value value = checked(name, "a number", [](Value candidate) { return candidate.is_number(); });
    if (!value) return std::nullopt;
    return Number{std::string(value.raw())};
  }
  Result<Ok> verdict() {
    if (error_) return *std::move(error_);
    return Ok{};
  }
  void note(Error error) {
    if (!error_) error_ = std::move(error);
  }

 private:
  template <class Fits>
  Value checked(std::string_view name, std::string_view kind, const Fits& fits) {
    const Value value = root_[name];
    if (value.absent()) return {};
    if (fits(value)) return value;
    note(must_be(name, kind));
    return {};
  }

  Value root_;
  std::optional<Error> error_{};
};

void read_stop(Value root, Reader& reader, Sampling& sampling) {
  const Value stop = root["stop"];
  if (stop.is_string()) sampling.stop.push_back(stop.string());
  for (const Value text : items_of(stop)) {
    if (!text.is_string()) return reader.note(must_be("stop", "a string or a list of strings"));
    sampling.stop.push_back(text.string());
  }
  if (!stop.absent() && !stop.is_string() && !stop.is_array()) {
    reader.note(must_be("stop", "a string or a list of strings"));
  }
}

void read_sampling(Value root, Reader& reader, Sampling& sampling) {
  sampling.max_tokens = reader.count("max_completion_tokens");
  if (!sampling.max_tokens) sampling.max_tokens = reader.count("max_tokens");
  sampling.temperature = reader.number("temperature");
  sampling.top_p = reader.number("top_p");
  sampling.top_k = reader.number("top_k");
  sampling.min_p = reader.number("min_p");
  sampling.frequency_penalty = reader.number("frequency_penalty");
  sampling.presence_penalty = reader.number("presence_penalty");
  sampling.seed = reader.integer("seed");
  if (!sampling.seed) sampling.seed = reader.integer("random_seed");
  sampling.choices = reader.count("n");
  sampling.logprobs = reader.flag("logprobs");
  sampling.top_logprobs = reader.count("top_logprobs");
  read_stop(root, reader, sampling);
}

void read_format(Value root, Reader& reader, Request& request) {
  const Value format = reader.object("response_format");
  const Value wrapped = format["json_schema"];
  OutputFormat& to = request.format;
  if (format["type"].is("json_schema") && wrapped.is_object()) {
    to.kind = OutputFormat::Kind::json_schema;
    to.name = wrapped["name"].string();
    to.description = wrapped["description"].string();
    if (!wrapped["schema"].absent()) to.schema.bytes = wrapped["schema"].raw();
    to.strict = wrapped["strict"].boolean();
  } else if (format["type"].is("json_object") && format["schema"].is_object()) {
    to.kind = OutputFormat::Kind::json_schema;
    to.schema.bytes = format["schema"].raw();
  } else if (format["type"].is("json_object")) {
    to.kind = OutputFormat::Kind::json_object;
  } else if (format && !format["type"].is("text")) {
    request.extras.push_back({"response_format", {std::string(root["response_format"].raw())}});
  }
}

// "enabled", "disabled" and so on, where thinking is an object with a type.
void read_thinking(Value thinking, Reasoning& reasoning) {
  const Value type = thinking["type"];
  if (type.is("enabled")) reasoning.enabled = true;
  if (type.is("disabled")) reasoning.enabled = false;
  if (type.is("adaptive") || type.is("auto")) reasoning.adaptive = true;
  if (const auto budget = thinking["budget_tokens"].whole()) reasoning.budget_tokens = budget;
}

void read_reasoning(Value root, Reader& reader, Request& request) {
  Reasoning& to = request.reasoning;
  const Value given = reader.object("reasoning");
  to.effort = given["effort"].string();
  to.budget_tokens = given["max_tokens"].whole();
  to.enabled = given["enabled"].boolean();
  to.summary = given["summary"].string();
  if (const auto exclude = given["exclude"].boolean()) to.include_thoughts = !*exclude;
  keep_rest(given, "reasoning", {"effort", "max_tokens", "enabled", "summary", "exclude"}, request.extras);
  if (std::string effort = reader.text("reasoning_effort"); !effort.empty()) to.effort = std::move(effort);
  if (const Value thinking = root["thinking"]; thinking.is_object()) {
    read_thinking(thinking, to);
    keep_rest(thinking, "thinking", {"type", "budget_tokens"}, request.extras);
  } else if (!thinking.absent()) {
    request.extras.push_back({"thinking", {std::string(thinking.raw())}});
  }
  if (const auto enabled = reader.flag("enable_thinking")) to.enabled = enabled;
  if (const auto budget = reader.count("thinking_budget")) to.budget_tokens = budget;
  if (const auto include = reader.flag("include_reasoning")) to.include_thoughts = include;
}

void read_rest(Value root, Reader& reader, Request& request) {
  request.user = reader.text("user");
  request.verbosity = reader.text("verbosity");
  request.service_tier = reader.text("service_tier");
  request.store = reader.flag("store");
  if (const Value metadata = reader.object("metadata")) request.metadata.bytes = metadata.raw();
  if (root["cache_control"].is_object()) request.cache = read_cache_mark(root);
  const Value options = root["stream_options"];
  request.wants_usage = options["include_usage"].boolean().value_or(false);
  keep_rest(options, "stream_options", {"include_usage"}, request.extras);
  for (const Value member : root) {
    std::string name = member.name();
    if (member.is_null() || std::find(request_members.begin(), request_members.end(), name) != request_members.end()) {
      continue;
    }
    request.extras.push_back({std::move(name), {std::string(member.raw())}});
  }
}

}  // namespace

Result<Request> read_request(std::string_view body, std::string_view model, bool stream) {
  const json::Tree tree = json::Tree::read(body);
  const Value root = tree.root();
  if (!root.is_object()) return refuse("invalid_json", "The body must be a JSON object.");
  Request request;
  request.model = model;
  request.stream = stream;
  request.dialect = dialect_name;
  if (!root["messages"].is_array()) return must_be("messages", "a list");
  if (auto read = read_messages(root["messages"], request.messages); !read) return std::move(read).error();
  if (auto read = read_tools(root, request); !read) return std::move(read).error();
  Reader reader(root);
  read_sampling(root, reader, request.sampling);
  read_format(root, reader, request);
  read_reasoning(root, reader, request);
  read_rest(root, reader, request);
  if (auto verdict = reader.verdict(); !verdict) return std::move(verdict).error();
  return request;
}

}  // namespace sluice::chat::openai
