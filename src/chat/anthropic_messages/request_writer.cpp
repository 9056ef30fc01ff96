#include <algorithm>
#include <map>
#include <set>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/by_tool.hpp"
#include "chat/extras.hpp"
#include "chat/request_body.hpp"
#include "chat/sampling_plan.hpp"
#include "chat/schemas.hpp"

namespace sluice::chat::anthropic {
namespace {

constexpr std::uint64_t default_max_tokens = 4096;

// One turn as this dialect wants it: the results of tools before everything else.
struct Turn {
  std::string_view role;
  std::vector<const Part*> results{};
  std::vector<const Part*> rest{};

  bool is_empty() const { return results.empty() && rest.empty(); }

  // Riders go where the block behind them goes.
  void take(const Message& message) {
    std::vector<const Part*> riders;
    for (const Part& part : message.parts) {
      const auto* const opaque = std::get_if<Opaque>(&part.what);
      riders.push_back(&part);
      if (opaque != nullptr && is_rider(*opaque)) continue;
      std::vector<const Part*>& to = std::holds_alternative<ToolResult>(part.what) ? results : rest;
      to.insert(to.end(), riders.begin(), riders.end());
      riders.clear();
    }
  }
};

bool is_system(const Message& message) { return message.role == Role::system || message.role == Role::developer; }

// The text of a part that is nothing but text.
const std::string* plain_text(const Part& part) {
  const auto* const text = std::get_if<Text>(&part.what);
  const bool is_plain = text != nullptr && !part.cache && !text->citations && text->signature.empty();
  return is_plain ? &text->text : nullptr;
}

class RequestWriter {
 public:
  RequestWriter(const Request& request, const Quirks& quirks)
      : request_(request), quirks_(quirks), is_own_(request.dialect == dialect_name) {}

  Result<Rendered> write() {
    plan();
    out_.open_object().member("model", request_.model);
    const std::string limit = quirks_.max_tokens.empty() ? "max_tokens" : quirks_.max_tokens;
    out_.member(limit, max_tokens_);
    write_conversation();
    if (turns_written_ == 0) return refuse_member("messages", "The request has no message that could be sent.");
    write_tools();
    write_sampling();
    if (may("thinking", "reasoning_effort", plan_.mode != ThinkingPlan::Mode::unsaid)) {
      write_thinking(out_, plan_, request_.reasoning);
    }
    write_output();
    write_metadata();
    write_tier();
    if (may("cache_control", "cache_control", request_.cache.has_value())) write_cache(out_, request_.cache);
    if (request_.stream) out_.member("stream", true);
    write_extras();
    name_unsaid();
    out_.close_object();
    return std::move(rendered_);
  }

 private:
  void lose(std::string_view name) { drop(rendered_.dropped, name); }

  // Whether a member that was set may be sent to this provider.
  bool may(std::string_view member, std::string_view name, bool is_set) {
    if (!is_set) return false;
    if (quirks_.takes(member)) return true;
    lose(name);
    return false;
  }

  void plan() {
    const std::uint64_t unsaid = quirks_.default_max_tokens == 0 ? default_max_tokens : quirks_.default_max_tokens;
    max_tokens_ = request_.sampling.max_tokens.value_or(unsaid);
    const auto budget = request_.reasoning.budget_tokens;
    if (!request_.sampling.max_tokens && budget && *budget >= unsaid) {
      max_tokens_ = std::min(*budget, std::uint64_t{1} << 32) + unsaid;
    }
    can_ = takes_of(quirks_, request_.model);
    if (!quirks_.takes("thinking")) can_.budget = can_.adaptive = false;
    if (!quirks_.takes("output_config")) can_.adaptive = can_.effort = false;
    plan_ = is_own_ ? thinking_as_said(request_.reasoning) : plan_thinking(request_, can_, max_tokens_);
    if (plan_.is_lost || plan_.is_less) lose("reasoning_effort");
    if (plan_.is_vague) lose("reasoning.max_tokens");
    const Reasoning& wanted = request_.reasoning;
    if (!is_own_ && !plan_.thinks() && !plan_.is_lost) {
      if (!wanted.summary.empty()) lose("reasoning.summary");
      if (wanted.include_thoughts == true) lose("include_reasoning");
    }
  }

  // ---- Conversation

  void write_conversation() {
    std::vector<const Part*> system;
    std::vector<Turn> turns;
    bool begun = false;
    for (const Message& message : request_.messages) {
      if (!message.name.empty()) lose("messages.name");
      // A request of this dialect may have such messages in its midst; not every model takes them.
      if (is_system(message) && (turns.empty() || !is_own_)) {
        if (begun && !is_blank(message)) lose(moved_instructions);
        for (const Part& part : message.parts) system.push_back(&part);
        continue;
      }
      begun = begun || !is_blank(message);
      std::string_view role = message.role == Role::assistant ? "assistant" : "user";
      if (is_system(message)) role = "system";
      if (turns.empty() || turns.back().role != role) turns.push_back({role});
      turns.back().take(message);
    }
    // It has no word for any JSON at all, so the model is asked for it; that is less than a promise.
    const Part wish{Text{std::string(json_wish), {}, {}}, {}};
    if (!is_own_ && request_.format.kind == OutputFormat::Kind::json_object) system.push_back(&wish);
    if (!is_own_) {
      leave_out_blanks(system);
      for (Turn& turn : turns) {
        // A question that says nothing is not another answer to go on with: it is the provider's to refuse.
        const bool asks = &turn == &turns.back() && turn.role == "user";
        const std::vector<const Part*> all = turn.rest;
        leave_out_blanks(turn.rest);
        if (asks && turn.is_empty()) turn.rest = all;
      }
      std::erase_if(turns, [](const Turn& turn) { return turn.is_empty(); });
    }
    const std::string text = content_of(system, Role::system);
    if (!text.empty()) out_.raw_member("system", text);
    out_.name("messages").open_array();
    for (const Turn& turn : turns) write_turn(turn, &turn == &turns.back());
    out_.close_array();
  }

  void write_turn(const Turn& turn, bool is_last) {
    std::vector<const Part*> parts(turn.results);
    parts.insert(parts.end(), turn.rest.begin(), turn.rest.end());
    Part trimmed;
    const bool is_assistant = turn.role == "assistant";
    if (is_last && is_assistant && !parts.empty()) {
      trimmed = without_end(*parts.back());
      parts.back() = &trimmed;
    }
    Role role = is_assistant ? Role::assistant : Role::user;
    if (turn.role == "system") role = Role::system;
    const std::string content = content_of(parts, role);
    if (content.empty()) return;
    ++turns_written_;
    out_.open_object().member("role", turn.role).raw_member("content", content).close_object();
  }

  // Texts in which nothing stands are refused.
  static void leave_out_blanks(std::vector<const Part*>& parts) {
    std::erase_if(parts, [](const Part* part) {
      const std::string* const text = plain_text(*part);
      return text != nullptr && text->find_first_not_of(json::white_space) == std::string::npos;
    });
  }

  // A string where that says it all, else a list of blocks; empty when nothing is left.
  std::string content_of(const std::vector<const Part*>& parts, Role role) {
    std::string content;
    json::Writer out(content);
    const std::string* const text = parts.size() == 1 ? plain_text(*parts.front()) : nullptr;
    if (text != nullptr) {
      if (!text->empty()) out.string(*text);
      return content;
    }
    BlockWriter blocks(out.open_array(), Side::provider, role, rendered_.dropped);
    for (const Part* const part : parts) blocks.write(*part);
    out.close_array();
    return blocks.written() == 0 ? std::string() : content;
  }

  // ---- Tools

  bool is_offered(const Tool& tool) {
    const auto& only = request_.tool_choice.only;
    if (!only.empty() && std::find(only.begin(), only.end(), tool.name) == only.end()) {
      if (tool.opaque) lose(tool.opaque->kind);
      return false;
    }
    if (tool.opaque && tool.opaque->dialect != dialect_name) {
      lose(tool.opaque->kind);
      return false;
    }
    if (tool.is_custom) lose("tools.custom");
    return !tool.is_custom;
  }

  void write_tools() {
    std::string list;
    json::Writer out(list);
    out.open_array();
    read_tool_extras();
    std::set<std::string_view> names;
    for (const Tool& tool : request_.tools) {
      if (!is_offered(tool)) continue;
      names.insert(tool.name);
      if (tool.opaque) {
        out.raw(tool.opaque->json.bytes);
      } else {
        write_tool(out, tool);
      }
    }
    out.close_array();
    if (!may("tools", "tools", !request_.tools.empty())) names.clear();
    if (!names.empty()) out_.raw_member("tools", list);
    write_tool_choice(names);
  }

  void write_tool(json::Writer& out, const Tool& tool) {
    out.open_object().member("name", tool.name).member_if("description", tool.description);
    out.raw_member("input_schema", object_schema(tool.schema));
    if (tool.strict) out.member("strict", *tool.strict);
    write_cache(out, tool.cache);
    for (const auto& [member, values] : tool_extras_) {
      if (const json::Value value = values.root()[tool.name]) out.raw_member(member, value.raw());
    }
    out.close_object();
  }

  void read_tool_extras() {
    if (!is_own_) return;
    for (const Extra& extra : request_.extras) {
      if (extra.within != tools_path) continue;
      tool_extras_.emplace_back(extra.name, json::Tree::read(extra.value.bytes));
    }
  }

  void write_tool_choice(const std::set<std::string_view>& offered) {
    const ToolChoice& choice = request_.tool_choice;
    using Mode = ToolChoice::Mode;
    const bool says_parallel = choice.parallel.has_value() && choice.mode != Mode::none;
    if (choice.mode == Mode::unset && !says_parallel) return;
    const bool is_forced = choice.mode == Mode::required || choice.mode == Mode::named;
    if (offered.empty() || (choice.mode == Mode::named && offered.count(choice.name) == 0)) {
      if (is_forced) lose("tool_choice");
      return;
    }
    if (!may("tool_choice", "tool_choice", true)) return;
    out_.name("tool_choice").open_object();
    switch (choice.mode) {
      case Mode::none:
        out_.member("type", "none");
        break;
      case Mode::required:
        out_.member("type", "any");
        break;
      case Mode::named:
        out_.member("type", "tool").member("name", choice.name);
        break;
      case Mode::unset:
      case Mode::automatic:
        out_.member("type", "auto");
    }
    if (says_parallel) out_.member("disable_parallel_tool_use", !*choice.parallel);
    out_.close_object();
  }

  // ---- The rest

  void write_number(std::string_view member, const std::string& number) {
    if (may(member, member, !number.empty())) out_.raw_member(member, number);
  }

  void write_sampling() {
    const Sampling& sampling = request_.sampling;
    const SamplingPlan numbers = is_own_ ? sampling_as_said(sampling) : plan_sampling(sampling, can_, plan_.thinks());
    write_number("temperature", numbers.temperature);
    write_number("top_p", numbers.top_p);
    write_number("top_k", numbers.top_k);
    for (const std::string& name : numbers.lost) lose(name);
    std::vector<std::string_view> stops;
    for (const std::string& stop : sampling.stop) {
      if (is_own_ || stop.find_first_not_of(json::white_space) != std::string::npos) {
        stops.push_back(stop);
      } else {
        lose("stop");  // the dialect refuses what is only white space
      }
    }
    if (!may("stop_sequences", "stop", !stops.empty())) return;
    out_.name("stop_sequences").open_array();
    for (const std::string_view stop : stops) out_.string(stop);
    out_.close_array();
  }

  // Into the object they came from.
  void append_extras(std::string& members, std::string_view within) {
    for (const Extra& extra : request_.extras) {
      if (!is_own_ || extra.within != within) continue;
      if (!members.empty()) members += ',';
      json::Writer(members).raw_member(extra.name, extra.value.bytes);
    }
  }

  void write_object(std::string_view name, std::string_view members) {
    if (!members.empty()) out_.raw_member(name, "{" + std::string(members) + "}");
  }

  std::string answer_schema() {
    if (is_own_) return request_.format.schema.bytes;
    bool changed = false;
    std::string schema = strict_schema(request_.format.schema, changed);
    if (changed) lose("response_format.schema");
    return schema;
  }

  void write_output() {
    const OutputFormat& format = request_.format;
    const bool has_schema = format.kind == OutputFormat::Kind::json_schema && format.schema;
    if (format.kind != OutputFormat::Kind::text && !has_schema) lose("response_format");
    if (!format.description.empty()) lose("response_format.description");
    std::string members;
    json::Writer out(members);
    if (may("output_config", "reasoning_effort", !plan_.effort.empty())) out.member("effort", plan_.effort);
    if (may("output_config", "response_format", has_schema)) {
      out.name("format").open_object().member("type", "json_schema").raw_member("schema", answer_schema());
      out.close_object();
    }
    if (quirks_.takes("output_config")) append_extras(members, output_path);
    write_object("output_config", members);
  }

  void write_metadata() {
    if (request_.metadata) lose("metadata");
    std::string members;
    if (may("metadata", "user", !request_.user.empty())) json::Writer(members).member("user_id", request_.user);
    if (quirks_.takes("metadata")) append_extras(members, metadata_path);
    write_object("metadata", members);
  }

  void write_tier() {
    std::string_view tier = request_.service_tier;
    if (tier == "default" || tier == "standard") tier = "standard_only";
    const bool is_known = is_own_ || tier == "auto" || tier == "standard_only";
    if (!tier.empty() && !is_known) lose("service_tier");
    if (may("service_tier", "service_tier", !tier.empty() && is_known)) out_.member("service_tier", tier);
  }

  void write_extras() {
    for (const Extra& extra : request_.extras) {
      const std::string path = path_of(extra);
      if (!is_own_ || !quirks_.takes(path) || !quirks_.takes(top_of(extra))) {
        lose(path);
      } else if (extra.within.empty()) {
        out_.raw_member(extra.name, extra.value.bytes);
      }
    }
  }

  // What there are no words for. A penalty of nothing, one choice and no log probabilities are what happens anyway.
  void name_unsaid() {
    const Sampling& sampling = request_.sampling;
    const auto counts = [](const std::optional<Number>& number) { return number && number->value() != 0; };
    if (counts(sampling.min_p)) lose("min_p");
    if (counts(sampling.frequency_penalty)) lose("frequency_penalty");
    if (counts(sampling.presence_penalty)) lose("presence_penalty");
    if (sampling.seed) lose("seed");
    if (sampling.choices.value_or(1) != 1) lose("n");
    if (sampling.logprobs.value_or(false)) lose("logprobs");
    if (sampling.top_logprobs.value_or(0) != 0) lose("top_logprobs");
    if (!request_.verbosity.empty()) lose("verbosity");
    if (request_.store.value_or(false)) lose("store");
  }

  const Request& request_;
  const Quirks& quirks_;
  bool is_own_;
  Rendered rendered_{};
  json::Writer out_{rendered_.body};
  ThinkingPlan plan_{};
  std::uint64_t max_tokens_ = 0;
  Quirks::Takes can_{};
  std::size_t turns_written_ = 0;
  std::vector<std::pair<std::string, json::Tree>> tool_extras_{};
};

}  // namespace

Result<Rendered> encode_request(const Request& request, const Quirks& quirks) {
  return written_by_tool(request, dialect_name, quirks,
                         [&quirks](const Request& asked) { return RequestWriter(asked, quirks).write(); });
}

}  // namespace sluice::chat::anthropic
