#include <algorithm>
#include <utility>

#include "chat/cohere_v2/parts.hpp"
#include "chat/extras.hpp"

namespace sluice::chat::cohere {
namespace {

using json::Writer;

class RequestWriter {
 public:
  RequestWriter(const Request& request, const Quirks& quirks)
      : request_(request), quirks_(quirks), is_own_(request.dialect == dialect_name) {}

  Rendered render() && {
    writer_.open_object().member("model", request_.model);
    if (request_.stream) writer_.member("stream", true);
    writer_.name("messages").open_array();
    for (const Message& message : request_.messages) write_message(message);
    writer_.close_array();
    write_tools();
    write_sampling();
    write_format();
    write_thinking();
    note_unsaid();
    for (const Extra& extra : request_.extras) {
      if (!is_own_) {
        drop(dropped_, path_of(extra));
      } else if (may_say(extra.name, extra.name)) {
        writer_.raw_member(extra.name, extra.value.bytes);
      }
    }
    writer_.close_object();
    return {std::move(body_), std::move(dropped_)};
  }

 private:
  bool may_say(std::string_view member, std::string_view name) {
    if (quirks_.takes(member)) return true;
    drop(dropped_, name);
    return false;
  }

  void write_message(const Message& message) {
    if (!message.name.empty()) drop(dropped_, "messages.name");
    if (message.role == Role::assistant) {
      const std::string members = assistant_members(message.parts, reader_);
      if (members.empty() && !is_own_) return;
      writer_.raw(R"({"role":"assistant")" + (members.empty() ? "" : "," + members) + "}");
      return;
    }
    const bool is_system = message.role == Role::system || message.role == Role::developer;
    std::vector<Part> rest;
    for (const Part& part : message.parts) {
      // A result is a message of its own here.
      if (const auto* result = std::get_if<ToolResult>(&part.what)) {
        write_result(*result);
      } else if (std::holds_alternative<Thinking>(part.what) && !is_own_) {
        drop(dropped_, "messages.reasoning");
      } else {
        rest.push_back(part);
      }
    }
    if (rest.empty() && (!is_own_ || message.role == Role::tool)) return;
    write_content(is_system ? "system" : "user", rest);
  }

  void write_content(const char* role, const std::vector<Part>& parts) {
    std::string items;
    Writer writer(items);
    for (const Part& part : parts) write_item(writer, part, reader_);
    if (items.empty() && !is_own_) return;
    const auto* const only = parts.size() == 1 ? std::get_if<Text>(&parts[0].what) : nullptr;
    writer_.open_object().member("role", role);
    if (only != nullptr && !only->text.empty()) {
      writer_.member("content", only->text);
    } else {
      writer_.raw_member("content", "[" + items + "]");
    }
    writer_.close_object();
  }

  void write_result(const ToolResult& result) {
    writer_.open_object().member("role", "tool").member("tool_call_id", result.call_id);
    if (result.is_error) drop(dropped_, "messages.is_error");
    std::string items;
    Writer writer(items);
    std::size_t written = 0;
    for (const auto& piece : result.content) {
      Part part;
      std::visit([&part](const auto& what) { part.what = what; }, piece);
      if (const auto* media = std::get_if<Media>(&piece); media != nullptr && !is_own_) {
        drop(dropped_, name_of(media->kind));
      } else if (write_item(writer, part, reader_)) {
        ++written;
      }
    }
    const auto* const only =
        written == 1 && result.content.size() == 1 ? std::get_if<Text>(&result.content[0]) : nullptr;
    if (result.json) {
      writer_.member("content", result.json.bytes);
    } else if (only != nullptr && !only->text.empty()) {
      writer_.member("content", only->text);
    } else if (items.empty()) {
      writer_.member("content", "");
    } else {
      writer_.raw_member("content", "[" + items + "]");
    }
    writer_.close_object();
  }

  // Which tools a choice that cannot be said leaves.
  bool is_offered(const Tool& tool) const {
    const ToolChoice& choice = request_.tool_choice;
    const bool is_named = choice.mode == ToolChoice::Mode::named && can_be_forced(request_);
    if (is_named) return tool.name == choice.name;
    return choice.only.empty() || std::find(choice.only.begin(), choice.only.end(), tool.name) != choice.only.end();
  }

  void write_tool(Writer& writer, const Tool& tool) {
    if (tool.cache) drop(dropped_, "tools.cache_control");
    if (tool.opaque) {
      if (tool.opaque->dialect != dialect_name) return drop(dropped_, tool.opaque->kind);
      writer.raw(tool.opaque->json.bytes);
      return;
    }
    if (tool.is_custom) return drop(dropped_, "tools.custom");
    writer.open_object().member("type", "function").name("function").open_object().member("name", tool.name);
    writer.member_if("description", tool.description);
    writer.raw_member("parameters", tool.schema ? tool.schema.bytes : R"({"type":"object","properties":{}})");
    writer.close_object().close_object();
  }

  void write_tools() {
    std::string list;
    Writer writer(list);
    bool all_strict = true;
    bool any_strict = false;
    for (const Tool& tool : request_.tools) {
      if (!is_offered(tool)) {
        if (tool.opaque) drop(dropped_, tool.opaque->kind);
        continue;
      }
      write_tool(writer, tool);
      all_strict = all_strict && tool.strict.value_or(false);
      any_strict = any_strict || tool.strict.value_or(false);
    }
    const ToolChoice& choice = request_.tool_choice;
    const bool can_choose = !list.empty() || is_own_;
    if (!list.empty() && may_say("tools", "tools")) writer_.raw_member("tools", "[" + list + "]");
    // All tools are strict here, or none.
    if (any_strict && all_strict && may_say("strict_tools", "tools.strict")) writer_.member("strict_tools", true);
    if (any_strict && !all_strict) drop(dropped_, "tools.strict");
    if (choice.parallel && !*choice.parallel) drop(dropped_, "parallel_tool_calls");
    if (!can_be_forced(request_)) return drop(dropped_, "tool_choice");
    const bool required = choice.mode == ToolChoice::Mode::required || choice.mode == ToolChoice::Mode::named;
    const bool none = choice.mode == ToolChoice::Mode::none;
    if ((!required && !none) || !can_choose || !may_say("tool_choice", "tool_choice")) return;
    writer_.member("tool_choice", none ? "NONE" : "REQUIRED");
  }

  void write_number(const char* member, const char* name, const std::optional<Number>& number) {
    if (number && may_say(member, name)) writer_.raw_member(member, number->spelled);
  }

  void write_sampling() {
    const Sampling& sampling = request_.sampling;
    const std::uint64_t most = sampling.max_tokens.value_or(quirks_.default_max_tokens);
    const std::string_view most_name = quirks_.max_tokens.empty() ? "max_tokens" : std::string_view(quirks_.max_tokens);
    const bool has_most = sampling.max_tokens || most > 0;
    if (has_most && may_say(most_name, "max_tokens")) writer_.member(most_name, most);
    write_number("temperature", "temperature", sampling.temperature);
    write_number("p", "top_p", sampling.top_p);
    write_number("k", "top_k", sampling.top_k);
    write_number("frequency_penalty", "frequency_penalty", sampling.frequency_penalty);
    write_number("presence_penalty", "presence_penalty", sampling.presence_penalty);
    if (sampling.seed && may_say("seed", "seed")) writer_.member("seed", *sampling.seed);
    // An answer's are in words that no other dialect has.
    const bool wants_logprobs = sampling.logprobs.value_or(false);
    if (wants_logprobs && !is_own_) drop(dropped_, "logprobs");
    if (sampling.logprobs && is_own_ && may_say("logprobs", "logprobs")) {
      writer_.member("logprobs", *sampling.logprobs);
    }
    if (sampling.stop.empty() || !may_say("stop_sequences", "stop")) return;
    writer_.name("stop_sequences").open_array();
    for (const std::string& stop : sampling.stop) writer_.string(stop);
    writer_.close_array();
  }

  void write_format() {
    const OutputFormat& format = request_.format;
    if (format.kind == OutputFormat::Kind::text || !may_say("response_format", "response_format")) return;
    writer_.name("response_format").open_object().member("type", "json_object");
    if (format.kind == OutputFormat::Kind::json_schema) {
      writer_.raw_member_if("json_schema", format.schema.bytes);
      if (!format.description.empty()) drop(dropped_, "response_format.description");
      if (format.strict && !*format.strict) drop(dropped_, "response_format.strict");
    }
    writer_.close_object();
  }

  void write_thinking() {
    const Reasoning& reasoning = request_.reasoning;
    const bool off = reasoning.effort == "none" || !reasoning.enabled.value_or(true);
    const bool on = reasoning.budget_tokens || reasoning.enabled.value_or(false);
    if ((on || off) && may_say("thinking", "reasoning")) {
      writer_.name("thinking").open_object().member("type", off ? "disabled" : "enabled");
      const bool has_budget = reasoning.budget_tokens && (!off || is_own_);
      if (has_budget) writer_.member("token_budget", *reasoning.budget_tokens);
      writer_.close_object();
    }
    if (!reasoning.effort.empty() && !off) drop(dropped_, "reasoning_effort");
    if (reasoning.adaptive && !on && !off) drop(dropped_, "reasoning");
    if (reasoning.include_thoughts) drop(dropped_, "reasoning.exclude");
    if (!reasoning.summary.empty()) drop(dropped_, "reasoning.summary");
  }

  void note_unsaid() {
    const auto unsaid = [this](bool was_set, std::string_view name) {
      if (was_set) drop(dropped_, name);
    };
    unsaid(request_.sampling.choices.value_or(1) != 1, "n");
    unsaid(request_.sampling.min_p.has_value(), "min_p");
    unsaid(request_.sampling.top_logprobs.has_value(), "top_logprobs");
    unsaid(!request_.user.empty(), "user");
    unsaid(static_cast<bool>(request_.metadata), "metadata");
    unsaid(!request_.verbosity.empty(), "verbosity");
    unsaid(!request_.service_tier.empty(), "service_tier");
    unsaid(request_.store.value_or(false), "store");
    unsaid(request_.cache.has_value(), "cache_control");
  }

  const Request& request_;
  const Quirks& quirks_;
  bool is_own_;
  std::string body_{};
  Writer writer_{body_};
  Dropped dropped_{};
  Reader reader_{dropped_, true, is_own_};
};

}  // namespace

Result<Rendered> write_request(const Request& request, const Quirks& quirks) {
  return RequestWriter(request, quirks).render();
}

}  // namespace sluice::chat::cohere
