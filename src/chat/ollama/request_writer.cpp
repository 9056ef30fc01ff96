#include <algorithm>
#include <map>
#include <utility>

#include "chat/extras.hpp"
#include "chat/ollama/parts.hpp"

namespace sluice::chat::ollama_api {
namespace {

using json::Writer;

class RequestWriter {
 public:
  RequestWriter(const Request& request, const Quirks& quirks)
      : request_(request), quirks_(quirks), is_own_(request.dialect == dialect_name) {}

  Rendered render() && {
    // Without the member an answer would be streamed.
    writer_.open_object().member("model", request_.model).member("stream", request_.stream);
    writer_.name("messages").open_array();
    for (const Message& message : request_.messages) write_message(message);
    writer_.close_array();
    write_tools();
    write_format();
    write_think();
    write_options();
    note_unsaid();
    for (const Extra& extra : request_.extras) {
      if (!is_own_) {
        drop(dropped_, path_of(extra));
      } else if (extra.within.empty() && may_say(extra.name, extra.name)) {
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
    const bool is_assistant = message.role == Role::assistant;
    const bool is_system = message.role == Role::system || message.role == Role::developer;
    Said said(Reader{dropped_, true});
    bool has_results = false;
    for (const Part& part : message.parts) {
      if (const auto* call = std::get_if<ToolCall>(&part.what)) names_[call->id] = call->name;
      if (const auto* result = std::get_if<ToolResult>(&part.what)) {
        // A result is a message of its own here.
        write_result(*result);
        has_results = true;
      } else {
        // What a model said is one text in pieces; what was said to it are paragraphs.
        said.add(part, is_assistant ? "" : "\n\n");
      }
    }
    if (said.empty() && (!is_own_ || has_results || message.role == Role::tool)) return;
    writer_.open_object().member("role", is_assistant ? "assistant" : is_system ? "system" : "user");
    said.write_members(writer_);
    writer_.close_object();
  }

  void write_result(const ToolResult& result) {
    if (result.is_error) drop(dropped_, "messages.is_error");
    Said said(Reader{dropped_, true});
    for (const auto& piece : result.content) {
      if (const auto* text = std::get_if<Text>(&piece)) said.add(*text, "\n");
      if (const auto* opaque = std::get_if<Opaque>(&piece)) drop(dropped_, opaque->kind);
      if (const auto* media = std::get_if<Media>(&piece)) {
        // Only who wrote the request for this dialect knows that its model looks at them.
        if (is_own_) said.add(*media);
        if (!is_own_) drop(dropped_, name_of(media->kind));
      }
    }
    if (result.json) said.add(Text{result.json.bytes, {}, {}}, "\n");
    const auto known = names_.find(result.call_id);
    const std::string& name = result.name.empty() && known != names_.end() ? known->second : result.name;
    writer_.open_object().member("role", "tool").member_if("tool_name", name);
    writer_.member_if("tool_call_id", result.call_id);
    said.write_members(writer_);
    writer_.close_object();
  }

  // Which tools a choice that cannot be said leaves.
  bool is_offered(const Tool& tool) const {
    const ToolChoice& choice = request_.tool_choice;
    if (choice.mode == ToolChoice::Mode::none) return false;
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
    if (tool.strict.value_or(false)) drop(dropped_, "tools.strict");
    writer.open_object().member("type", "function").name("function").open_object().member("name", tool.name);
    writer.member_if("description", tool.description);
    writer.raw_member("parameters", tool.schema ? tool.schema.bytes : R"({"type":"object","properties":{}})");
    writer.close_object().close_object();
  }

  void write_tools() {
    std::string list;
    Writer writer(list);
    for (const Tool& tool : request_.tools) {
      if (is_offered(tool)) {
        write_tool(writer, tool);
      } else if (tool.opaque) {
        drop(dropped_, tool.opaque->kind);
      }
    }
    if (!list.empty() && may_say("tools", "tools")) writer_.raw_member("tools", "[" + list + "]");
    const ToolChoice& choice = request_.tool_choice;
    // That there must be a call cannot be said; that there must be none is said by offering no tool.
    const bool is_forced = choice.mode == ToolChoice::Mode::required || choice.mode == ToolChoice::Mode::named;
    if (is_forced) drop(dropped_, "tool_choice");
    if (choice.parallel && !*choice.parallel) drop(dropped_, "parallel_tool_calls");
  }

  void write_format() {
    const OutputFormat& format = request_.format;
    if (format.kind == OutputFormat::Kind::text || !may_say("format", "response_format")) return;
    if (format.kind == OutputFormat::Kind::json_schema && format.schema) {
      writer_.raw_member("format", format.schema.bytes);
    } else {
      writer_.member("format", "json");
    }
    if (!format.description.empty()) drop(dropped_, "response_format.description");
    if (format.strict && !*format.strict) drop(dropped_, "response_format.strict");
  }

  // The dialect's word for an effort; empty when it has none.
  static std::string_view level_of(std::string_view effort) {
    if (effort == "minimal") return "low";
    if (effort == "xhigh" || effort == "max") return "max";
    return effort == "low" || effort == "medium" || effort == "high" ? effort : std::string_view();
  }

  void write_think() {
    const Reasoning& reasoning = request_.reasoning;
    const std::string_view level = level_of(reasoning.effort);
    const bool off = reasoning.effort == "none" || !reasoning.enabled.value_or(true);
    const bool on = reasoning.budget_tokens || reasoning.enabled.value_or(false) || reasoning.adaptive;
    if ((off || on || !level.empty()) && may_say("think", "reasoning")) {
      if (off || level.empty()) {
        writer_.member("think", !off);
      } else {
        writer_.member("think", level);
      }
    }
    if (!reasoning.effort.empty() && reasoning.effort != "none" && level.empty()) drop(dropped_, "reasoning_effort");
    if (reasoning.budget_tokens && !off) drop(dropped_, "reasoning.max_tokens");
    if (reasoning.include_thoughts) drop(dropped_, "reasoning.exclude");
    if (!reasoning.summary.empty()) drop(dropped_, "reasoning.summary");
  }

  void write_number(Writer& writer, const char* name, const std::optional<Number>& number) {
    if (number && may_say(name, name)) writer.raw_member(name, number->spelled);
  }

  void write_options() {
    const Sampling& sampling = request_.sampling;
    std::string options;
    Writer writer(options);
    const std::uint64_t most = sampling.max_tokens.value_or(quirks_.default_max_tokens);
    const std::string_view most_name =
        quirks_.max_tokens.empty() ? "num_predict" : std::string_view(quirks_.max_tokens);
    const bool has_most = sampling.max_tokens || most > 0;
    if (has_most && may_say(most_name, "max_tokens")) writer.member(most_name, most);
    write_number(writer, "temperature", sampling.temperature);
    write_number(writer, "top_p", sampling.top_p);
    write_number(writer, "top_k", sampling.top_k);
    write_number(writer, "min_p", sampling.min_p);
    write_number(writer, "frequency_penalty", sampling.frequency_penalty);
    write_number(writer, "presence_penalty", sampling.presence_penalty);
    if (sampling.seed && may_say("seed", "seed")) writer.member("seed", *sampling.seed);
    if (!sampling.stop.empty() && may_say("stop", "stop")) {
      writer.name("stop").open_array();
      for (const std::string& stop : sampling.stop) writer.string(stop);
      writer.close_array();
    }
    if (is_own_) {
      write_within(writer, request_.extras, options_path);
    } else if (const std::uint64_t room = needed_room(most); room > 0 && quirks_.takes("num_ctx")) {
      writer.member("num_ctx", room);
    }
    if (!options.empty()) writer_.raw_member("options", "{" + options + "}");
    if (sampling.logprobs && may_say("logprobs", "logprobs")) writer_.member("logprobs", *sampling.logprobs);
    if (sampling.top_logprobs && may_say("top_logprobs", "top_logprobs")) {
      writer_.member("top_logprobs", *sampling.top_logprobs);
    }
  }

  // How long a context the conversation needs, with its answer, by what is written of it so far: what does not fit is
  // cut off at its beginning, in silence. 0: any server has so much room. In steps, because a model is loaded anew for
  // another length.
  std::uint64_t needed_room(std::uint64_t answer) const {
    constexpr std::uint64_t always_there = 4'096;
    constexpr std::uint64_t longest = 262'144;
    constexpr std::uint64_t bytes_of_token = 3;  // rather too few
    constexpr std::uint64_t tokens_of_image = 1'536;
    constexpr std::uint64_t usual_answer = 1'024;
    std::uint64_t pictures = 0;
    std::uint64_t bytes_of_pictures = 0;
    const auto count = [&](const Media& media) {
      ++pictures;
      bytes_of_pictures += media.data.size();
    };
    for (const Message& message : request_.messages) {
      for (const Part& part : message.parts) {
        if (const auto* const media = std::get_if<Media>(&part.what)) count(*media);
        const auto* const result = std::get_if<ToolResult>(&part.what);
        if (result == nullptr) continue;
        for (const auto& piece : result->content) {
          if (const auto* const media = std::get_if<Media>(&piece)) count(*media);
        }
      }
    }
    const std::uint64_t text = body_.size() - std::min<std::uint64_t>(bytes_of_pictures, body_.size());
    const std::uint64_t needed =
        text / bytes_of_token + pictures * tokens_of_image + (answer > 0 ? answer : usual_answer);
    if (needed <= always_there) return 0;
    std::uint64_t room = always_there;
    while (room < needed && room < longest) room *= 2;
    return room;
  }

  void note_unsaid() {
    const auto unsaid = [this](bool was_set, std::string_view name) {
      if (was_set) drop(dropped_, name);
    };
    unsaid(request_.sampling.choices.value_or(1) != 1, "n");
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
  std::map<std::string, std::string> names_{};  // of the tools that were called, by the call's id
  std::string body_{};
  Writer writer_{body_};
  Dropped dropped_{};
};

}  // namespace

Result<Rendered> write_request(const Request& request, const Quirks& quirks) {
  return RequestWriter(request, quirks).render();
}

}  // namespace sluice::chat::ollama_api
